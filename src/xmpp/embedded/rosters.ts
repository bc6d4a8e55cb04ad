import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import type { Standing } from './subscription-states.ts';

/** Maximum number of contacts of one account; a further one is refused with `resource-constraint`. */
const MAX_CONTACTS = 1000;

/** A contact of an account. */
export interface Contact extends Standing {
  name: string | undefined;
  groups: readonly string[];
  /** Whether the roster lists the contact, not so one that only asks for a subscription (RFC 6121 §3.1.3). */
  isListed: boolean;
  /** The subscription request, as XML text, for the next login (RFC 6121 §3.1.3). */
  request: string | undefined;
}

/** Contact lists (RFC 6121 §2), in memory, by bare JIDs. */
export class Rosters {
  readonly #accounts = new Map<string, Map<string, Contact>>();

  of(account: string): Iterable<[jid: string, contact: Contact]> {
    return this.#accounts.get(account) ?? [];
  }

  get(account: string, jid: string): Contact | undefined {
    return this.#accounts.get(account)?.get(jid);
  }

  /** The contact with that JID, created if there is none. @returns `undefined` when there are too many */
  open(account: string, jid: string): Contact | undefined {
    const contacts = this.#accounts.get(account) ?? new Map<string, Contact>();
    const known = contacts.get(jid);
    if (known !== undefined || contacts.size >= MAX_CONTACTS) return known;
    const standing = { to: false, from: false, hasAsked: false, isAsked: false };
    const made = { ...standing, name: undefined, groups: [], isListed: false, request: undefined };
    this.#accounts.set(account, contacts.set(jid, made));
    return made;
  }

  remove(account: string, jid: string): void {
    const contacts = this.#accounts.get(account);
    contacts?.delete(jid);
    if (contacts?.size === 0) this.#accounts.delete(account);
  }

  /** The contacts that get the account's presence. */
  subscribersOf(account: string): string[] {
    return [...this.of(account)].filter(([, { from }]) => from).map(([jid]) => jid);
  }

  /** The contacts whose presence the account gets. */
  subscriptionsOf(account: string): string[] {
    return [...this.of(account)].filter(([, { to }]) => to).map(([jid]) => jid);
  }
}

/** RFC 6121 §2.1.2. */
export function itemOf(jid: string, contact: Contact): Element {
  const { to, from, hasAsked, name, groups } = contact;
  const subscription = to && from ? 'both' : to ? 'to' : from ? 'from' : 'none';
  const ask = hasAsked ? 'subscribe' : undefined;
  const inGroups = groups.map((group) => xml('group', {}, group));
  return xml('item', { jid, name, subscription, ask }, ...inGroups);
}
