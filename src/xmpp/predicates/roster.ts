import { isJidOf } from '../jid.ts';
import { NS } from '../stanzas/namespaces.ts';
import { itemsOf } from './children.ts';
import { isIq } from './iq.ts';
import type { Predicate } from './predicate.ts';

/** A request for the roster. */
export function isRosterGet(): Predicate {
  return isIq('get', NS.roster);
}

/** A roster push (RFC 6121 §2.1.6). */
export function isRosterSet(): Predicate {
  return isIq('set', NS.roster);
}

/** The answer to a request for the roster. */
export function isRosterResult(): Predicate {
  return isIq('result', NS.roster);
}

/** A roster, or a push, with that number of items. */
export function hasRosterItems(count: number): Predicate {
  return (stanza) => itemsOf(stanza, NS.roster).length === count;
}

/** A roster, or a push, with that contact. */
export function rosterContains(jid: string): Predicate {
  return (stanza) =>
    itemsOf(stanza, NS.roster).some(({ attrs }) =>
      isJidOf(attrs['jid'] as string | undefined, jid),
    );
}
