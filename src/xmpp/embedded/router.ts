import type { Element } from '../element.ts';
import { bareJid } from '../jid.ts';
import { Accounts } from './accounts.ts';
import type { AccountPatterns } from './accounts.ts';
import { parseAddress } from './address.ts';
import type { Address } from './address.ts';
import { iqResult, isAnswer, stanzaError } from './answers.ts';
import { Messages } from './messages.ts';
import { lacks, missing } from './missing.ts';
import { OfflineMessages } from './offline-messages.ts';
import { Presences } from './presences.ts';
import { isCancellation, register } from './registration.ts';
import { answerForAccount, answerForServer } from './requests.ts';
import { Rooms } from './rooms.ts';
import { RosterRequests } from './roster-requests.ts';
import { Rosters } from './rosters.ts';
import { Sessions } from './sessions.ts';
import type { Outlet, Resource } from './sessions.ts';
import { subscriptionTypes } from './subscription-states.ts';
import { Subscriptions } from './subscriptions.ts';
import { NS } from '../stanzas/namespaces.ts';

/** Types of presence to one JID that neither manage subscriptions nor ask for something (RFC 6121 §4.7.1). */
const directedTypes: readonly unknown[] = [undefined, 'unavailable', 'error'];

/** Routes each stanza of a client to where it belongs (RFC 6120 §10, RFC 6121 §8). */
export class Router {
  readonly domain: string;
  readonly accounts: Accounts;
  readonly #sessions = new Sessions();
  readonly #subscriptions: Subscriptions;
  readonly #rosterRequests: RosterRequests;
  readonly #offline: OfflineMessages;
  readonly #messages: Messages;
  readonly #presences: Presences;
  readonly #rooms: Rooms;

  constructor(domain: string, patterns: AccountPatterns) {
    this.domain = domain;
    this.accounts = new Accounts(patterns);
    const sessions = this.#sessions;
    const rosters = new Rosters();
    this.#offline = new OfflineMessages(domain);
    const exists = (account: string): boolean => this.#exists(account);
    const sendOn = (presence: Element, to: string, sender: Resource): void => {
      const address = parseAddress(to);
      if (address?.domain === this.#rooms.domain) this.#rooms.route(presence, address, sender);
      else if (address !== undefined) this.#presences.deliver(presence, address);
    };
    this.#rooms = new Rooms(`conference.${domain}`, {
      now: Date.now,
      deliver: (message, to) => this.#deliver(message, to),
    });
    this.#subscriptions = new Subscriptions(rosters, sessions, exists);
    this.#rosterRequests = new RosterRequests(rosters, this.#subscriptions);
    this.#messages = new Messages(sessions, this.#offline, exists);
    this.#presences = new Presences(sessions, rosters, this.#subscriptions, this.#offline, sendOn);
  }

  /** Adds a bound stream, and closes an earlier one with the same full JID (RFC 6120 §7.7.2.2). */
  join(jid: string, outlet: Outlet): Resource {
    const state = { presence: undefined, priority: 0, wantsPushes: false };
    const resource = { jid, account: bareJid(jid), outlet, ...state, directed: new Set<string>() };
    const before = this.#sessions.add(resource);
    before?.outlet.fail('conflict');
    if (before !== undefined) this.#presences.leave(before);
    return resource;
  }

  leave(resource: Resource): void {
    if (this.#sessions.remove(resource)) this.#presences.leave(resource);
  }

  /** Routes a stanza of a client that is logged in. */
  route(stanza: Element, sender: Resource): void {
    if (!['message', 'presence', 'iq'].includes(stanza.name)) {
      sender.outlet.fail('unsupported-stanza-type');
      return;
    }
    stanza.attrs['from'] = sender.jid;
    delete stanza.attrs['xmlns'];
    const to = stanza.attrs['to'] as string | undefined;
    const address = parseAddress(to ?? sender.account);
    if (address === undefined) {
      this.#refuse(stanza, sender, 'modify', 'jid-malformed');
      return;
    }
    if (to !== undefined) stanza.attrs['to'] = address.full;
    if (address.domain === this.domain) this.#routeHere(stanza, address, sender);
    else if (address.domain === this.#rooms.domain) this.#routeToRooms(stanza, address, sender);
    else this.#refuseDomain(stanza, address.domain, sender);
  }

  /** Delivers a message that its client may not have received to the account (XEP-0198 §5). */
  redeliver(message: Element): void {
    const to = parseAddress((message.attrs['to'] as string | undefined) ?? '');
    const type = (message.attrs['type'] as string | undefined) ?? 'normal';
    if (to !== undefined && (type === 'chat' || type === 'normal')) this.#deliver(message, to);
  }

  /** In-band registration. @param own the name of the account that is logged in, if any */
  registration(iq: Element, own?: string): Element {
    return register(iq, this.accounts, own);
  }

  #refuseDomain(stanza: Element, domain: string, sender: Resource): void {
    const isBelow = domain.endsWith(`.${this.domain}`);
    const text = lacks(isBelow ? `service at ${domain}` : `connection to ${domain}`);
    this.#refuse(stanza, sender, 'cancel', 'remote-server-not-found', text);
  }

  #routeHere(stanza: Element, to: Address, sender: Resource): void {
    switch (stanza.name) {
      case 'message':
        this.#message(stanza, to, sender);
        return;
      case 'presence':
        this.#presence(stanza, to, sender);
        return;
      case 'iq':
        this.#iq(stanza, to, sender);
    }
  }

  #routeToRooms(stanza: Element, to: Address, sender: Resource): void {
    // The room learns of the end of the session, whatever nick the client has there.
    const isTaken = stanza.name !== 'presence' || this.#presences.direct(stanza, to.bare, sender);
    if (isTaken) this.#rooms.route(stanza, to, sender);
    else this.#refuse(stanza, sender, 'wait', 'resource-constraint');
  }

  #message(message: Element, to: Address, sender: Resource): void {
    const error = to.local === '' ? missing(message) : this.#messages.deliver(message, to);
    if (error !== undefined && !isAnswer(message)) sender.outlet.send(error.toString());
  }

  /** Delivers a message that has no sender to report an error to. */
  #deliver(message: Element, to: Address): void {
    if (to.domain === this.domain && to.local !== '') this.#messages.deliver(message, to);
  }

  #presence(presence: Element, to: Address, sender: Resource): void {
    if (presence.attrs['to'] === undefined) {
      this.#presences.broadcast(presence, sender);
      return;
    }
    const type = subscriptionTypes.find((name) => name === presence.attrs['type']);
    if (type !== undefined) {
      if (to.bare === sender.account) return;
      const isTaken = this.#subscriptions.send(type, sender.account, to.bare, presence);
      if (!isTaken) this.#refuse(presence, sender, 'wait', 'resource-constraint');
    } else if (presence.attrs['type'] === 'probe') this.#presences.probe(to.bare, sender);
    else if (!directedTypes.includes(presence.attrs['type'])) {
      this.#refuse(presence, sender, 'modify', 'bad-request');
    } else if (!this.#presences.direct(presence, to.full, sender)) {
      this.#refuse(presence, sender, 'wait', 'resource-constraint');
    } else this.#presences.deliver(presence, to);
  }

  #iq(iq: Element, to: Address, sender: Resource): void {
    const type = iq.attrs['type'] as string | undefined;
    if (to.resource !== '') {
      const found = this.#sessions.get(to.full);
      if (found !== undefined) found.outlet.send(iq.toString());
      else this.#refuse(iq, sender, 'cancel', 'service-unavailable');
    } else if (type === 'get' || type === 'set') {
      const answer = this.#answer(iq, to, sender);
      sender.outlet.send(answer.toString());
      if (answer.attrs['type'] === 'result' && isCancellation(iq)) this.#end(sender.account);
    } else if (!isAnswer(iq)) this.#refuse(iq, sender, 'modify', 'bad-request');
  }

  /** Answers requests to the server, and to accounts, for which the server answers (RFC 6121 §8.5.2.1.3). */
  #answer(iq: Element, to: Address, sender: Resource): Element {
    const payloads = iq.getChildElements();
    if (payloads.length !== 1) return stanzaError(iq, 'modify', 'bad-request');
    const isOwn = to.bare === sender.account;
    if (!isOwn && to.local !== '') return stanzaError(iq, 'cancel', 'service-unavailable');
    switch (payloads[0]?.getNS() ?? '') {
      case NS.roster:
        if (isOwn) return this.#rosterRequests.answer(iq, sender);
        break;
      case NS.register:
        return isCancellation(iq) ? iqResult(iq) : this.registration(iq, localOf(sender.account));
    }
    return isOwn && iq.attrs['to'] !== undefined
      ? answerForAccount(iq)
      : answerForServer(iq, [this.#rooms.item]);
  }

  /** Removes an account, and disconnects the clients that are logged in to it (XEP-0077 §3.2). */
  #end(account: string): void {
    this.accounts.remove(localOf(account));
    this.#subscriptions.forget(account);
    this.#offline.take(account);
    for (const { outlet } of [...this.#sessions.of(account)]) {
      outlet.fail('not-authorized', 'the account was removed');
    }
  }

  #exists(account: string): boolean {
    const local = localOf(account);
    if (account !== `${local}@${this.domain}`) return false;
    return this.accounts.passwordOf(local) !== undefined;
  }

  #refuse(
    stanza: Element,
    { outlet }: Resource,
    type: 'cancel' | 'modify' | 'wait',
    condition: string,
    text?: string,
  ): void {
    if (!isAnswer(stanza)) outlet.send(stanzaError(stanza, type, condition, text).toString());
  }
}

function localOf(account: string): string {
  return account.slice(0, Math.max(0, account.indexOf('@')));
}
