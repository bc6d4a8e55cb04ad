import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { iq } from './iq.ts';
import { NS } from './namespaces.ts';

/** Asks for copies of the other resources' messages (XEP-0280 §4). */
export function enable(): Element {
  return iq('set', xml('enable', { xmlns: NS.carbons }));
}

/** Asks for no further copies (XEP-0280 §5). */
export function disable(): Element {
  return iq('set', xml('disable', { xmlns: NS.carbons }));
}
