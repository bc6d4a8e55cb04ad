import { NS } from '../stanzas/namespaces.ts';
import { isMessage } from './message.ts';
import { and } from './predicate.ts';
import type { Predicate } from './predicate.ts';
import { hasChild } from './stanza.ts';

/** A message that asks for a receipt (XEP-0184 §5.2). */
export function isReceiptRequest(): Predicate {
  return and(isMessage(), hasChild('request', NS.receipts));
}

/** A receipt; with `messageId`, only for that message (XEP-0184 §5.3). */
export function isReceipt(messageId?: string): Predicate {
  return (stanza) => {
    if (stanza.name !== 'message') return false;
    const received = stanza.getChild('received', NS.receipts);
    return received !== undefined && (messageId ?? received.attrs['id']) === received.attrs['id'];
  };
}
