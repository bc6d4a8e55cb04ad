import type { Element } from '../element.ts';
import type { Stanza } from '../stanza.ts';
import { NS } from '../stanzas/namespaces.ts';

/** The forwarded message (XEP-0297 §3.1). */
export function forwardedIn(element: Element): Element | undefined {
  return element.getChild('forwarded', NS.forward)?.getChild('message');
}

/** The items of an IQ's query of that namespace. */
export function itemsOf(stanza: Stanza, xmlns: string): Element[] {
  return childrenOf(stanza, xmlns, 'item');
}

/** The children of that name in an IQ's query of that namespace. */
export function childrenOf(stanza: Stanza, xmlns: string, name: string): Element[] {
  return stanza.name === 'iq' ? (stanza.getChild('query', xmlns)?.getChildren(name) ?? []) : [];
}

/** Whether a message has that text; every message does when `body` is left out. */
export function bodyFits(
  stanza: Pick<Element, 'getChildText'> | Pick<Stanza, 'getChildText'> | undefined,
  body: string | undefined,
): boolean {
  return body === undefined || stanza?.getChildText('body') === body;
}
