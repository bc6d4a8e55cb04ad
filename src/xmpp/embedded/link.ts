/** The connection below a client's stream: TCP, TLS or WebSocket. */
export interface Link {
  /** Whether nobody can listen. */
  readonly isSecure: boolean;
  /** Whether it can become so (RFC 6120 §5). */
  readonly canStartTls: boolean;
  /** Opens the server's side of the stream. */
  open(domain: string, id: string): void;
  /** Sends one element. A client that does not read is cut off. */
  write(text: string): void;
  /** Says the last word of the stream, and closes the connection. */
  end(): void;
  /** The client begins its stream again (RFC 6120 §4.3.3). */
  restart(): void;
  /** The client begins TLS, and then its stream again (RFC 6120 §5.4.3.3). */
  startTls(): void;
}

/** What a link tells of its client. */
export interface LinkOwner {
  /** The tag that opens the stream, as it is over TCP. */
  opened(tag: string): void;
  /** One element of the stream. */
  stanza(text: string): void;
  /** The client has closed its stream. */
  ended(): void;
  /** What the client sent is refused, for a reason of RFC 6120 §4.9.3. */
  refused(condition: string): void;
  /** The connection is gone. */
  closed(): void;
}

/** Makes the owner of a link. */
export type MakeOwner = (link: Link) => LinkOwner;

/** Bytes of one stanza; a longer one ends the stream (RFC 6120 §13.12). */
export const LONGEST_STANZA = 256 * 1024;

/** Bytes that may wait for a client that does not read; beyond it is cut off. */
export const MOST_UNREAD = 16 * 1024 * 1024;
