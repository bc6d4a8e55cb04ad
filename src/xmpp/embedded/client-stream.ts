import { randomBytes } from 'node:crypto';
import { escapeXml, parseElement, xml } from '../element.ts';
import type { Element } from '../element.ts';
import { attributeText } from '../xml-text.ts';
import { attributeIn } from '../wire/framed.ts';
import { nameOf } from './accounts.ts';
import { stanzaError } from './answers.ts';
import { parseAddress } from './address.ts';
import { Authentication } from './authentication.ts';
import type { LoginStep } from './authentication.ts';
import { ClientSession, smFailed } from './client-session.ts';
import type { SessionStream } from './client-session.ts';
import { boundFeatures, loginFeatures, sessionFeatures } from './features.ts';
import type { Link, LinkOwner } from './link.ts';
import type { Resumables } from './resumables.ts';
import type { Router } from './router.ts';
import { NS } from '../stanzas/namespaces.ts';

const NS_CLIENT = 'jabber:client';
const MAX_RESOURCE_LENGTH = 1023;

/** The stage of a client's stream. */
type Stage =
  | { name: 'stranger'; login: Authentication }
  | { name: 'known'; username: string }
  | { name: 'bound'; session: ClientSession }
  | { name: 'over' };

/** The server's side of one client's stream, from its header to its end. */
export class ClientStream implements LinkOwner, SessionStream {
  readonly #link: Link;
  readonly #router: Router;
  readonly #resumables: Resumables<ClientSession>;
  #stage: Stage;
  #isOpen = false;

  constructor(link: Link, router: Router, resumables: Resumables<ClientSession>) {
    this.#link = link;
    this.#router = router;
    this.#resumables = resumables;
    this.#stage = { name: 'stranger', login: new Authentication(router.accounts) };
  }

  send(text: string): void {
    if (this.#stage.name !== 'over') this.#link.write(text);
  }

  /** Ends the stream with an error of RFC 6120 §4.9.3. @param details an element of another namespace */
  fail(condition: string, text?: string, details = ''): void {
    if (this.#stage.name === 'over') return;
    if (!this.#isOpen) this.#openBack();
    const words = text === undefined ? '' : `<text xmlns='${NS.streams}'>${escapeXml(text)}</text>`;
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
    else if (to !== undefined && parseAddress(attributeText(to))?.full !== domain) {
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
        this.#receiveStranger(element, stage.login);
        return;
      case 'known':
        this.#receiveKnown(element, stage.username);
        return;
      case 'bound':
        this.#receiveBound(element, stage.session);
        return;
      case 'over':
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
    this.#link.open(this.#router.domain, randomBytes(8).toString('hex'));
  }

  #sendFeatures(): void {
    this.send(`<stream:features>${this.#features()}</stream:features>`);
  }

  #features(): string {
    switch (this.#stage.name) {
      case 'stranger':
        return (this.#link.canStartTls ? `<starttls xmlns='${NS.tls}'/>` : '') + loginFeatures;
      case 'known':
        return sessionFeatures;
      case 'bound':
      case 'over':
        return boundFeatures;
    }
  }

  /** Before the login: SASL, and in-band registration (XEP-0077 §3.1). */
  #receiveStranger(element: Element, login: Authentication): void {
    const xmlns = element.getNS();
    if (xmlns === NS.sasl || xmlns === NS.sasl2) {
      const step = login.receive(element);
      if (step.type === 'answer') this.send(step.text);
      else this.#welcome(step);
    } else if (xmlns === NS.tls && element.name === 'starttls') {
      this.#startTls();
    } else if (element.name === 'iq' && element.getChild('query', NS.register) !== undefined) {
      this.send(this.#router.registration(element).toString());
    } else {
      this.fail('not-authorized');
    }
  }

  #startTls(): void {
    if (!this.#link.canStartTls) {
      this.send(`<failure xmlns='${NS.tls}'/>`);
      this.ended();
      return;
    }
    this.send(`<proceed xmlns='${NS.tls}'/>`);
    this.#isOpen = false;
    this.#link.startTls();
  }

  #welcome({ username: given, data, asked }: LoginStep & { type: 'success' }): void {
    const username = nameOf(given);
    this.#stage = { name: 'known', username };
    if (asked === undefined) {
      this.send(`<success xmlns='${NS.sasl}'>${data ?? ''}</success>`);
      // The client restarts its stream (RFC 6120 §6.3.2).
      this.#isOpen = false;
      this.#link.restart();
      return;
    }
    const last = data === undefined ? '' : `<additional-data>${data}</additional-data>`;
    const success = (jid: string, inner: string): void => {
      const who = `<authorization-identifier>${escapeXml(jid)}</authorization-identifier>`;
      this.send(`<success xmlns='${NS.sasl2}'>${last}${who}${inner}</success>`);
    };
    const resume = asked.getChild('resume', NS.sm);
    if (resume !== undefined && this.#resume(resume, username, success)) return;
    const failed = resume === undefined ? '' : smFailed('item-not-found');
    const bind = asked.getChild('bind', NS.bind2);
    const session = bind === undefined ? undefined : this.#bindInline(bind, username);
    const enable = bind?.getChild('enable', NS.sm);
    const enabled = enable === undefined ? '' : (session?.enable(enable) ?? '');
    const bound = session === undefined ? '' : `<bound xmlns='${NS.bind2}'>${enabled}</bound>`;
    success(session?.resource.jid ?? `${username}@${this.#router.domain}`, failed + bound);
    // XEP-0388 §2.6.1: the stream is not restarted.
    this.#sendFeatures();
  }

  /**
   * Binds the resource that the client's tag names (XEP-0386 §4), or a generated one when that is invalid.
   */
  #bindInline(bind: Element, username: string): ClientSession {
    const jid = this.#jidOf(username, bind.getChildText('tag') ?? '');
    return this.#bind(jid ?? (this.#jidOf(username, '') as string));
  }

  #receiveKnown(element: Element, username: string): void {
    if (element.getNS() === NS.sm) {
      if (element.name !== 'resume') this.send(smFailed('unexpected-request'));
      else if (!this.#resume(element, username, (_jid, resumed) => this.send(resumed))) {
        this.send(smFailed('item-not-found'));
      }
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
    const xmlns = element.getNS();
    // All clients are treated as active (XEP-0352 §5).
    if (xmlns === NS.csi) return;
    if (xmlns !== NS.sm) session.receive(element);
    else if (element.name === 'enable') this.send(session.enable(element));
    else if (element.name === 'r' || element.name === 'a') session.manage(element);
    else this.send(smFailed('unexpected-request'));
  }

  #bind(jid: string): ClientSession {
    const session = new ClientSession(jid, this.#router, this.#resumables, this);
    this.#stage = { name: 'bound', session };
    return session;
  }

  /**
   * Resumes an earlier session (XEP-0198 §5).
   *
   * @param tell sends the answer
   * @returns false when the session cannot be resumed
   */
  #resume(
    element: Element,
    username: string,
    tell: (jid: string, resumed: string) => void,
  ): boolean {
    const id = String(element.attrs['previd']);
    const session = this.#resumables.take(id, `${username}@${this.#router.domain}`);
    if (session === undefined) return false;
    return session.resume(this, Number(element.attrs['h'] ?? NaN), (received) => {
      this.#stage = { name: 'bound', session };
      const resumed = `<resumed xmlns='${NS.sm}' previd='${id}' h='${received}'/>`;
      tell(session.resource.jid, resumed);
    });
  }

  /** @returns `undefined` for an invalid resource */
  #jidOf(username: string, asked: string): string | undefined {
    const resource = asked === '' ? randomBytes(6).toString('hex') : asked;
    const address = parseAddress(`${username}@${this.#router.domain}/${resource}`);
    return resource.length > MAX_RESOURCE_LENGTH ? undefined : address?.full;
  }
}
