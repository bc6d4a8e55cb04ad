import type { TlsFacts } from './tls-facts.ts';
import type { FrameTarget } from './frame-grammar.ts';

/** Hears what comes over a {@link Wire}; one at a time: the login first, then the session. */
export interface WireOwner extends FrameTarget {
  /** The connection is there, TLS included where it comes first. */
  connected(): void;
  /** What was written has been taken by the system. */
  drained(): void;
  /** The connection failed; `closed` follows. */
  failed(error: Error): void;
  closed(): void;
}

/**
 * A connection that carries an XML stream. Over WebSocket and BOSH too it is spoken to as over TCP: a
 * stream's header, stanzas, an end tag; how those travel is the wire's business.
 */
export interface Wire {
  owner: WireOwner;
  /** Whether passwords may cross it in the clear. */
  readonly isSecure: boolean;
  /** Characters or bytes written that the system has not taken yet. */
  readonly pending: number;
  /** Writes whole elements, a stream's header or its end tag. */
  write(text: string): void;
  /** The next thing that comes is a new stream (RFC 6120 §4.3.3). */
  restart(): void;
  /** Writes no more; the connection closes when all is written. */
  end(): void;
  /** Drops the connection. */
  destroy(): void;
  /** Goes over to TLS (RFC 6120 §5.4.3); only where the wire can. */
  upgrade?(): Promise<void>;
  /** Keying material for channel binding (RFC 9266, RFC 5929); `undefined` without TLS. */
  channelBinding?(type: 'tls-exporter' | 'tls-unique'): Buffer | undefined;
  /** DER of the server's certificate, where a login can be tied to it; `undefined` without TLS. */
  peerCertificate?(): Buffer | undefined;
  /** What TLS came to; `undefined` without. */
  tlsFacts?(): TlsFacts | undefined;
}

/** Hears nothing: the owner of a wire that nobody needs any more. */
export const nobody: WireOwner = {
  connected: () => {},
  opened: () => {},
  stanza: () => {},
  ended: () => {},
  malformed: () => {},
  drained: () => {},
  failed: () => {},
  closed: () => {},
};
