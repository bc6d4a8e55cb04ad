import type { Capabilities } from './capabilities.ts';
import type { BindingType } from './login/channel-binding.ts';
import type { SendBuffer } from './session-parts.ts';
import type { Resumption } from './stream-management.ts';

/** What a stream is carried by. */
export type Transport = 'tcp' | 'websocket' | 'bosh';

/** `starttls` demands the upgrade, `auto` takes it when it is offered, `direct` is TLS from the first byte. */
export type TlsMode = 'none' | 'starttls' | 'direct' | 'auto';

/** How a lost connection is replaced: exponential back-off with full jitter. */
export interface ReconnectPolicy {
  /** Attempts for one loss; the session is over after them. @default 10 */
  attempts: number;
  /** The longest first delay, in milliseconds. @default 1000 */
  firstMs: number;
  /** No delay is longer than this, in milliseconds. @default 30,000 */
  mostMs: number;
}

/** How to reach a server and who to be there. */
export interface ConnectOptions {
  host: string;
  port: number;
  /** Local address to connect from. */
  localAddress?: string | undefined;
  /** The domain part of the JID, which TLS certificates are for. */
  domain: string;
  transport: Transport;
  tls: TlsMode;
  tlsVerify: boolean;
  /** PEM certificates to trust besides the system's. */
  tlsCa: string | undefined;
  /** PEM of the user's own certificate and key, for EXTERNAL. */
  certificate?: { cert: string; key: string } | undefined;
  /** Whether TLS sessions are taken up again. @default true */
  tlsResume?: boolean | undefined;
  tlsMaxVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** Path of the WebSocket or of BOSH, with the query. */
  path: string;
  /** Whether host, port and path are those of a URL: then the certificate is for its host, even for an address. @default false */
  isNamedByUrl?: boolean | undefined;
  mechanism: string;
  /** What ties a login to its TLS connection; `none`: `auto` takes no -PLUS mechanism. @default 'auto' */
  channelBinding?: BindingType | 'auto' | 'none' | undefined;
  username: string;
  /** The password; the token for OAUTHBEARER and X-OAUTH2. */
  password: string;
  resource: string;
  /** Whether salted passwords are kept for the next login of the account. @default true */
  scramCache?: boolean | undefined;
  /** SASL2, Bind 2 and FAST where the server offers them (XEP-0388, XEP-0386, XEP-0484). @default true */
  sasl2?: boolean | undefined;
  sendBuffer: SendBuffer;
  /** Bytes of one stanza that is received. @default 1 MiB */
  stanzaBytes?: number | undefined;
  timeoutMs: number;
  /** Whether to go where the server sends its clients (RFC 6120 §4.9.3.19), over TCP. @default false */
  followHost?: boolean | undefined;
  /** A session that was cut and is taken up (XEP-0198 §5); one anew when the server does not have it any more. */
  resume?: Resumption | undefined;
  /** Whether requests of others that nobody takes are answered (RFC 6120 §8.2.3). @default true */
  answersRequests?: boolean | undefined;
  /** What the session says that it is and can (XEP-0115); a bot with ping and version when left out. */
  capabilities?: Capabilities | undefined;
  /** What to do when the connection is lost; nothing when left out. */
  reconnect?: ReconnectPolicy | undefined;
}
