import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { NS } from './namespaces.ts';

/** Says that the user is looking at the client (XEP-0352 §4.2). */
export function active(): Element {
  return xml('active', { xmlns: NS.csi });
}

/** Says that the user is not looking: the server may hold presence back (XEP-0352 §4.2). */
export function inactive(): Element {
  return xml('inactive', { xmlns: NS.csi });
}
