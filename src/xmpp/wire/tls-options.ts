import net from 'node:net';
import tls from 'node:tls';

/** How a server's certificate is checked, and what the client presents. */
export interface TlsOptions {
  /** @default true */
  verify: boolean;
  /** PEM certificates to trust in addition to the system's. */
  ca: string | undefined;
  /** The name that the certificate must be for, and SNI. */
  servername: string;
  /** PEM of the client's own certificate and key, for SASL EXTERNAL. */
  certificate?: { cert: string; key: string } | undefined;
  /** The newest version to speak: tls-unique ends with 1.2 (RFC 9266 §3). */
  maxVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** Protocol to announce (ALPN): `xmpp-client` where TLS comes first (XEP-0368 §3). */
  alpn?: string | undefined;
  /** Whether sessions are resumed, so that a login costs no key exchange. @default true */
  resume?: boolean | undefined;
}

/** What the next connection to the same server begins with. */
export interface KeptSession {
  session: Buffer;
  /** DER of the server's certificate, which the server sends only with a full handshake. */
  certificate: Buffer | undefined;
}

/** TLS sessions by target and options; the newest of each. */
const sessions = new Map<string, KeptSession>();
/** Maximum number of targets whose session is kept. */
const MAX_SESSIONS = 1000;

/** TLS contexts by their inputs: reading certificates costs a millisecond each time. */
const contexts = new Map<string, tls.SecureContext>();
const MAX_CONTEXTS = 1000;

function keyOf(target: string, options: TlsOptions): string {
  const { verify, ca = '', servername, certificate, maxVersion = '' } = options;
  return [target, servername, verify, ca, certificate?.cert ?? '', maxVersion].join('\0');
}

/** The TLS options in the form of Node.js, for a connection that resumes `kept`. */
export function nodeTlsOptions(options: TlsOptions, kept?: KeptSession): tls.ConnectionOptions {
  const { verify, servername, alpn } = options;
  return {
    servername: net.isIP(servername) === 0 ? servername : '',
    rejectUnauthorized: verify,
    secureContext: contextOf(options),
    ...(alpn === undefined ? {} : { ALPNProtocols: [alpn] }),
    ...(kept === undefined ? {} : { session: kept.session }),
  };
}

/** The session of an earlier connection to `target`, if there is one and it may be resumed. */
export function keptSession(options: TlsOptions, target: string): KeptSession | undefined {
  return options.resume === false ? undefined : sessions.get(keyOf(target, options));
}

/**
 * Keeps the session that the server gives to this connection for the next connection.
 *
 * @param before the certificate that came with the session that this connection resumes
 */
export function keepSession(
  socket: tls.TLSSocket,
  options: TlsOptions,
  target: string,
  before: Buffer | undefined,
): void {
  if (options.resume === false) return;
  const key = keyOf(target, options);
  socket.once('session', (session: Buffer) => {
    if (!sessions.has(key) && sessions.size >= MAX_SESSIONS) {
      sessions.delete(sessions.keys().next().value as string);
    }
    sessions.set(key, { session, certificate: certificateOf(socket, before) });
  });
}

/** DER of the server's certificate: the earlier one when the session was resumed. */
export function certificateOf(
  socket: tls.TLSSocket,
  before: Buffer | undefined,
): Buffer | undefined {
  if (socket.isSessionReused()) return before;
  // Not getPeerX509Certificate(), which Node.js 20 answers only once. The object is empty without a
  // certificate.
  const { raw }: Partial<tls.PeerCertificate> = socket.getPeerCertificate();
  return raw;
}

function contextOf({ ca, certificate, maxVersion }: TlsOptions): tls.SecureContext {
  const key = `${ca ?? ''}\0${certificate?.cert ?? ''}\0${maxVersion ?? ''}`;
  const known = contexts.get(key);
  if (known !== undefined) return known;
  const context = tls.createSecureContext({
    ...(ca === undefined ? {} : { ca: [...tls.rootCertificates, ca] }),
    ...(certificate ?? {}),
    ...(maxVersion === undefined ? {} : { maxVersion }),
  });
  if (contexts.size >= MAX_CONTEXTS) contexts.clear();
  contexts.set(key, context);
  return context;
}
