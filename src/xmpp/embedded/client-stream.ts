import { randomBytes } from 'node:crypto';
import { escapeXml, parseElement, unescapeXml, xml } from '../element.ts';
import type { Element } from '../element.ts';
import { attributeIn } from '../wire/framed.ts';
import { nameOf } from './accounts.ts';
import { stanzaError } from './answers.ts';
import { parseAddress } from './address.ts';
import { ClientSession, smFailed } from './client-session.ts';
import type { SessionStream } from './client-session.ts';
import { loginFeatures, sessionFeatures } from './features.ts';
import type { Link, LinkOwner } from './link.ts';
import type { Resumables } from './resumables.ts';
import type { Router } from './router.ts';
import { beginSasl } from './sasl.ts';
import type { SaslExchange } from './sasl.ts';
import { NS } from '../stanzas/namespaces.ts';

const NS_CLIENT = 'jabber:client';
const LONGEST_RESOURCE = 1023;

/** How far a client has come. */
type Stage =
  | { name: 'stranger'; sasl: SaslExchange | undefined }
  | { name: 'known'; username: string }
  | { name: 'bound'; session: ClientSession }
  | { name: 'over' };

/** The server's side of one client's stream, from its header to its end. */
export class ClientStream implements LinkOwner, SessionStream {
  readonly #link: Link;
  readonly #router: Router;
  readonly #resumables: Resumables;
  #stage: Stage = { name: 'stranger', sasl: undefined };
  #isOpen = false;

  constructor(link: Link, router: Router, resumables: Resumables) {
    this.#link = link;
    this.#router = router;
    this.#resumables = resumables;
  }

  send(text: string): void {
    if (this.#stage.name !== 'over') this.#link.write(text);
  }

  /** Ends the stream with an error of RFC 6120 §4.9.3. @param details an element of another namespace */
  fail(condition: string, text?: string, details = ''): void {
    if (this.#stage.name === 'over') return;
    if (!this.#isOpen) this.#openBack();
    const words =
      text === undefined ? '' : `<text xmlns='${NS.streams}'>${escapeXml(text)}</text>`;
    this.send(
      `<stream:error><${condition} xmlns='${NS.streams}'/>${words}${details}</stream:error>`,
    );
    this.ended();
  }

  opened(tag: string): void {
    this.#openBack();
    const { domain } = this.#router;
    const to = attributeIn(tag, 'to');
    if (attributeIn(tag, 'xmlns') !== NS_CLIENT) this.fail('invalid-namespace');
    else if (to !== undefined && parseAddress(unescapeXml(to))?.full !== domain) {
      this.fail('host-unknown');
    } else this.#sendFeatures();
  }

  stanza(text: string): void {
    let element: Element;
    try {
      element = parseElement(text);
    } catch {
      this.fail('not-well-formed');
      return;
    }
    const stage = this.#stage;
    switch (stage.name) {
      case 'stranger':
        this.#receiveStranger(element);
        return;
      case 'known':
        this.#receiveKnown(element, stage.username);
        return;
      case 'bound':
        this.#receiveBound(element, stage.session);
    }
  }

  ended(): void {
    const stage = this.#stage;
    if (stage.name === 'over') return;
    this.#stage = { name: 'over' };
    this.#link.end();
    if (stage.name === 'bound') stage.session.leave(this);
  }

  refused(condition: string): void {
    this.fail(condition);
  }

  closed(): void {
    const stage = this.#stage;
    this.#stage = { name: 'over' };
    if (stage.name === 'bound') stage.session.detach(this);
  }

  #openBack(): void {
    this.#isOpen = true;
    const id = randomBytes(8).toString('hex');
    this.send(
      `<?xml version='1.0'?><stream:stream xmlns='${NS_CLIENT}' xmlns:stream='${NS.stream}' from='${this.#router.domain}' id='${id}' version='1.0'>`,
    );
  }

  #sendFeatures(): void {
    const inner = this.#stage.name === 'stranger' ? loginFeatures : sessionFeatures;
    this.send(`<stream:features>${inner}</stream:features>`);
  }

  /** Before the login: SASL, and in-band registration (XEP-0077 §3.1). */
  #receiveStranger(element: Element): void {
    if (element.getNS() === NS.sasl) {
      this.#authenticate(element);
    } else if (element.name === 'iq' && element.getChild('query', NS.register) !== undefined) {
      this.send(this.#router.registration(element).toString());
    } else {
      this.fail('not-authorized');
    }
  }

  #authenticate(element: Element): void {
    const stage = this.#stage;
    if (stage.name !== 'stranger') return;
    if (element.name === 'auth') {
      stage.sasl = beginSasl(String(element.attrs['mechanism']), this.#router.accounts);
    }
    if (stage.sasl === undefined || (element.name !== 'auth' && element.name !== 'response')) {
      this.send(`<failure xmlns='${NS.sasl}'><malformed-request/></failure>`);
      return;
    }
    const step = stage.sasl(decode(element.text()));
    switch (step.type) {
      case 'challenge':
        this.send(`<challenge xmlns='${NS.sasl}'>${encode(step.data)}</challenge>`);
        return;
      case 'failure':
        stage.sasl = undefined;
        this.send(`<failure xmlns='${NS.sasl}'><${step.condition}/></failure>`);
        return;
      case 'success': {
        this.#stage = { name: 'known', username: nameOf(step.username) };
        const data = step.data === undefined ? '' : encode(step.data);
        this.send(`<success xmlns='${NS.sasl}'>${data}</success>`);
        // The client starts its stream again (RFC 6120 §6.3.2).
        this.#isOpen = false;
        this.#link.restart();
      }
    }
  }

  #receiveKnown(element: Element, username: string): void {
    if (element.getNS() === NS.sm) {
      if (element.name !== 'resume') this.send(smFailed('unexpected-request'));
      else if (!this.#resume(element, username)) this.send(smFailed('item-not-found'));
      return;
    }
    const bind = element.getChild('bind', NS.bind);
    if (element.name !== 'iq' || element.attrs['type'] !== 'set' || bind === undefined) {
      this.send(stanzaError(element, 'auth', 'not-authorized').toString());
      return;
    }
    const jid = this.#jidOf(username, bind.getChildText('resource') ?? '');
    if (jid === undefined) {
      this.send(stanzaError(element, 'modify', 'bad-request').toString());
      return;
    }
    this.#bind(jid);
    const answer = xml(
      'iq',
      { type: 'result', id: element.attrs['id'] as string },
      xml('bind', { xmlns: NS.bind }, xml('jid', {}, jid)),
    );
    this.send(answer.toString());
  }

  #receiveBound(element: Element, session: ClientSession): void {
    if (element.getNS() !== NS.sm) session.receive(element);
    else if (element.name === 'enable') this.send(session.enable(element));
    else if (element.name === 'r' || element.name === 'a') session.manage(element);
    else this.send(smFailed('unexpected-request'));
  }

  #bind(jid: string): ClientSession {
    const session = new ClientSession(jid, this.#router, this.#resumables, this);
    this.#stage = { name: 'bound', session };
    return session;
  }

  /** Takes a session of before up (XEP-0198 §5). @returns false when it is not there */
  #resume(element: Element, username: string): boolean {
    const id = String(element.attrs['previd']);
    const session = this.#resumables.take(id, `${username}@${this.#router.domain}`);
    const count = Number(element.attrs['h'] ?? NaN);
    const answer = (received: number): void => {
      this.#stage = { name: 'bound', session: session as ClientSession };
      this.send(`<resumed xmlns='${NS.sm}' previd='${id}' h='${received}'/>`);
    };
    return session?.resume(this, count, answer) === true;
  }

  /** @returns `undefined` for a resource that cannot be */
  #jidOf(username: string, asked: string): string | undefined {
    const resource = asked === '' ? randomBytes(6).toString('hex') : asked;
    const address = parseAddress(`${username}@${this.#router.domain}/${resource}`);
    return resource.length > LONGEST_RESOURCE ? undefined : address?.full;
  }
}

function decode(text: string): string {
  return text === '=' ? '' : Buffer.from(text, 'base64').toString('utf8');
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}
