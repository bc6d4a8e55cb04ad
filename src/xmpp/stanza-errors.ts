import { messageOf } from '../lib/errors.ts';
import { StanzaError } from './errors.ts';
import type { Stanza } from './stanza.ts';
import { NS } from './stanzas/namespaces.ts';

/**
 * The condition and text of an error stanza (RFC 6120 §8.3.2).
 *
 * @param asked what it is the answer to, as the error says it: `the get of jabber:iq:version`
 */
export function stanzaErrorOf(stanza: Stanza, asked?: string): StanzaError {
  const error = stanza.getChild('error');
  const condition = error
    ?.getChildElements()
    .find(
      (child) => child.getNS() === 'urn:ietf:params:xml:ns:xmpp-stanzas' && child.name !== 'text',
    );
  return new StanzaError(
    condition?.name ?? 'undefined-condition',
    error?.getChildText('text') ?? '',
    asked === undefined ? undefined : { what: asked, of: stanza.from },
  );
}

/**
 * Whether it is a stream error, however its namespace is written: `stream:error`, with another prefix of the
 * stream, or `error` with the namespace as its default.
 */
export function isStreamErrorStanza(stanza: Stanza): boolean {
  const { name } = stanza;
  return name.endsWith(':error') || (name === 'error' && stanza.element.getNS() === NS.stream);
}

/** What a stream error says (RFC 6120 §4.9). */
export function streamErrorText(stanza: Stanza): string {
  let condition: string;
  let words: (string | undefined)[];
  try {
    condition = stanza.payload?.name ?? 'undefined-condition';
    words = [otherHostOf(stanza), stanza.getChildText('text')];
  } catch (error) {
    return `a stream error of which ${messageOf(error)}`;
  }
  const said = words.filter((each) => each !== undefined).join('; ');
  return said === '' ? condition : `${condition} (${said})`;
}

/** Where the server sends its client, when that is what its stream error says (RFC 6120 §4.9.3.19). */
export function otherHostOf(stanza: Stanza): string | undefined {
  return stanza.getChildText('see-other-host')?.trim();
}

/** Stream errors after which a new connection would end as the one before did (RFC 6120 §4.9.3). */
const lastWords = new Set(['conflict', 'not-authorized', 'policy-violation']);

/** Whether a session that ended by it is not to be replaced. */
export function isLastWord(condition: string | undefined): boolean {
  return condition !== undefined && lastWords.has(condition);
}
