import { AmocError } from '../lib/errors.ts';

/** Frames that wait for a listener; a peer that sends more before it is listened to is cut off. */
const MOST_WAITING = 1000;

/** Carries text frames in order between two peers; a WebSocket, or two ends in one process in tests. */
export abstract class Transport {
  /** Where the other side is, for log lines. */
  readonly remote: string;
  #onFrame: ((frame: string) => void) | undefined;
  #onClose: ((reason: string) => void) | undefined;
  #waiting: string[] = [];
  #closed: string | undefined;
  /** Told, by whoever listens, that the other side has proved itself. */
  onTrusted: () => void = () => {};

  constructor(remote: string) {
    this.remote = remote;
  }

  /** Sends one frame. Does nothing after the close. */
  abstract send(frame: string): void;

  /** Closes from this side; {@link onClose} is called in time. Twice does nothing. */
  abstract close(reason: string): void;

  /** Who hears the frames. While nobody does, they wait, so that none is lost between two listeners. */
  set onFrame(listener: ((frame: string) => void) | undefined) {
    this.#onFrame = listener;
    while (this.#onFrame !== undefined && this.#waiting.length > 0) {
      this.#onFrame(this.#waiting.shift() as string);
    }
  }

  /** Who hears, once, that the connection is gone; at once when it already is. */
  set onClose(listener: (reason: string) => void) {
    this.#onClose = listener;
    if (this.#closed !== undefined) listener(this.#closed);
  }

  /** For the transport's own side: a frame has arrived. */
  protected arrived(frame: string): void {
    if (this.#onFrame !== undefined) this.#onFrame(frame);
    else if (this.#waiting.length < MOST_WAITING) this.#waiting.push(frame);
    else this.close('too many early frames');
  }

  /** For the transport's own side: the connection is gone. */
  protected closed(reason: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#onClose?.(reason);
  }

  /** Waits for the next frame alone; those after it wait for the next listener. */
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

  override close(): void {}
}

/** The end of a connection that is no more. */
export function closedTransport(reason: string): Transport {
  return new ClosedTransport('nowhere', reason);
}
