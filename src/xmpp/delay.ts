import { NS } from './stanzas/namespaces.ts';

const DELAY = /<(?:\w+:)?delay\s[^>]*urn:xmpp:delay/;

/** Whether the server had kept a message for later (XEP-0203): its age is not that of a delivery. */
export function wasKept(text: string): boolean {
  return text.includes(NS.delay) && DELAY.test(text);
}
