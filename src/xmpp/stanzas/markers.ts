import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { send } from './message.ts';
import { NS } from './namespaces.ts';

/** Asks for markers; an extension of a message (XEP-0333 §4). */
export function markable(): Element {
  return xml('markable', { xmlns: NS.markers });
}

/** Says how far the receiver of a message has come with it (XEP-0333 §4). */
export function marker(
  to: string,
  kind: 'received' | 'displayed' | 'acknowledged',
  messageId: string,
): Element {
  return send(to, { type: 'chat', extensions: [xml(kind, { xmlns: NS.markers, id: messageId })] });
}
