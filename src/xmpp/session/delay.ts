import type { SessionObserver } from './session-parts.ts';
import type { Stanza } from '../stanza.ts';
import { NS } from '../stanzas/namespaces.ts';

const DELAY = /<(?:\w+:)?delay\s[^>]*urn:xmpp:delay/;

/** Records the delivery time of a message whose id carries its creation time. */
export function countDelivery(stanza: Stanza, observer: SessionObserver): void {
  const age = stanza.isError ? undefined : stanza.ageMs;
  if (age === undefined) return;
  if (wasKept(stanza.text)) observer.delayed(age);
  else observer.delivered(age);
}

/** Whether the server had stored the message for later (XEP-0203); its age is then not a delivery time. */
function wasKept(text: string): boolean {
  return text.includes(NS.delay) && DELAY.test(text);
}
