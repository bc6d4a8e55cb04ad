import type { SessionObserver } from './session-parts.ts';
import type { Stanza } from './stanza.ts';
import { NS } from './stanzas/namespaces.ts';

const DELAY = /<(?:\w+:)?delay\s[^>]*urn:xmpp:delay/;

/** Tells how long a message took that says when it was made. */
export function countDelivery(stanza: Stanza, observer: SessionObserver): void {
  const age = stanza.isError ? undefined : stanza.ageMs;
  if (age === undefined) return;
  if (wasKept(stanza.text)) observer.delayed(age);
  else observer.delivered(age);
}

/** Whether the server had kept a message for later (XEP-0203): its age is not that of a delivery. */
function wasKept(text: string): boolean {
  return text.includes(NS.delay) && DELAY.test(text);
}
