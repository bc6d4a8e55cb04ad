import tls from 'node:tls';
import type { Socket } from 'node:net';
import { messageOf } from '../../lib/errors.ts';

/** The result of TLS on one connection. */
export interface TlsFacts {
  /** `TLSv1.3` */
  version: string;
  cipher: string;
  certificate: CertificateFacts | undefined;
  /** Why the certificate is not trusted; `undefined` when it is. */
  fault: string | undefined;
}

/** Subject and issuer of a certificate. */
export interface CertificateFacts {
  /** Names and addresses that it is for. */
  names: string[];
  issuer: string;
  validTo: string;
}

/** The result of TLS on this socket; `undefined` for a plain socket. */
export function tlsFactsOf(socket: Socket): TlsFacts | undefined {
  if (!(socket instanceof tls.TLSSocket)) return undefined;
  const { authorized, authorizationError } = socket;
  return {
    version: socket.getProtocol() ?? 'an unknown version',
    cipher: socket.getCipher().name,
    certificate: certificateFacts(socket.getPeerCertificate()),
    fault: authorized ? undefined : reasonOf(authorizationError),
  };
}

function certificateFacts(found: tls.PeerCertificate): CertificateFacts | undefined {
  // Empty when the earlier session was resumed.
  if (Object.keys(found).length === 0) return undefined;
  const { subject, subjectaltname = '', issuer, valid_to: validTo } = found;
  const alternatives = [...subjectaltname.matchAll(/(?:DNS|IP Address):([^,]+)/g)].map(
    ([, name]) => name as string,
  );
  const names = alternatives.length > 0 ? alternatives : [commonName(subject)];
  return { names, issuer: commonName(issuer), validTo };
}

function commonName(who: tls.Certificate | undefined): string {
  const { CN, O } = (who ?? {}) as Partial<Record<'CN' | 'O', string | string[]>>;
  return [CN ?? O ?? 'unnamed'].flat().join(', ');
}

function reasonOf(error: unknown): string {
  return typeof error === 'string' ? error : messageOf(error);
}
