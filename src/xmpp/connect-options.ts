import type { BackoffBounds } from '../lib/time/backoff.ts';
import type { Capabilities } from './capabilities.ts';
import type { BindingType } from './login/channel-binding.ts';
import type { SendBuffer } from './session/session-parts.ts';
import type { Resumption } from './session/stream-management.ts';
import type { TlsMode } from './wire/transport-spec.ts';
import type { Transport } from './wire/transports.ts';

export type { TlsMode } from './wire/transport-spec.ts';
export type { Transport } from './wire/transports.ts';

/** How a lost connection is replaced: exponential back-off with full jitter. */
export interface ReconnectPolicy extends BackoffBounds {
  /** Attempts per loss; the session ends when all of them have failed. */
  attempts: number;
}

/** How to reach a server, and which account to log in to. */
export interface ConnectOptions {
  host: string;
  port: number;
  /** Local address to connect from. */
  localAddress?: string | undefined;
  /** The domain part of the JID; TLS certificates are checked for it. */
  domain: string;
  transport: Transport;
  tls: TlsMode;
  tlsVerify: boolean;
  /** PEM certificates to trust in addition to the system's. */
  tlsCa: string | undefined;
  /** PEM of the user's own certificate and key, for EXTERNAL. */
  certificate?: { cert: string; key: string } | undefined;
  /** Whether TLS sessions are resumed. @default true */
  tlsResume?: boolean | undefined;
  tlsMaxVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** Path of the WebSocket or BOSH endpoint, with the query. */
  path: string;
  /**
   * Whether host, port and path come from a URL: the certificate is then checked for the URL's host, even
   * when that is an IP address.
   *
   * @default false
   */
  isNamedByUrl?: boolean | undefined;
  mechanism: string;
  /**
   * How a login is bound to its TLS connection; with `none`, `auto` picks no -PLUS mechanism.
   *
   * @default 'auto'
   */
  channelBinding?: BindingType | 'auto' | 'none' | undefined;
  username: string;
  /** The password; the token for OAUTHBEARER and X-OAUTH2. */
  password: string;
  resource: string;
  /** Whether salted passwords are cached for the account's next login. @default true */
  scramCache?: boolean | undefined;
  /** SASL2, Bind 2 and FAST where the server offers them (XEP-0388, XEP-0386, XEP-0484). @default true */
  sasl2?: boolean | undefined;
  sendBuffer: SendBuffer;
  /** Maximum size of a received stanza, in bytes. @default 1 MiB */
  stanzaBytes?: number | undefined;
  timeoutMs: number;
  /**
   * Whether to follow the server's redirect to another host (RFC 6120 §4.9.3.19), over TCP.
   *
   * @default false
   */
  followHost?: boolean | undefined;
  /**
   * A cut session to resume (XEP-0198 §5); a new session begins when the server does not have it any more.
   */
  resume?: Resumption | undefined;
  /**
   * Whether the session answers requests that no handler and no wait takes (RFC 6120 §8.2.3).
   *
   * @default true
   */
  answersRequests?: boolean | undefined;
  /** The capabilities that the session announces (XEP-0115); a bot with ping and version when left out. */
  capabilities?: Capabilities | undefined;
  /** What to do when the connection is lost; nothing when left out. */
  reconnect?: ReconnectPolicy | undefined;
}
