import net from 'node:net';
import tls from 'node:tls';

/** What a server's certificate is checked with, and what is shown to it. */
export interface TlsOptions {
  /** @default true */
  verify: boolean;
  /** PEM certificates to trust besides the system's. */
  ca: string | undefined;
  /** The name that the certificate must be for, and SNI. */
  servername: string;
  /** PEM of the client's own certificate and key, for SASL EXTERNAL. */
  certificate?: { cert: string; key: string } | undefined;
  /** The newest version to speak: tls-unique ends with 1.2 (RFC 9266 §3). */
  maxVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** Protocol to name (ALPN): `xmpp-client` where TLS comes first (XEP-0368 §3). */
  alpn?: string | undefined;
  /** Whether sessions are taken up again: a login then costs no key exchange. @default true */
  resume?: boolean | undefined;
}

/** TLS sessions by what they are for; the newest of each. */
const sessions = new Map<string, Buffer>();
/** Targets whose session is kept. */
const MOST_SESSIONS = 1000;

/** Contexts by what they are made of: reading certificates costs a millisecond each time. */
const contexts = new Map<string, tls.SecureContext>();
const MOST_CONTEXTS = 1000;

function keyOf(target: string, options: TlsOptions): string {
  const { verify, ca = '', servername, certificate, maxVersion = '' } = options;
  return [target, servername, verify, ca, certificate?.cert ?? '', maxVersion].join('\0');
}

/** The TLS options of Node.js that stand for ours, for a connection to `target`. */
export function nodeTlsOptions(options: TlsOptions, target = ''): tls.ConnectionOptions {
  const { verify, servername, alpn, resume = true } = options;
  const session = resume ? sessions.get(keyOf(target, options)) : undefined;
  return {
    servername: net.isIP(servername) === 0 ? servername : '',
    rejectUnauthorized: verify,
    secureContext: contextOf(options),
    ...(alpn === undefined ? {} : { ALPNProtocols: [alpn] }),
    ...(session === undefined ? {} : { session }),
  };
}

/** Keeps the session that the server gives to this connection, for the next one. */
export function keepSession(socket: tls.TLSSocket, options: TlsOptions, target: string): void {
  if (options.resume === false) return;
  const key = keyOf(target, options);
  socket.once('session', (session: Buffer) => {
    if (!sessions.has(key) && sessions.size >= MOST_SESSIONS) {
      sessions.delete(sessions.keys().next().value as string);
    }
    sessions.set(key, session);
  });
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
  if (contexts.size >= MOST_CONTEXTS) contexts.clear();
  contexts.set(key, context);
  return context;
}
