import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { iq } from './iq.ts';
import { NS } from './namespaces.ts';

/** Asks for the vCard of a JID, or for the user's own when left out (XEP-0054 §3.1, §3.3). */
export function get(jid?: string): Element {
  return iq('get', xml('vCard', { xmlns: NS.vcard }), jid);
}

/** Fields of a vCard by their names: text, or fields below. */
export interface VCardFields {
  readonly [name: string]: string | VCardFields;
}

/** Writes the user's own vCard (XEP-0054 §3.2): `set({ FN: 'Alice', N: { GIVEN: 'Alice' } })`. */
export function set(fields: VCardFields): Element {
  return iq('set', xml('vCard', { xmlns: NS.vcard }, ...elementsOf(fields)));
}

function elementsOf(fields: VCardFields): Element[] {
  return Object.entries(fields).map(([name, value]) =>
    typeof value === 'string' ? xml(name, {}, value) : xml(name, {}, ...elementsOf(value)),
  );
}
