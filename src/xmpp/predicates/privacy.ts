import { NS } from '../stanzas/namespaces.ts';
import { isIq } from './iq.ts';
import { and } from './predicate.ts';
import type { Predicate } from './predicate.ts';
import { isError } from './stanza.ts';

/** A push that says that a privacy list has changed (XEP-0016 §2.6). */
export function isPrivacySet(): Predicate {
  return isIq('set', NS.privacy);
}

/** An answer about privacy lists; with names, only when its active and its default list have these names. */
export function isPrivacyResult({
  active,
  byDefault,
}: { active?: string; byDefault?: string } = {}): Predicate {
  return (stanza) => {
    if (!isIq('result', NS.privacy)(stanza)) return false;
    const query = stanza.payload;
    const names = (child: string, wanted: string | undefined): boolean =>
      wanted === undefined || query?.getChild(child)?.attrs['name'] === wanted;
    return names('active', active) && names('default', byDefault);
  };
}

/** The error for a privacy list that does not exist. */
export function isPrivacyListNotFound(): Predicate {
  return and(isIq('error'), isError('cancel', 'item-not-found'));
}
