import type { TlsFacts } from './tls-facts.ts';
import type { FrameTarget } from './frame-grammar.ts';

/** Hears what comes over a {@link Wire}; one owner at a time: first the login, then the session. */
export interface WireOwner extends FrameTarget {
  /** The connection is established, TLS included where it comes first. */
  connected(): void;
  /** The system has accepted what was written. */
  drained(): void;
  /** The connection failed; `closed` follows. */
  failed(error: Error): void;
  closed(): void;
}

/**
 * A connection that carries an XML stream. WebSocket and BOSH are used in the same way as TCP: a stream's
 * header, stanzas, an end tag; the wire decides how these travel.
 */
export interface Wire {
  owner: WireOwner;
  /** Whether passwords may cross it in the clear. */
  readonly isSecure: boolean;
  /** Characters or bytes that were written and that the system has not accepted yet. */
  readonly pending: number;
  /** Writes complete elements, a stream's header or its end tag. */
  write(text: string): void;
  /**
   * The login is over: from now on either side sends whenever it wants, and what only a login needs may be
   * dropped. Called once, by the login; a wire never guesses this from the texts that cross it.
   */
  loggedIn?(): void;
  /** The next thing that comes is a new stream (RFC 6120 §4.3.3). */
  restart(): void;
  /** Writes nothing more; the connection closes when everything is written. */
  end(): void;
  /** Drops the connection. */
  destroy(): void;
  /** Upgrades to TLS (RFC 6120 §5.4.3); only on wires that can. */
  upgrade?(): Promise<void>;
  /** Keying material for channel binding (RFC 9266, RFC 5929); `undefined` without TLS. */
  channelBinding?(type: 'tls-exporter' | 'tls-unique'): Buffer | undefined;
  /** DER of the server's certificate, where a login can be bound to it; `undefined` without TLS. */
  peerCertificate?(): Buffer | undefined;
  /** The result of TLS; `undefined` without TLS. */
  tlsFacts?(): TlsFacts | undefined;
}

/** Ignores everything: the owner of a wire that is no longer needed. */
export const ignoringOwner: WireOwner = {
  connected: () => {},
  opened: () => {},
  stanza: () => {},
  ended: () => {},
  malformed: () => {},
  drained: () => {},
  failed: () => {},
  closed: () => {},
};
