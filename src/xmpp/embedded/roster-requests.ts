import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { parseAddress } from './address.ts';
import { iqResult, stanzaError } from './answers.ts';
import { itemOf } from './rosters.ts';
import type { Rosters } from './rosters.ts';
import type { Resource } from './sessions.ts';
import type { Subscriptions } from './subscriptions.ts';
import { NS } from '../stanzas/namespaces.ts';

const MAX_GROUPS = 20;
const MAX_NAME_LENGTH = 1023;

/** Answers clients that read or change their own roster (RFC 6121 §2). */
export class RosterRequests {
  readonly #rosters: Rosters;
  readonly #subscriptions: Subscriptions;

  constructor(rosters: Rosters, subscriptions: Subscriptions) {
    this.#rosters = rosters;
    this.#subscriptions = subscriptions;
  }

  answer(iq: Element, sender: Resource): Element {
    if (iq.attrs['type'] === 'get') {
      sender.wantsPushes = true;
      return iqResult(iq, this.#list(sender.account));
    }
    const items = iq.getChild('query', NS.roster)?.getChildren('item') ?? [];
    const jid = parseAddress((items[0]?.attrs['jid'] as string | undefined) ?? '')?.bare;
    const [item] = items;
    if (item === undefined || items.length > 1 || jid === undefined) {
      return stanzaError(iq, 'modify', 'bad-request');
    }
    return item.attrs['subscription'] === 'remove'
      ? this.#remove(iq, sender.account, jid)
      : this.#change(iq, sender.account, jid, item);
  }

  #list(account: string): Element {
    const listed = [...this.#rosters.of(account)].filter(([, { isListed }]) => isListed);
    const items = listed.map(([jid, contact]) => itemOf(jid, contact));
    return xml('query', { xmlns: NS.roster }, ...items);
  }

  #change(iq: Element, account: string, jid: string, item: Element): Element {
    const groups = [...new Set(item.getChildren('group').map((group) => group.text()))];
    const name = item.attrs['name'] as string | undefined;
    const isTooLong = [name ?? '', ...groups].some(({ length }) => length > MAX_NAME_LENGTH);
    if (groups.length > MAX_GROUPS || isTooLong || groups.includes('')) {
      return stanzaError(iq, 'modify', 'not-acceptable');
    }
    const contact = this.#rosters.open(account, jid);
    if (contact === undefined) return stanzaError(iq, 'wait', 'resource-constraint');
    Object.assign(contact, { name, groups, isListed: true });
    this.#subscriptions.push(account, itemOf(jid, contact));
    return iqResult(iq);
  }

  #remove(iq: Element, account: string, jid: string): Element {
    if (this.#rosters.get(account, jid)?.isListed !== true) {
      return stanzaError(iq, 'cancel', 'item-not-found');
    }
    this.#subscriptions.end(account, jid);
    return iqResult(iq);
  }
}
