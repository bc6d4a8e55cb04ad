import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { bindTo, chooseBinding, endPointOf } from '../../../src/xmpp/login/channel-binding.ts';
import type { BindingInputs } from '../../../src/xmpp/login/channel-binding.ts';
import { chooseMechanism } from '../../../src/xmpp/login/mechanisms.ts';
import { MemoryWire } from '../../support/memory-wire.ts';
import { options } from '../../support/xmpp.ts';

/** As a connection over TLS 1.3 is: it has no tls-unique. */
class TlsWire extends MemoryWire {
  override readonly isSecure = true;
  readonly #certificate: Buffer | undefined;

  constructor(certificate?: Buffer) {
    super();
    this.#certificate = certificate;
  }

  channelBinding(type: 'tls-exporter' | 'tls-unique'): Buffer | undefined {
    return type === 'tls-exporter' ? Buffer.from('exported') : undefined;
  }

  peerCertificate(): Buffer | undefined {
    return this.#certificate;
  }
}

/** DER of a certificate that is signed as the arguments of openssl say. */
function certificate(...args: string[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'amoc-binding-'));
  try {
    const file = join(folder, 'cert.pem');
    const ends = ['-nodes', '-keyout', join(folder, 'key.pem'), '-out', file, '-subj', '/CN=x'];
    execFileSync('openssl', ['req', '-x509', ...args, ...ends], { stdio: 'pipe' });
    return new X509Certificate(readFileSync(file)).raw;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
const rsa = ['-newkey', 'rsa:2048'];

describe('the binding of a login to its TLS connection', () => {
  for (const [what, args, hash] of [
    ['ECDSA with SHA-256', [...ec, '-sha256'], 'sha256'],
    ['ECDSA with SHA-384', [...ec, '-sha384'], 'sha384'],
    ['RSA with SHA-512', [...rsa, '-sha512'], 'sha512'],
    ['RSA with SHA-1, which counts as SHA-256', [...rsa, '-sha1'], 'sha256'],
    ['RSASSA-PSS with SHA-384', [...rsa, '-sha384', '-sigopt', 'rsa_padding_mode:pss'], 'sha384'],
  ] as const) {
    it(`to the end point takes the hash of the signature: ${what} (RFC 5929 §4.1)`, async () => {
      const der = certificate(...args);
      assert.deepEqual(await endPointOf(der), createHash(hash).update(der).digest());
    });
  }

  it('to the end point is not defined for a signature without a hash', async () => {
    const der = certificate('-newkey', 'ed25519');
    assert.equal(await endPointOf(der), undefined);
    const parts = {
      wire: new TlsWire(der),
      listed: ['tls-server-end-point'],
      wanted: 'auto',
    } as const;
    await assert.rejects(bindTo(parts), /no type of channel binding for a -PLUS mechanism/);
  });

  for (const [what, parts, expected] of [
    ['of a list', { listed: ['tls-exporter', 'tls-server-end-point'] }, 'tls-exporter'],
    ['of a list with nothing else', { listed: ['tls-server-end-point'] }, 'tls-server-end-point'],
    ['usual with this TLS where there is no list', { listed: undefined }, 'tls-exporter'],
    ['none of a list of others', { listed: ['tls-unique', 'tls-new'] }, undefined],
    ['the one that is wanted', { wanted: 'tls-server-end-point' }, 'tls-server-end-point'],
    ['not one that this TLS has not', { wanted: 'tls-unique' }, undefined],
    ['none when none is wanted', { listed: ['tls-exporter'], wanted: 'none' }, undefined],
  ] as [string, Partial<BindingInputs>, string | undefined][]) {
    it(`has a type: ${what}`, () => {
      const wire = new TlsWire(Buffer.from('certificate'));
      assert.equal(chooseBinding({ wire, listed: undefined, wanted: 'auto', ...parts }), expected);
    });
  }

  it('is taken by auto where the server lists its types, and by name elsewhere', () => {
    const mechanisms = ['SCRAM-SHA-1', 'SCRAM-SHA-1-PLUS', 'SCRAM-SHA-512'];
    const chosen = (bindings: string[] | undefined, more = {}): string =>
      chooseMechanism(options(1, 1, more), { mechanisms, bindings }, new TlsWire());
    assert.equal(chosen(['tls-exporter']), 'SCRAM-SHA-1-PLUS');
    assert.equal(chosen(['tls-exporter'], { channelBinding: 'none' }), 'SCRAM-SHA-512');
    assert.equal(chosen(['tls-unique']), 'SCRAM-SHA-512');
    assert.equal(chosen(undefined), 'SCRAM-SHA-512');
    assert.equal(chosen(undefined, { mechanism: 'SCRAM-SHA-1-PLUS' }), 'SCRAM-SHA-1-PLUS');
  });

  it('says what is missing', async () => {
    const wire = new TlsWire();
    await assert.rejects(
      bindTo({ wire, listed: ['tls-unique'], wanted: 'auto' }),
      /no type of channel binding for a -PLUS mechanism on this connection; the server lists tls-unique/,
    );
    await assert.rejects(
      bindTo({ wire, listed: undefined, wanted: 'tls-unique' }),
      /no tls-unique for a -PLUS .*xmppTlsMaxVersion/,
    );
    await assert.rejects(
      bindTo({ wire: new MemoryWire(), listed: undefined, wanted: 'auto' }),
      /needs TLS; see AMOC_XMPP_TLS/,
    );
  });
});
