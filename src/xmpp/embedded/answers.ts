import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { NS } from '../stanzas/namespaces.ts';

/** What a stanza error is of (RFC 6120 §8.3.2). */
export type ErrorType = 'auth' | 'cancel' | 'modify' | 'wait';

/** The result of an IQ request (RFC 6120 §8.2.3). */
export function iqResult(request: Element, payload?: Element): Element {
  const attributes = { type: 'result', ...answerAddresses(request) };
  return payload === undefined ? xml('iq', attributes) : xml('iq', attributes, payload);
}

/** An error in answer to a stanza (RFC 6120 §8.3). @param text for the person who reads it */
export function stanzaError(
  stanza: Element,
  type: ErrorType,
  condition: string,
  text?: string,
): Element {
  const reason = xml(condition, { xmlns: NS.stanzas });
  const words = text === undefined ? [] : [xml('text', { xmlns: NS.stanzas }, text)];
  return xml(
    stanza.name,
    { type: 'error', ...answerAddresses(stanza) },
    xml('error', { type }, reason, ...words),
  );
}

/** Whether a stanza must not be answered: answers to answers would never end (RFC 6120 §8.3.1). */
export function isAnswer({ attrs }: Element): boolean {
  return attrs['type'] === 'error' || attrs['type'] === 'result';
}

function answerAddresses({ attrs }: Element): Record<string, string | undefined> {
  return {
    id: attrs['id'] as string | undefined,
    from: attrs['to'] as string | undefined,
    to: attrs['from'] as string | undefined,
  };
}
