import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { iq, queryElement } from './iq.ts';
import { NS } from './namespaces.ts';

/** A contact as it is written to the roster (RFC 6121 §2.1.2). */
export interface Contact {
  jid: string;
  name?: string;
  groups?: readonly string[];
}

/**
 * Asks for the roster (RFC 6121 §2.1.3).
 *
 * @param version that of the roster that the client has already (§2.6)
 */
export function get(version?: string): Element {
  return iq('get', xml('query', { xmlns: NS.roster, ver: version }));
}

/** Adds contacts, or changes them (RFC 6121 §2.3). Most servers take one at a time. */
export function add(...contacts: Contact[]): Element {
  return iq('set', queryElement(NS.roster, ...contacts.map(itemOf)));
}

/** Removes a contact (RFC 6121 §2.5). */
export function remove(jid: string): Element {
  return iq('set', queryElement(NS.roster, xml('item', { jid, subscription: 'remove' })));
}

function itemOf({ jid, name, groups = [] }: Contact): Element {
  return xml('item', { jid, name }, ...groups.map((group) => xml('group', {}, group)));
}
