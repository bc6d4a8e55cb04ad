import { NS } from '../stanzas/namespaces.ts';
import { bodyFits, forwardedIn } from './children.ts';
import type { Predicate } from './predicate.ts';

/** A copy of a message that another resource of the account received (XEP-0280 §7). */
export function isCarbonReceived(body?: string): Predicate {
  return carbon('received', body);
}

/** A copy of a message that another resource of the account sent (XEP-0280 §8). */
export function isCarbonSent(body?: string): Predicate {
  return carbon('sent', body);
}

function carbon(kind: 'received' | 'sent', body: string | undefined): Predicate {
  return (stanza) => {
    const copy = stanza.name === 'message' ? stanza.getChild(kind, NS.carbons) : undefined;
    return copy !== undefined && bodyFits(forwardedIn(copy), body);
  };
}
