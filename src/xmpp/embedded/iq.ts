import xml from '@xmpp/xml';
import type { Element } from '../element.ts';

const NS_STANZAS = 'urn:ietf:params:xml:ns:xmpp-stanzas';

/** The result of an IQ request (RFC 6120 §8.2.3). */
export function iqResult(request: Element, payload?: Element): Element {
  const attributes = {
    type: 'result',
    id: request.attrs['id'] as string | undefined,
    from: request.attrs['to'] as string | undefined,
    to: request.attrs['from'] as string | undefined,
  };
  return payload === undefined ? xml('iq', attributes) : xml('iq', attributes, payload);
}

/** An error in answer to a stanza (RFC 6120 §8.3). */
export function stanzaError(
  stanza: Element,
  type: 'auth' | 'cancel' | 'modify' | 'wait',
  condition: string,
): Element {
  return xml(
    stanza.name,
    {
      type: 'error',
      id: stanza.attrs['id'] as string | undefined,
      from: stanza.attrs['to'] as string | undefined,
      to: stanza.attrs['from'] as string | undefined,
    },
    xml('error', { type }, xml(condition, { xmlns: NS_STANZAS })),
  );
}
