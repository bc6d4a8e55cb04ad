import { AmocError } from '../lib/errors.ts';

/**
 * Limits of the frames that wait for a listener, and of their characters; beyond them the peer is cut off.
 */
const MAX_WAITING = 1000;
const MAX_WAITING_CHARACTERS = 1024 * 1024;

/** Carries text frames in order between two peers; a WebSocket, or two ends in one process in tests. */
export abstract class Transport {
  /** The address of the other side, for log lines. */
  readonly remote: string;
  #onFrame: ((frame: string) => void) | undefined;
  #onClose: ((reason: string) => void) | undefined;
  #waiting: string[] = [];
  #waitingCharacters = 0;
  #closed: string | undefined;
  /** Why this side closes the connection, from the call of {@link close} on. */
  #closing: string | undefined;
  /** Called by the listener when the other side has proved itself. */
  onTrusted: () => void = () => {};

  constructor(remote: string) {
    this.remote = remote;
  }

  /**
   * A value that distinguishes this connection from any other that TLS protects (RFC 9266, `tls-exporter`);
   * empty without TLS. Both ends have the same value, and no one between them has it.
   */
  channelBinding = '';

  /** Sends one frame. Does nothing after the close. */
  abstract send(frame: string): void;

  /**
   * Closes from this side: frames that arrive from now on are ignored, and {@link onClose} is called once the
   * connection has closed. A second call does nothing.
   */
  close(reason: string): void {
    if (this.#closing !== undefined || this.#closed !== undefined) return;
    this.#closing = reason;
    this.#waiting = [];
    this.shut(reason);
  }

  /** For the transport's own side: closes the connection. Called once. */
  protected abstract shut(reason: string): void;

  /** Hears the frames. Without a listener they wait, so that none is lost between two listeners. */
  set onFrame(listener: ((frame: string) => void) | undefined) {
    this.#onFrame = listener;
    while (this.#onFrame !== undefined && this.#waiting.length > 0) {
      const frame = this.#waiting.shift() as string;
      this.#waitingCharacters -= frame.length;
      this.#onFrame(frame);
    }
  }

  /** Hears once that the connection is gone; at once when it already is. */
  set onClose(listener: (reason: string) => void) {
    this.#onClose = listener;
    if (this.#closed !== undefined) listener(this.#closed);
  }

  /** For the transport's own side: a frame has arrived. */
  protected arrived(frame: string): void {
    if (this.#closing !== undefined) return;
    if (this.#onFrame !== undefined) {
      this.#onFrame(frame);
      return;
    }
    this.#waitingCharacters += frame.length;
    if (this.#waiting.length < MAX_WAITING && this.#waitingCharacters <= MAX_WAITING_CHARACTERS) {
      this.#waiting.push(frame);
    } else this.close('too many early frames');
  }

  /** For the transport's own side: the connection is gone. A reason that this side has given goes first. */
  protected closed(reason: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = this.#closing ?? reason;
    this.#onClose?.(this.#closed);
  }

  /** Waits for the next frame only; later frames wait for the next listener. */
  nextFrame(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.onClose = (reason) => {
        reject(new AmocError('CONNECTION', `the connection was closed (${reason})`));
      };
      this.onFrame = (frame) => {
        this.onFrame = undefined;
        resolve(frame);
      };
    });
  }
}

class ClosedTransport extends Transport {
  constructor(remote: string, reason: string) {
    super(remote);
    this.closed(reason);
  }

  override send(): void {}

  protected override shut(): void {}
}

/** The end of a connection that no longer exists. */
export function closedTransport(reason: string): Transport {
  return new ClosedTransport('nowhere', reason);
}
