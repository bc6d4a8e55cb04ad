import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { iq } from './iq.ts';
import { NS } from './namespaces.ts';

/** Asks which JIDs are blocked (XEP-0191 §3.2). */
export function get(): Element {
  return iq('get', xml('blocklist', { xmlns: NS.blocking }));
}

/** Blocks JIDs (XEP-0191 §3.3). */
export function block(...jids: string[]): Element {
  return iq('set', xml('block', { xmlns: NS.blocking }, ...jids.map(itemOf)));
}

/** Unblocks JIDs; all of them when none is given (XEP-0191 §3.4, §3.5). */
export function unblock(...jids: string[]): Element {
  return iq('set', xml('unblock', { xmlns: NS.blocking }, ...jids.map(itemOf)));
}

function itemOf(jid: string): Element {
  return xml('item', { jid });
}
