import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { iq, queryElement } from './iq.ts';
import { NS } from './namespaces.ts';

/** Asks for a stored element (XEP-0049 §3.2). */
export function get(name: string, xmlns: string): Element {
  return iq('get', queryElement(NS.privateStorage, xml(name, { xmlns })));
}

/** Stores an element (XEP-0049 §3.1). */
export function set(element: Element): Element {
  return iq('set', queryElement(NS.privateStorage, element));
}
