import type { WebSocket } from 'ws';
import { frameLimitsOf } from '../wire/frame-grammar.ts';
import { attributeIn, streamHeader, withNamespace } from '../wire/framed.ts';
import { Framer } from '../wire/framer.ts';
import { MAX_STANZA_BYTES, MAX_UNREAD_BYTES } from './link.ts';
import type { Link, LinkOwner, MakeOwner } from './link.ts';
import { refusalOf } from './refusals.ts';
import { NS } from '../stanzas/namespaces.ts';

/** A client's stream over WebSocket (RFC 7395): one element a message, `<open/>` and `<close/>` around them. */
export class WebSocketLink implements Link {
  readonly isSecure: boolean;
  readonly canStartTls = false;
  readonly #socket: WebSocket;
  readonly #owner: LinkOwner;
  readonly #framer: Framer;

  constructor(socket: WebSocket, isSecure: boolean, makeOwner: MakeOwner) {
    this.#socket = socket;
    this.isSecure = isSecure;
    const owner = makeOwner(this);
    this.#owner = owner;
    this.#framer = new Framer(
      {
        opened: () => {},
        stanza: (text) => this.#receive(text),
        ended: () => {},
        malformed: (error) => owner.refused(refusalOf(error)),
      },
      frameLimitsOf(MAX_STANZA_BYTES),
      true,
    );
    socket.on('message', (data: Buffer) => this.#framer.push(data));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => owner.closed());
  }

  open(domain: string, id: string): void {
    this.write(`<open xmlns='${NS.framing}' from='${domain}' id='${id}' version='1.0'/>`);
  }

  write(text: string): void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > MAX_UNREAD_BYTES) socket.terminate();
    else socket.send(standalone(text));
  }

  end(): void {
    this.#framer.stop();
    this.write(`<close xmlns='${NS.framing}'/>`);
    this.#socket.close();
  }

  restart(): void {
    this.#framer.reset();
  }

  startTls(): void {
    throw new Error('WebSocket has the TLS of its HTTP');
  }

  #receive(text: string): void {
    const isFraming = attributeIn(text.slice(0, text.indexOf('>')), 'xmlns') === NS.framing;
    if (isFraming && text.startsWith('<open')) {
      const to = attributeIn(text, 'to');
      const attribute = to === undefined ? '' : ` to="${to.replaceAll('"', '&quot;')}"`;
      this.#owner.opened(streamHeader(attribute));
    } else if (isFraming && text.startsWith('<close')) this.#owner.ended();
    else this.#owner.stanza(text);
  }
}

/** An element outside a stream element declares its namespaces itself (RFC 7395 §3.3.3). */
function standalone(text: string): string {
  if (!text.startsWith('<stream:')) return withNamespace(text);
  return text.replace(/^<stream:\w+/, `$& xmlns:stream='${NS.stream}'`);
}
