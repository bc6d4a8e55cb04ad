import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { AmocError } from '../../lib/errors.ts';
import { StreamFault, tooLong } from './frame-grammar.ts';
import { Framer } from './framer.ts';
import { attributeIn, isStreamEnd, isStreamHeader, streamHeader, withNamespace } from './framed.ts';
import { httpAddress, httpPort } from './http-address.ts';
import { tlsFactsOf } from './tls-facts.ts';
import type { TlsFacts } from './tls-facts.ts';
import { nodeTlsOptions } from './tls-options.ts';
import { clientService } from './transport-spec.ts';
import type { TransportSpec, WireTarget } from './transport-spec.ts';
import type { Wire, WireOwner } from './wire.ts';

const NS_FRAMING = 'urn:ietf:params:xml:ns:xmpp-framing';

/** A stream over WebSocket (RFC 7395): one stanza a message, `<open/>` and `<close/>` around them. */
export class WebSocketWire implements Wire {
  owner: WireOwner;
  readonly isSecure: boolean;
  readonly #socket: WebSocket;
  readonly #domain: string;
  readonly #framer: Framer;
  #below: Socket | undefined;

  constructor(target: WireTarget, owner: WireOwner) {
    const { domain, isDirect, localAddress, limits } = target;
    const { url, hostHeader } = httpAddress(target, 'ws');
    this.owner = owner;
    this.isSecure = isDirect;
    this.#domain = domain;
    this.#framer = new Framer(
      {
        opened: () => {},
        stanza: (text) => this.#receive(text),
        ended: () => {},
        malformed: (error) => this.owner.malformed(error),
      },
      limits,
      true,
    );
    this.#socket = new WebSocket(url, ['xmpp'], {
      perMessageDeflate: false,
      maxPayload: limits.stanzaBytes,
      headers: { host: hostHeader },
      ...(localAddress === undefined ? {} : { localAddress }),
      ...(isDirect ? nodeTlsOptions(target.tls) : {}),
    });
    this.#socket.on('upgrade', ({ socket }) => (this.#below = socket));
    this.#socket.on('open', () => this.owner.connected());
    this.#socket.on('message', (data: Buffer) => this.#read(data));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      // Noticed by the length of the frame, before the framer sees the frame.
      if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
        this.owner.failed(new StreamFault(tooLong(limits)));
      } else this.owner.failed(error);
    });
    this.#socket.on('close', () => this.owner.closed());
  }

  get pending(): number {
    return this.#socket.bufferedAmount;
  }

  write(text: string): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(this.#frame(text), this.#sent);
  }

  restart(): void {
    this.#framer.reset();
  }

  end(): void {
    this.#socket.close();
  }

  destroy(): void {
    this.#framer.stop();
    this.#socket.terminate();
  }

  tlsFacts(): TlsFacts | undefined {
    return this.#below && tlsFactsOf(this.#below);
  }

  #frame(text: string): string {
    if (isStreamHeader(text)) {
      const from = attributeIn(text, 'from');
      const who = from === undefined ? '' : ` from="${from}"`;
      return `<open xmlns="${NS_FRAMING}" to="${this.#domain}"${who} version="1.0"/>`;
    }
    return isStreamEnd(text) ? `<close xmlns="${NS_FRAMING}"/>` : withNamespace(text);
  }

  /** Each message is one complete stanza (RFC 7395 §3.3.3). */
  #read(message: Buffer): void {
    if (!this.#framer.push(message) || this.#framer.isAtRest) return;
    this.#framer.stop();
    this.owner.malformed(new StreamFault('a WebSocket message that ends within a stanza'));
  }

  #receive(text: string): void {
    if (text.startsWith('<open')) {
      const id = attributeIn(text, 'id') ?? '';
      this.owner.opened(streamHeader(` version="1.0" id="${id}" from="${this.#domain}"`));
    } else if (text.startsWith('<close')) this.#closed(text);
    else this.owner.stanza(text);
  }

  #closed(text: string): void {
    const elsewhere = attributeIn(text, 'see-other-uri');
    if (elsewhere !== undefined) {
      // RFC 7395 §3.6.1
      const what = `the server sends its clients to another address (see-other-uri): ${elsewhere}`;
      const advice = 'set AMOC_XMPP_HOST, AMOC_XMPP_PORT and AMOC_XMPP_PATH to it';
      this.owner.failed(new AmocError('CONNECTION', `${what}; ${advice}`));
    }
    this.owner.ended();
  }

  readonly #sent = (): void => {
    if (this.pending === 0) this.owner.drained();
  };
}

/** RFC 7395: XMPP over WebSocket. */
export const websocket: TransportSpec = {
  title: 'WebSocket',
  port: httpPort,
  tlsModes: ['none', 'direct', 'auto'],
  srv: clientService,
  http: { scheme: 'ws', path: '/ws', link: 'urn:xmpp:alt-connections:websocket' },
  open: (target, owner) => new WebSocketWire(target, owner),
};
