import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { iq, queryElement } from './iq.ts';
import { NS } from './namespaces.ts';

/** One rule of a privacy list (XEP-0016 §2.1). */
export interface PrivacyItem {
  action: 'allow' | 'deny';
  /** Rules are tried in this order. */
  order: number;
  /** The kind of `value`; a rule without a type is for everyone. */
  type?: 'jid' | 'group' | 'subscription';
  value?: string;
  /** Stanzas that the rule is for; all when left out. */
  stanzas?: readonly ('message' | 'presence-in' | 'presence-out' | 'iq')[];
}

/** A privacy list as an element (XEP-0016 §2.1). */
export function list(name: string, items: readonly PrivacyItem[]): Element {
  return xml('list', { name }, ...items.map(itemOf));
}

/** Asks for the names of all lists (XEP-0016 §2.3). */
export function getAll(): Element {
  return iq('get', queryElement(NS.privacy));
}

/** Asks for lists (XEP-0016 §2.3); servers take one name at a time. */
export function get(...names: string[]): Element {
  return iq('get', queryElement(NS.privacy, ...names.map((name) => xml('list', { name }))));
}

/** Writes a list (XEP-0016 §2.6). */
export function set(name: string, items: readonly PrivacyItem[]): Element {
  return iq('set', queryElement(NS.privacy, list(name, items)));
}

/** Removes a list (XEP-0016 §2.7). */
export function remove(name: string): Element {
  return iq('set', queryElement(NS.privacy, xml('list', { name })));
}

/** Sets the list of this session; no list when left out (XEP-0016 §2.4). */
export function activate(name?: string): Element {
  return iq('set', queryElement(NS.privacy, xml('active', { name })));
}

/** Sets the list of all sessions; no list when left out (XEP-0016 §2.5). */
export function setDefault(name?: string): Element {
  return iq('set', queryElement(NS.privacy, xml('default', { name })));
}

function itemOf({ action, order, type, value, stanzas = [] }: PrivacyItem): Element {
  const kinds = stanzas.map((kind) => xml(kind));
  return xml('item', { action, order: String(order), type, value }, ...kinds);
}
