import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import type { Stanza } from '../stanza.ts';
import { send } from './message.ts';
import { NS } from './namespaces.ts';

/** Asks for a receipt; an extension of a message (XEP-0184 §5.2). */
export function request(): Element {
  return xml('request', { xmlns: NS.receipts });
}

/** The receipt for a received message (XEP-0184 §5.3). */
export function confirm(received: Stanza): Element {
  const receipt = xml('received', { xmlns: NS.receipts, id: received.id });
  return send(received.from, {
    extensions: [receipt],
    ...(received.type === 'chat' ? { type: 'chat' } : {}),
  });
}
