import xml from '@xmpp/xml';
import type { Element } from '../element.ts';
import { iqResult, stanzaError } from './iq.ts';

const NS_ROSTER = 'jabber:iq:roster';
/** Contacts of one account. */
const MOST_CONTACTS = 1000;

interface Contact {
  name: string | undefined;
  /** The contact's presence comes to the account. */
  to: boolean;
  /** The account's presence goes to the contact. */
  from: boolean;
}

/** Contact lists and subscriptions (RFC 6121 §2, §3), in memory; without pushes to other resources. */
export class Rosters {
  readonly #contacts = new Map<string, Map<string, Contact>>();

  /** Answers a roster get or set. */
  answer(iq: Element, account: string): Element {
    const query = iq.getChild('query', NS_ROSTER);
    if (iq.attrs['type'] === 'get') return iqResult(iq, this.#list(account));
    const item = query?.getChild('item');
    const jid = item?.attrs['jid'] as string | undefined;
    if (item === undefined || jid === undefined) return stanzaError(iq, 'modify', 'bad-request');
    if (item.attrs['subscription'] === 'remove') {
      this.#contacts.get(account)?.delete(jid);
      return iqResult(iq);
    }
    const contact = this.#contact(account, jid);
    if (contact === undefined) return stanzaError(iq, 'wait', 'resource-constraint');
    contact.name = item.attrs['name'] as string | undefined;
    return iqResult(iq);
  }

  /** `subscribed` of an account opens its presence to the contact. */
  subscription(account: string, contact: string, type: 'subscribe' | 'subscribed'): void {
    const own = this.#contact(account, contact);
    const theirs = this.#contact(contact, account);
    if (type !== 'subscribed' || own === undefined || theirs === undefined) return;
    own.from = true;
    theirs.to = true;
  }

  /** Who gets the account's presence. */
  subscribersOf(account: string): string[] {
    const contacts = this.#contacts.get(account);
    if (contacts === undefined) return [];
    return [...contacts].filter(([, { from }]) => from).map(([jid]) => jid);
  }

  #list(account: string): Element {
    const items = [...(this.#contacts.get(account) ?? [])].map(([jid, { name, to, from }]) => {
      const subscription = to && from ? 'both' : to ? 'to' : from ? 'from' : 'none';
      return xml('item', { jid, name, subscription });
    });
    return xml('query', { xmlns: NS_ROSTER }, ...items);
  }

  #contact(account: string, jid: string): Contact | undefined {
    const contacts = this.#contacts.get(account) ?? new Map<string, Contact>();
    this.#contacts.set(account, contacts);
    const known = contacts.get(jid);
    if (known !== undefined) return known;
    if (contacts.size >= MOST_CONTACTS) return undefined;
    const made: Contact = { name: undefined, to: false, from: false };
    contacts.set(jid, made);
    return made;
  }
}
