import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { itemOf } from './rosters.ts';
import type { Contact, Rosters } from './rosters.ts';
import { addressedTo } from './sessions.ts';
import type { Sessions } from './sessions.ts';
import { received, sent } from './subscription-states.ts';
import type { SubscriptionType } from './subscription-states.ts';
import { NS } from '../stanzas/namespaces.ts';

/** Manages which accounts see whose presence (RFC 6121 §3), and tells their clients of changes. */
export class Subscriptions {
  readonly #rosters: Rosters;
  readonly #sessions: Sessions;
  readonly #exists: (account: string) => boolean;
  #pushes = 0;

  /** @param exists whether an account with that bare JID exists */
  constructor(rosters: Rosters, sessions: Sessions, exists: (account: string) => boolean) {
    this.#rosters = rosters;
    this.#sessions = sessions;
    this.#exists = exists;
  }

  /**
   * An account sends a presence of RFC 6121 §3 to a contact.
   *
   * @returns false when the account's roster is full
   */
  send(type: SubscriptionType, account: string, jid: string, stanza: Element): boolean {
    const contact = this.#rosters.open(account, jid);
    if (contact === undefined) return false;
    const { goesOn, isChange } = sent(type, contact);
    contact.request = contact.isAsked ? contact.request : undefined;
    if (isChange) this.#show(account, jid, contact);
    else this.#dropIfEmpty(account, jid, contact);
    if (!goesOn) return true;
    stanza.attrs['from'] = account;
    stanza.attrs['to'] = jid;
    this.#receive(type, jid, account, stanza.toString());
    // RFC 6121 §3.1.5, §3.2.2.
    if (type === 'subscribed') this.#showPresence(account, jid);
    else if (type === 'unsubscribed') this.#hidePresence(account, jid);
    return true;
  }

  /** Requests that wait for an answer, for the login of the account that was asked (RFC 6121 §3.1.3). */
  *waiting(account: string): Iterable<string> {
    for (const [, { request }] of this.#rosters.of(account)) {
      if (request !== undefined) yield request;
    }
  }

  /** Removes a contact from a roster, and ends the subscriptions in both directions (RFC 6121 §2.5.2). */
  end(account: string, jid: string): void {
    const contact = this.#rosters.get(account, jid);
    if (contact === undefined) return;
    const types: SubscriptionType[] = [];
    if (contact.to || contact.hasAsked) types.push('unsubscribe');
    if (contact.from || contact.isAsked) types.push('unsubscribed');
    for (const type of types) {
      this.send(type, account, jid, xml('presence', { type }));
    }
    this.#rosters.remove(account, jid);
    this.push(account, xml('item', { jid, subscription: 'remove' }));
  }

  /** Removes an account from its contacts' rosters. */
  forget(account: string): void {
    for (const [jid] of [...this.#rosters.of(account)]) this.end(account, jid);
  }

  /** Tells an account's clients of a change of its roster (RFC 6121 §2.1.6). */
  push(account: string, item: Element): void {
    for (const { jid, outlet, wantsPushes } of this.#sessions.of(account)) {
      if (!wantsPushes) continue;
      const id = `push${++this.#pushes}`;
      const query = xml('query', { xmlns: NS.roster }, item);
      outlet.send(xml('iq', { type: 'set', id, from: account, to: jid }, query).toString());
    }
  }

  #receive(type: SubscriptionType, account: string, jid: string, stanza: string): void {
    // No answer reveals which accounts exist (RFC 6121 §3.1.3).
    if (!this.#exists(account)) return;
    const contact = this.#rosters.open(account, jid);
    if (contact === undefined) return;
    const { goesOn, isChange } = received(type, contact);
    if (type === 'subscribe' && goesOn) contact.request = stanza;
    else if (!contact.isAsked) contact.request = undefined;
    if (isChange) this.#show(account, jid, contact);
    // RFC 6121 §3.1.3: the server itself answers a contact that may see the presence already.
    if (type === 'subscribe' && contact.from) {
      const answer = xml('presence', { type: 'subscribed', from: account, to: jid });
      this.#receive('subscribed', jid, account, answer.toString());
    }
    if (goesOn) {
      for (const { outlet, presence, wantsPushes } of this.#sessions.of(account)) {
        if (presence !== undefined || (wantsPushes && type !== 'subscribe')) outlet.send(stanza);
      }
      if (type === 'unsubscribe') this.#hidePresence(account, jid);
    }
    this.#dropIfEmpty(account, jid, contact);
  }

  #show(account: string, jid: string, contact: Contact): void {
    contact.isListed = true;
    this.push(account, itemOf(jid, contact));
  }

  /** Drops a contact that neither asks nor is listed in the roster. */
  #dropIfEmpty(account: string, jid: string, contact: Contact): void {
    if (!contact.isListed && !contact.isAsked) this.#rosters.remove(account, jid);
  }

  #showPresence(account: string, jid: string): void {
    for (const { presence } of this.#sessions.available(account)) {
      this.#tell(jid, presence as string);
    }
  }

  #hidePresence(account: string, jid: string): void {
    for (const { jid: from } of this.#sessions.available(account)) {
      this.#tell(jid, xml('presence', { from, type: 'unavailable' }).toString());
    }
  }

  #tell(account: string, presence: string): void {
    for (const { outlet } of this.#sessions.available(account)) {
      outlet.send(addressedTo(account, presence));
    }
  }
}
