import { NS } from '../stanzas/namespaces.ts';
import type { Predicate } from './predicate.ts';

/** A chat marker; with `messageId`, only for that message (XEP-0333 §4). */
export function isChatMarker(
  kind: 'received' | 'displayed' | 'acknowledged',
  messageId?: string,
): Predicate {
  return (stanza) => {
    const marker = stanza.name === 'message' ? stanza.getChild(kind, NS.markers) : undefined;
    return marker !== undefined && (messageId ?? marker.attrs['id']) === marker.attrs['id'];
  };
}
