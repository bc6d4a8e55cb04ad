import xml from '@xmpp/xml';
import type { Element } from '../element.ts';
import { Accounts } from './accounts.ts';
import type { AccountPatterns } from './accounts.ts';
import { iqResult, stanzaError } from './iq.ts';
import { Rosters } from './rosters.ts';
import { bareJid } from '../jid.ts';
import { NS } from '../stanzas/namespaces.ts';

/** Messages that wait for one account; a further one is answered with an error. */
const MOST_OFFLINE = 100;
/** Messages that wait in all. */
const MOST_OFFLINE_IN_ALL = 100_000;

/** A client's stream, as the router needs it. */
export interface Outlet {
  /** Sends XML text to the client. */
  send(text: string): void;
  /** Ends the stream with an error of RFC 6120 §4.9.3. */
  fail(condition: string): void;
}

interface Resource {
  readonly jid: string;
  readonly stream: Outlet;
  /** The last available presence, addressed to nobody; `undefined` before the first. */
  presence: Element | undefined;
}

/** Knows who is connected, and takes each stanza to where it belongs (RFC 6121 §8). */
export class Router {
  readonly domain: string;
  readonly accounts: Accounts;
  readonly #rosters = new Rosters();
  readonly #online = new Map<string, Map<string, Resource>>();
  readonly #offline = new Map<string, string[]>();
  #offlineCount = 0;

  constructor(domain: string, patterns: AccountPatterns) {
    this.domain = domain;
    this.accounts = new Accounts(patterns);
  }

  /** Takes in a bound stream; one of the same full JID before it is closed (RFC 6120 §7.7.2.2). */
  join(jid: string, stream: Outlet): void {
    const bare = bareJid(jid);
    const resources = this.#online.get(bare) ?? new Map<string, Resource>();
    this.#online.set(bare, resources);
    const before = resources.get(jid);
    resources.set(jid, { jid, stream, presence: undefined });
    before?.stream.fail('conflict');
  }

  leave(jid: string, stream: Outlet): void {
    const bare = bareJid(jid);
    const resources = this.#online.get(bare);
    const resource = resources?.get(jid);
    if (resources === undefined || resource?.stream !== stream) return;
    resources.delete(jid);
    if (resources.size === 0) this.#online.delete(bare);
    if (resource.presence !== undefined) {
      this.#broadcast(bare, xml('presence', { from: jid, type: 'unavailable' }));
    }
  }

  /** A stanza of a bound client's. */
  route(stanza: Element, from: string, stream: Outlet): void {
    stanza.attrs['from'] = from;
    delete stanza.attrs['xmlns'];
    switch (stanza.name) {
      case 'message':
        this.#message(stanza, from, stream);
        return;
      case 'presence':
        this.#presence(stanza, from, stream);
        return;
      case 'iq':
        this.#iq(stanza, from, stream);
        return;
      default:
        stream.fail('unsupported-stanza-type');
    }
  }

  /** In-band registration and cancellation (XEP-0077 §3). @param owner who is logged in, if anybody */
  registration(iq: Element, owner: string | undefined): Element {
    const query = iq.getChild('query', NS.register) as Element;
    if (iq.attrs['type'] === 'get') {
      const fields = ['instructions', 'username', 'password'].map((name) => xml(name));
      return iqResult(iq, xml('query', { xmlns: NS.register }, ...fields));
    }
    if (owner !== undefined && query.getChild('remove') !== undefined) {
      this.accounts.remove(owner);
      return iqResult(iq);
    }
    const username = (query.getChildText('username') ?? '').trim();
    const password = query.getChildText('password') ?? '';
    if (!/^[^\s"&'/:<>@]{1,1023}$/.test(username) || password === '') {
      return stanzaError(iq, 'modify', 'not-acceptable');
    }
    switch (this.accounts.register(username, password)) {
      case 'created':
        return iqResult(iq);
      case 'conflict':
        return stanzaError(iq, 'cancel', 'conflict');
      case 'full':
        return stanzaError(iq, 'wait', 'resource-constraint');
    }
  }

  #message(stanza: Element, from: string, stream: Outlet): void {
    const to = (stanza.attrs['to'] as string | undefined) ?? bareJid(from);
    const text = stanza.toString();
    const bare = bareJid(to);
    const resources = this.#online.get(bare);
    const exact = resources?.get(to);
    if (exact !== undefined) {
      exact.stream.send(text);
      return;
    }
    let delivered = false;
    for (const { presence, stream: its } of resources?.values() ?? []) {
      if (presence === undefined) continue;
      its.send(text);
      delivered = true;
    }
    if (delivered || stanza.attrs['type'] === 'error') return;
    if (!this.#store(bare, stanza)) {
      stream.send(stanzaError(stanza, 'cancel', 'service-unavailable').toString());
    }
  }

  /** Keeps a message until its account comes (XEP-0160). @returns false when it cannot be kept */
  #store(bare: string, stanza: Element): boolean {
    const isLocal = bare.endsWith(`@${this.domain}`);
    const type = stanza.attrs['type'] as string | undefined;
    const isKept = type === undefined || type === 'chat' || type === 'normal';
    if (!isLocal || !isKept || this.accounts.passwordOf(localOf(bare)) === undefined) return false;
    const waiting = this.#offline.get(bare) ?? [];
    if (waiting.length >= MOST_OFFLINE || this.#offlineCount >= MOST_OFFLINE_IN_ALL) return false;
    stanza.append(
      xml('delay', { xmlns: NS.delay, from: this.domain, stamp: new Date().toISOString() }),
    );
    waiting.push(stanza.toString());
    this.#offline.set(bare, waiting);
    this.#offlineCount++;
    return true;
  }

  #presence(stanza: Element, from: string, stream: Outlet): void {
    const to = stanza.attrs['to'] as string | undefined;
    const type = stanza.attrs['type'] as string | undefined;
    const bare = bareJid(from);
    if (to !== undefined) {
      if (type === 'subscribe' || type === 'subscribed') {
        stanza.attrs['from'] = bare;
        this.#rosters.subscription(bare, bareJid(to), type);
      }
      this.#deliver(bareJid(to), to, stanza.toString());
      return;
    }
    const resource = this.#online.get(bare)?.get(from);
    if (resource?.stream !== stream) return;
    const isFirst = resource.presence === undefined && type === undefined;
    resource.presence = type === undefined ? stanza : undefined;
    this.#broadcast(bare, stanza);
    if (!isFirst) return;
    const waiting = this.#offline.get(bare);
    if (waiting === undefined) return;
    this.#offline.delete(bare);
    this.#offlineCount -= waiting.length;
    for (const text of waiting) stream.send(text);
  }

  /** To the account's own resources, and to contacts that are subscribed (RFC 6121 §4.2.2). */
  #broadcast(bare: string, stanza: Element): void {
    const text = stanza.toString();
    for (const account of [bare, ...this.#rosters.subscribersOf(bare)]) {
      for (const { presence, stream } of this.#online.get(account)?.values() ?? []) {
        if (presence !== undefined) stream.send(text);
      }
    }
  }

  #deliver(bare: string, to: string, text: string): boolean {
    const resources = this.#online.get(bare);
    const exact = resources?.get(to);
    if (exact !== undefined) {
      exact.stream.send(text);
      return true;
    }
    if (to !== bare) return false;
    for (const { stream } of resources?.values() ?? []) stream.send(text);
    return resources !== undefined;
  }

  #iq(stanza: Element, from: string, stream: Outlet): void {
    const to = stanza.attrs['to'] as string | undefined;
    const type = stanza.attrs['type'] as string | undefined;
    const isAnswer = type === 'result' || type === 'error';
    if (to?.includes('/') === true) {
      const found = this.#deliver(bareJid(to), to, stanza.toString());
      if (!found && !isAnswer) {
        stream.send(stanzaError(stanza, 'cancel', 'service-unavailable').toString());
      }
      return;
    }
    if (!isAnswer) stream.send(this.#answer(stanza, from).toString());
  }

  /** Requests to the server, or to an account, which the server answers for it. */
  #answer(iq: Element, from: string): Element {
    const isSet = iq.attrs['type'] === 'set';
    const [payload] = iq.getChildElements();
    switch (payload?.getNS() ?? '') {
      case NS.roster:
        return this.#rosters.answer(iq, bareJid(from));
      case NS.register:
        return this.registration(iq, localOf(from));
      case NS.ping:
      case NS.session:
        return iqResult(iq);
      case NS.discoItems:
        if (!isSet) return iqResult(iq, xml('query', { xmlns: NS.discoItems }));
        break;
      case NS.discoInfo:
        if (!isSet) return iqResult(iq, discoInfo());
        break;
    }
    return stanzaError(iq, 'cancel', 'service-unavailable');
  }
}

function discoInfo(): Element {
  const features = [NS.discoInfo, NS.discoItems, NS.ping, NS.register, NS.roster, 'msgoffline'];
  return xml(
    'query',
    { xmlns: NS.discoInfo },
    xml('identity', { category: 'server', type: 'im', name: 'amoc embedded server' }),
    ...features.map((feature) => xml('feature', { var: feature })),
  );
}

function localOf(jid: string): string {
  return jid.slice(0, Math.max(0, jid.indexOf('@')));
}
