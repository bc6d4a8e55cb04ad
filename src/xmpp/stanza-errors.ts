import { messageOf } from '../lib/errors.ts';
import { StanzaError } from './errors.ts';
import type { Stanza } from './stanza.ts';

/** The condition and text of an error stanza (RFC 6120 §8.3.2). */
export function stanzaErrorOf(stanza: Stanza): StanzaError {
  const error = stanza.getChild('error');
  const condition = error
    ?.getChildElements()
    .find(
      (child) => child.getNS() === 'urn:ietf:params:xml:ns:xmpp-stanzas' && child.name !== 'text',
    );
  return new StanzaError(
    condition?.name ?? 'undefined-condition',
    error?.getChildText('text') ?? '',
  );
}

/** What a stream error says (RFC 6120 §4.9). */
export function streamErrorText(stanza: Stanza): string {
  let condition: string;
  let text: string | undefined;
  try {
    condition = stanza.payload?.name ?? 'undefined-condition';
    text = stanza.getChildText('text');
  } catch (error) {
    return `a stream error of which ${messageOf(error)}`;
  }
  return text === undefined ? condition : `${condition} (${text})`;
}
