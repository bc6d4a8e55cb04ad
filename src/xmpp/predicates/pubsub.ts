import { NS } from '../stanzas/namespaces.ts';
import type { Predicate } from './predicate.ts';

/** A message in which a PubSub node reports items (XEP-0060 §7.1.2.1). */
export function isPubsubEvent(node?: string): Predicate {
  return (stanza) => {
    if (stanza.name !== 'message') return false;
    const items = stanza.getChild('event', NS.pubsubEvent)?.getChild('items');
    return items !== undefined && (node === undefined || items.attrs['node'] === node);
  };
}
