import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { bareJid } from '../jid.ts';
import type { Address } from './address.ts';
import { stanzaError } from './answers.ts';
import type { OfflineMessages } from './offline-messages.ts';
import type { Rosters } from './rosters.ts';
import { addressedTo } from './sessions.ts';
import type { Resource, Sessions } from './sessions.ts';
import type { Subscriptions } from './subscriptions.ts';

/** Maximum number of JIDs that one client may send directed presence to; more get `resource-constraint`. */
const MAX_DIRECTED = 1000;

/** Distributes presences (RFC 6121 §4). */
export class Presences {
  readonly #sessions: Sessions;
  readonly #rosters: Rosters;
  readonly #subscriptions: Subscriptions;
  readonly #offline: OfflineMessages;
  readonly #sendOn: (presence: Element, to: string, sender: Resource) => void;

  /** @param sendOn sends a client's presence to one JID, which may be a room's */
  constructor(
    sessions: Sessions,
    rosters: Rosters,
    subscriptions: Subscriptions,
    offline: OfflineMessages,
    sendOn: (presence: Element, to: string, sender: Resource) => void,
  ) {
    this.#sessions = sessions;
    this.#rosters = rosters;
    this.#subscriptions = subscriptions;
    this.#offline = offline;
    this.#sendOn = sendOn;
  }

  /** Handles a presence without `to`: it is for everyone who may see it. */
  broadcast(presence: Element, sender: Resource): void {
    const type = presence.attrs['type'] as string | undefined;
    if (type === 'unavailable') this.#end(presence, sender);
    else if (type !== undefined) sender.outlet.send(malformed(presence).toString());
    else this.#begin(presence, sender);
  }

  /** The client has gone without an unavailable presence (RFC 6121 §4.5.3). */
  leave(sender: Resource): void {
    this.#end(xml('presence', { from: sender.jid, type: 'unavailable' }), sender);
  }

  /** Notes a JID that a client sends directed presence to (RFC 6121 §4.6.1). @returns whether it may */
  direct(presence: Element, to: string, { directed }: Resource): boolean {
    const type = presence.attrs['type'] as string | undefined;
    if (type === 'unavailable') directed.delete(to);
    else if (type === undefined) {
      if (directed.size >= MAX_DIRECTED && !directed.has(to)) return false;
      directed.add(to);
    }
    return true;
  }

  /** Delivers a presence to a client, or to all clients of an account (RFC 6121 §8.5.2.1.2). */
  deliver(presence: Element, { full, bare, resource }: Address): void {
    const text = presence.toString();
    if (resource !== '') this.#sessions.get(full)?.outlet.send(text);
    else for (const { outlet } of this.#sessions.available(bare)) outlet.send(text);
  }

  /** Answers a client's probe, if the client may know (RFC 6121 §4.3). */
  probe(account: string, { account: asking, outlet }: Resource): void {
    if (account !== asking && this.#rosters.get(account, asking)?.from !== true) {
      outlet.send(xml('presence', { type: 'unsubscribed', from: account, to: asking }).toString());
      return;
    }
    const available = this.#sessions.available(account);
    for (const { presence } of available) outlet.send(addressedTo(asking, presence as string));
    if (available.length > 0) return;
    outlet.send(xml('presence', { type: 'unavailable', from: account, to: asking }).toString());
  }

  #begin(presence: Element, sender: Resource): void {
    const priority = Number(presence.getChildText('priority') ?? '0');
    if (!Number.isInteger(priority) || priority < -128 || priority > 127) {
      sender.outlet.send(malformed(presence).toString());
      return;
    }
    const isFirst = sender.presence === undefined;
    const wantedNone = isFirst || sender.priority < 0;
    sender.presence = presence.toString();
    sender.priority = priority;
    this.#tell(sender, sender.presence);
    if (isFirst) this.#showOthers(sender);
    if (!wantedNone || priority < 0) return;
    for (const message of this.#offline.take(sender.account)) sender.outlet.send(message);
  }

  #end(presence: Element, sender: Resource): void {
    const text = presence.toString();
    const wasAvailable = sender.presence !== undefined;
    sender.presence = undefined;
    if (wasAvailable) this.#tell(sender, text);
    const told = new Set(wasAvailable ? this.#rosters.subscribersOf(sender.account) : []);
    const directed = [...sender.directed];
    sender.directed.clear();
    for (const to of directed) {
      if (told.has(bareJid(to))) continue;
      this.#sendOn(xml('presence', { type: 'unavailable', from: sender.jid, to }), to, sender);
    }
  }

  /** Sends a presence to the account's own clients, and to subscribed contacts (RFC 6121 §4.2.2, §4.4.2). */
  #tell({ account }: Resource, presence: string): void {
    for (const to of [account, ...this.#rosters.subscribersOf(account)]) {
      const own = this.#sessions.available(to);
      if (own.length === 0) continue;
      const text = addressedTo(to, presence);
      for (const { outlet } of own) outlet.send(text);
    }
  }

  /** What a client gets when it becomes available: presences (RFC 6121 §4.2.2) and requests (§3.1.3). */
  #showOthers({ account, jid, outlet }: Resource): void {
    for (const from of [account, ...this.#rosters.subscriptionsOf(account)]) {
      for (const other of this.#sessions.available(from)) {
        if (other.jid !== jid) outlet.send(addressedTo(account, other.presence as string));
      }
    }
    for (const request of this.#subscriptions.waiting(account)) outlet.send(request);
  }
}

function malformed(presence: Element): Element {
  return stanzaError(presence, 'modify', 'bad-request');
}
