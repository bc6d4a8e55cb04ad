import { xml } from '../element.ts';
import type { Element } from '../element.ts';
import { errorElement } from '../stanzas/iq.ts';
import type { StanzaErrorType } from '../stanzas/iq.ts';

/** The result of an IQ request (RFC 6120 §8.2.3). */
export function iqResult(request: Element, payload?: Element): Element {
  const attributes = { type: 'result', ...answerAddresses(request) };
  return payload === undefined ? xml('iq', attributes) : xml('iq', attributes, payload);
}

/** An error that answers a stanza (RFC 6120 §8.3). @param text for a human reader */
export function stanzaError(
  stanza: Element,
  type: StanzaErrorType,
  condition: string,
  text?: string,
): Element {
  const attributes = { type: 'error', ...answerAddresses(stanza) };
  return xml(stanza.name, attributes, errorElement(type, condition, text));
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
