import { NS } from '../stanzas/namespaces.ts';
import { bodyFits, forwardedIn } from './children.ts';
import type { Predicate } from './predicate.ts';

/** A message from an archive (XEP-0313 §4.2); with `body`, only one with that text. */
export function isArchivedMessage(body?: string): Predicate {
  return (stanza) => {
    const result = stanza.name === 'message' ? stanza.getChild('result', NS.mam) : undefined;
    return result !== undefined && bodyFits(forwardedIn(result), body);
  };
}

/** The end of a page of an archive (XEP-0313 §4.3). */
export function isArchiveEnd(): Predicate {
  return (stanza) =>
    (stanza.name === 'iq' || stanza.name === 'message') &&
    stanza.element.getChildElements().some((child) => child.is('fin', NS.mam));
}
