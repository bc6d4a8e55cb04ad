import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { Parser } from '@xmpp/xml';
import xml from '@xmpp/xml';
import type { Element } from '../element.ts';
import { stanzaError } from './iq.ts';
import type { Outlet, Router } from './router.ts';
import { beginSasl, mechanisms } from './sasl.ts';
import type { SaslExchange } from './sasl.ts';
import { NS } from '../stanzas/namespaces.ts';

const NS_CLIENT = 'jabber:client';

/** Bytes between two ends of stanzas; more closes the stream (RFC 6120 §13.12). */
const LONGEST_STANZA = 256 * 1024;
/** Bytes that may wait for a client that does not read. */
const MOST_UNREAD = 16 * 1024 * 1024;

/** The server's side of one client's stream, from its header to its end. */
export class ClientStream implements Outlet {
  readonly #socket: Socket;
  readonly #router: Router;
  #parser = this.#newParser();
  #sinceStanza = 0;
  #sasl: SaslExchange | undefined;
  #username: string | undefined;
  /** The full JID, once bound. */
  #jid: string | undefined;
  #ended = false;
  #isOpen = false;

  constructor(socket: Socket, router: Router) {
    this.#socket = socket;
    this.#router = router;
    socket.setNoDelay(true);
    socket.setEncoding('utf8');
    socket.on('data', (text) => this.#read(text as unknown as string));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#leave());
  }

  /** Sends a stanza to the client; one that does not read any more is cut off. */
  send(text: string): void {
    if (this.#ended) return;
    if (this.#socket.writableLength > MOST_UNREAD) {
      this.#socket.destroy();
      return;
    }
    this.#socket.write(text);
  }

  /** Ends the stream with an error of RFC 6120 §4.9.3. */
  fail(condition: string): void {
    if (this.#ended) return;
    this.send(`<stream:error><${condition} xmlns='${NS.streams}'/></stream:error>`);
    this.#close();
  }

  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.end('</stream:stream>');
    this.#leave();
  }

  #leave(): void {
    this.#ended = true;
    if (this.#jid !== undefined) this.#router.leave(this.#jid, this);
    this.#jid = undefined;
  }

  #read(text: string): void {
    this.#sinceStanza += text.length;
    if (this.#sinceStanza > LONGEST_STANZA) {
      this.fail('policy-violation');
      return;
    }
    // The parser would wait for a tag for ever.
    if (!this.#isOpen && !/^\s*(<|$)/.test(text)) {
      this.fail('not-well-formed');
      return;
    }
    this.#isOpen = true;
    try {
      this.#parser.write(text);
    } catch {
      this.fail('not-well-formed');
    }
  }

  #newParser(): Parser {
    const parser = new Parser();
    const mine = (): boolean => parser === this.#parser && !this.#ended;
    parser.on('start', (header: Element) => mine() && this.#open(header));
    parser.on('element', (element: Element) => mine() && this.#receive(element));
    parser.on('end', () => mine() && this.#close());
    parser.on('error', () => mine() && this.fail('not-well-formed'));
    return parser;
  }

  #open(header: Element): void {
    const { domain } = this.#router;
    const id = randomBytes(8).toString('hex');
    this.send(
      `<?xml version='1.0'?><stream:stream xmlns='${NS_CLIENT}' xmlns:stream='http://etherx.jabber.org/streams' from='${domain}' id='${id}' version='1.0'>`,
    );
    const wanted = header.attrs['to'] as string | undefined;
    if (wanted !== undefined && wanted !== domain) this.fail('host-unknown');
    else this.send(this.#features());
  }

  #features(): string {
    const bound = `<bind xmlns='${NS.bind}'/><session xmlns='${NS.session}'><optional/></session>`;
    const login = `<mechanisms xmlns='${NS.sasl}'>${mechanisms
      .map((name) => `<mechanism>${name}</mechanism>`)
      .join('')}</mechanisms><register xmlns='http://jabber.org/features/iq-register'/>`;
    const inner = this.#username === undefined ? login : bound;
    return `<stream:features>${inner}</stream:features>`;
  }

  #receive(element: Element): void {
    this.#sinceStanza = 0;
    if (this.#username === undefined) this.#receiveStranger(element);
    else if (this.#jid === undefined) this.#receiveUnbound(element, this.#username);
    else this.#router.route(element, this.#jid, this);
  }

  /** Before the login: SASL, and in-band registration (XEP-0077 §3.1). */
  #receiveStranger(element: Element): void {
    if (element.attrs['xmlns'] === NS.sasl || element.getNS() === NS.sasl) {
      this.#authenticate(element);
    } else if (element.name === 'iq' && element.getChild('query', NS.register) !== undefined) {
      this.send(this.#router.registration(element, undefined).toString());
    } else {
      this.fail('not-authorized');
    }
  }

  #authenticate(element: Element): void {
    if (element.name === 'auth') {
      this.#sasl = beginSasl(String(element.attrs['mechanism']), this.#router.accounts);
    }
    if (this.#sasl === undefined || (element.name !== 'auth' && element.name !== 'response')) {
      this.send(`<failure xmlns='${NS.sasl}'><malformed-request/></failure>`);
      return;
    }
    const step = this.#sasl(decode(element.text()));
    switch (step.type) {
      case 'challenge':
        this.send(`<challenge xmlns='${NS.sasl}'>${encode(step.data)}</challenge>`);
        return;
      case 'failure':
        this.#sasl = undefined;
        this.send(`<failure xmlns='${NS.sasl}'><${step.condition}/></failure>`);
        return;
      case 'success': {
        this.#username = step.username;
        this.#sasl = undefined;
        const data = step.data === undefined ? '' : encode(step.data);
        this.send(`<success xmlns='${NS.sasl}'>${data}</success>`);
        // The client starts its stream anew (RFC 6120 §6.3.2), on a parser without a past.
        this.#parser = this.#newParser();
      }
    }
  }

  #receiveUnbound(element: Element, username: string): void {
    const bind = element.getChild('bind', NS.bind);
    if (element.name !== 'iq' || element.attrs['type'] !== 'set' || bind === undefined) {
      this.send(stanzaError(element, 'auth', 'not-authorized').toString());
      return;
    }
    const asked = bind.getChildText('resource') ?? '';
    const resource = asked === '' ? randomBytes(6).toString('hex') : asked.slice(0, 1023);
    const jid = `${username}@${this.#router.domain}/${resource}`;
    this.#router.join(jid, this);
    this.#jid = jid;
    const answer = xml(
      'iq',
      { type: 'result', id: element.attrs['id'] as string },
      xml('bind', { xmlns: NS.bind }, xml('jid', {}, jid)),
    );
    this.send(answer.toString());
  }
}

function decode(text: string): string {
  return text === '=' ? '' : Buffer.from(text, 'base64').toString('utf8');
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}
