import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { frameLimitsOf } from '../wire/frame-grammar.ts';
import { Framer } from '../wire/framer.ts';
import { MAX_STANZA_BYTES, MAX_UNREAD_BYTES } from './link.ts';
import type { Link, LinkOwner, MakeOwner } from './link.ts';
import { refusalOf } from './refusals.ts';
import { NS } from '../stanzas/namespaces.ts';

const limits = frameLimitsOf(MAX_STANZA_BYTES);

/** A client's stream over TCP, or TLS over TCP. */
export class TcpLink implements Link {
  readonly #context: SecureContext | undefined;
  readonly #owner: LinkOwner;
  readonly #framer: Framer;
  #socket: Socket;
  #out = '';

  /** @param context the certificate for STARTTLS, if it is offered */
  constructor(socket: Socket, context: SecureContext | undefined, makeOwner: MakeOwner) {
    this.#context = context;
    this.#socket = socket;
    const owner = makeOwner(this);
    this.#owner = owner;
    this.#framer = new Framer(
      {
        opened: (tag) => owner.opened(tag),
        stanza: (text) => owner.stanza(text),
        ended: () => owner.ended(),
        malformed: (error) => owner.refused(refusalOf(error)),
      },
      limits,
    );
    this.#listen(socket);
  }

  get isSecure(): boolean {
    return this.#socket instanceof TLSSocket;
  }

  get canStartTls(): boolean {
    return this.#context !== undefined && !this.isSecure;
  }

  open(domain: string, id: string): void {
    this.write(
      `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='${NS.stream}' from='${domain}' id='${id}' version='1.0'>`,
    );
  }

  /**
   * Writes at the end of this turn of the event loop: what many clients send to one in a turn goes out at
   * once.
   */
  write(text: string): void {
    if (this.#out === '') process.nextTick(this.#flush);
    this.#out += text;
    if (this.#socket.writableLength + this.#out.length > MAX_UNREAD_BYTES) {
      this.#out = '';
      this.#socket.destroy();
    }
  }

  end(): void {
    this.#framer.stop();
    this.#flush();
    this.#socket.end('</stream:stream>');
  }

  restart(): void {
    this.#framer.reset();
  }

  startTls(): void {
    this.#flush();
    const raw = this.#socket;
    raw.removeAllListeners('data');
    raw.removeAllListeners('close');
    // What came after <starttls/> in the clear is not read: the framer drops its remaining bytes.
    this.#framer.reset();
    this.#socket = new TLSSocket(raw, {
      isServer: true,
      ...(this.#context === undefined ? {} : { secureContext: this.#context }),
    });
    this.#listen(this.#socket);
  }

  readonly #flush = (): void => {
    const text = this.#out;
    this.#out = '';
    if (text !== '') this.#socket.write(text);
  };

  #listen(socket: Socket): void {
    socket.on('data', (bytes) => this.#framer.push(bytes));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#owner.closed());
  }
}
