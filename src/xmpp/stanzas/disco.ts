import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { iq } from './iq.ts';
import { NS } from './namespaces.ts';

/** Asks what an entity is and can do (XEP-0030 §3). */
export function info(to: string, node?: string): Element {
  return iq('get', xml('query', { xmlns: NS.discoInfo, node }), to);
}

/** Asks for the items of an entity (XEP-0030 §4). */
export function items(to: string, node?: string): Element {
  return iq('get', xml('query', { xmlns: NS.discoItems, node }), to);
}

/** A feature, for an answer (XEP-0030 §3.1). */
export function feature(name: string): Element {
  return xml('feature', { var: name });
}

/** An identity, for an answer (XEP-0030 §3.1). */
export function identity(category: string, type: string, name?: string): Element {
  return xml('identity', { category, type, name });
}
