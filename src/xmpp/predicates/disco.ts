import { NS } from '../stanzas/namespaces.ts';
import { childrenOf, itemsOf } from './children.ts';
import type { Predicate } from './predicate.ts';

/** A service discovery answer with that item (XEP-0030 §4). */
export function hasItem(jid: string): Predicate {
  return (stanza) => itemsOf(stanza, NS.discoItems).some(({ attrs }) => attrs['jid'] === jid);
}

/** A service discovery answer with that feature (XEP-0030 §3). */
export function hasFeature(feature: string): Predicate {
  return (stanza) =>
    childrenOf(stanza, NS.discoInfo, 'feature').some(({ attrs }) => attrs['var'] === feature);
}

/** A service discovery answer with that identity (XEP-0030 §3). */
export function hasIdentity(category: string, type: string): Predicate {
  return (stanza) =>
    childrenOf(stanza, NS.discoInfo, 'identity').some(
      ({ attrs }) => attrs['category'] === category && attrs['type'] === type,
    );
}
