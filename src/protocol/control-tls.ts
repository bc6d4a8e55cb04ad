import { readFileSync, statSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import { AmocError, messageOf } from '../lib/errors.ts';

/** Files (PEM) of one end of the control connections. */
export interface ControlTls {
  /**
   * The CA: for a slave, that of its master; for a master, that of the certificates that slaves must show.
   */
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
}

/**
 * `AMOC_TLS_CA`, `AMOC_TLS_CERT` and `AMOC_TLS_KEY`, unless the command line gives others.
 *
 * @throws {AmocError} `CONFIG` for a certificate without its key, or a key without its certificate
 */
export function controlTls(
  environment: Readonly<Record<string, string | undefined>>,
  given: ControlTls = {},
): ControlTls | undefined {
  const of = (value: string | undefined, variable: string): string | undefined => {
    const chosen = value ?? environment[variable];
    return chosen === '' ? undefined : chosen;
  };
  const ca = of(given.ca, 'AMOC_TLS_CA');
  const cert = of(given.cert, 'AMOC_TLS_CERT');
  const key = of(given.key, 'AMOC_TLS_KEY');
  if ((cert === undefined) !== (key === undefined)) {
    throw new AmocError(
      'CONFIG',
      'AMOC_TLS_CERT and AMOC_TLS_KEY belong together; set both: a certificate and its key',
    );
  }
  return ca === undefined && cert === undefined ? undefined : { ca, cert, key };
}

/** The options with which a master listens. With a CA, slaves must show a certificate of that CA. */
export function serverTls(
  tls: ControlTls,
): SecureContextOptions & { requestCert: boolean; rejectUnauthorized: boolean } {
  if (tls.cert === undefined) {
    throw new AmocError('CONFIG', 'a master needs AMOC_TLS_CERT and AMOC_TLS_KEY for TLS');
  }
  const isMutual = tls.ca !== undefined;
  return { ...readFiles(tls), requestCert: isMutual, rejectUnauthorized: isMutual };
}

/** The options with which a slave dials. */
export function clientTls(tls: ControlTls): SecureContextOptions {
  return readFiles(tls);
}

function readFiles({ ca, cert, key }: ControlTls): SecureContextOptions {
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (error) {
      throw new AmocError('FILE', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
    }
  };
  const readKey = (path: string): Buffer => {
    const bytes = read(path);
    demandSecret(path);
    return bytes;
  };
  return {
    minVersion: 'TLSv1.2',
    ...(ca === undefined ? {} : { ca: read(ca) }),
    ...(cert === undefined ? {} : { cert: read(cert) }),
    ...(key === undefined ? {} : { key: readKey(key) }),
  };
}

/**
 * Checks that no one else can read a private key. A group may read a key that root owns, because
 * distributions and Kubernetes give keys to services in this way.
 *
 * @throws {AmocError} `FILE`
 */
function demandSecret(path: string): void {
  const { mode, uid } = statSync(path);
  const isShared = uid === 0 && process.getuid?.() !== 0;
  const others = isShared ? 0o037 : 0o077;
  if ((mode & others) === 0) return;
  throw new AmocError('FILE', `the key ${path} can be read by others; run: chmod 600 ${path}`);
}
