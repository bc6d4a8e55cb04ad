/** The connection below a client's stream: TCP, TLS or WebSocket. */
export interface Link {
  /** Whether no third party can listen. */
  readonly isSecure: boolean;
  /** Whether TLS can be started on it (RFC 6120 §5). */
  readonly canStartTls: boolean;
  /** Opens the server's side of the stream. */
  open(domain: string, id: string): void;
  /** Sends one element. A client that does not read is disconnected. */
  write(text: string): void;
  /** Closes the stream, then the connection. */
  end(): void;
  /** The client restarts its stream (RFC 6120 §4.3.3). */
  restart(): void;
  /** The client starts TLS, then restarts its stream (RFC 6120 §5.4.3.3). */
  startTls(): void;
}

/** What a link reports about its client. */
export interface LinkOwner {
  /** The tag that opens the stream, in its TCP form. */
  opened(tag: string): void;
  /** One element of the stream. */
  stanza(text: string): void;
  /** The client has closed its stream. */
  ended(): void;
  /** What the client sent is refused, with a condition of RFC 6120 §4.9.3. */
  refused(condition: string): void;
  /** The connection is closed. */
  closed(): void;
}

/** Creates the owner of a link. */
export type MakeOwner = (link: Link) => LinkOwner;

/** Maximum size of one stanza in bytes; a longer one ends the stream (RFC 6120 §13.12). */
export const MAX_STANZA_BYTES = 256 * 1024;

/**
 * Maximum number of bytes that wait for a client that does not read; beyond it the client is disconnected.
 */
export const MAX_UNREAD_BYTES = 16 * 1024 * 1024;
