/** The connection below a client's stream: TCP, TLS or WebSocket. */
export interface Link {
  /** Sends XML text. A client that does not read is cut off. */
  write(text: string): void;
  /** Says the last word of the stream, and closes the connection. */
  end(): void;
  /** Drops the connection. */
  destroy(): void;
  /** The client begins its stream again (RFC 6120 §4.3.3). */
  restart(): void;
}

/** What a link tells of its client. */
export interface LinkOwner {
  /** The tag that opens the stream. */
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

/** Bytes that may wait for a client that does not read; beyond it is cut off. */
export const MOST_UNREAD = 16 * 1024 * 1024;
