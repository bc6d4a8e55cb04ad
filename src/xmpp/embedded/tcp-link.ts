import type { Socket } from 'node:net';
import { frameLimitsOf } from '../wire/frame-grammar.ts';
import { Framer } from '../wire/framer.ts';
import { MOST_UNREAD } from './link.ts';
import type { Link, LinkOwner } from './link.ts';
import { refusalOf } from './refusals.ts';

/** Bytes of one stanza; a longer one ends the stream (RFC 6120 §13.12). */
export const LONGEST_STANZA = 256 * 1024;
const limits = frameLimitsOf(LONGEST_STANZA);

/** A client's stream over TCP. */
export class TcpLink implements Link {
  readonly #socket: Socket;
  readonly #framer: Framer;

  constructor(socket: Socket, makeOwner: (link: Link) => LinkOwner) {
    this.#socket = socket;
    const owner = makeOwner(this);
    this.#framer = new Framer(
      {
        opened: (tag) => owner.opened(tag),
        stanza: (text) => owner.stanza(text),
        ended: () => owner.ended(),
        malformed: (error) => owner.refused(refusalOf(error)),
      },
      limits,
    );
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.#framer.push(bytes));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => owner.closed());
  }

  write(text: string): void {
    if (this.#socket.writableLength > MOST_UNREAD) this.#socket.destroy();
    else this.#socket.write(text);
  }

  end(): void {
    this.#framer.stop();
    this.#socket.end('</stream:stream>');
  }

  destroy(): void {
    this.#framer.stop();
    this.#socket.destroy();
  }

  restart(): void {
    this.#framer.reset();
  }
}
