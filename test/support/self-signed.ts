import { generate } from 'selfsigned';

/** A key and a certificate for `localhost`, which is its own CA. */
export function selfSigned(): Promise<{ private: string; cert: string }> {
  return generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
    ] as never,
  });
}
