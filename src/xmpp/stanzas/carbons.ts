import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { iq } from './iq.ts';
import { NS } from './namespaces.ts';

/** Copies of the other resources' messages, please (XEP-0280 §4). */
export function enable(): Element {
  return iq('set', xml('enable', { xmlns: NS.carbons }));
}

/** No copies any more (XEP-0280 §5). */
export function disable(): Element {
  return iq('set', xml('disable', { xmlns: NS.carbons }));
}
