import { messageOf } from '../lib/errors.ts';
import type { Element } from './element.ts';
import { StanzaError } from './errors.ts';
import type { Stanza } from './stanza.ts';
import { NS } from './stanzas/namespaces.ts';

/** The name of the child that is the condition: in that namespace, whatever its prefix, and not the text. */
function conditionIn(element: Element | undefined, xmlns: string): string {
  const condition = element
    ?.getChildElements()
    .find((child) => child.getNS() === xmlns && child.getName() !== 'text');
  return condition?.getName() ?? 'undefined-condition';
}

/**
 * The condition and text of an error stanza (RFC 6120 §8.3.2).
 *
 * @param asked the request that the stanza answers, as the error names it: `the get of jabber:iq:version`
 */
export function stanzaErrorOf(stanza: Stanza, asked?: string): StanzaError {
  const error = stanza.getChild('error');
  return new StanzaError(
    conditionIn(error, NS.stanzas),
    error?.getChildText('text') ?? '',
    asked === undefined ? undefined : { what: asked, of: stanza.from },
  );
}

/** The error for a refused request to enable stream management (XEP-0198 §3). */
export function smErrorOf(answer: Stanza): StanzaError {
  return new StanzaError(conditionIn(answer.element, NS.stanzas), 'stream management');
}

/**
 * Whether a stanza is a stream error, however its namespace is written: `stream:error`, the same with another
 * prefix, or `error` with the namespace as its default.
 */
export function isStreamErrorStanza(stanza: Stanza): boolean {
  const { name } = stanza;
  return name.endsWith(':error') || (name === 'error' && stanza.element.getNS() === NS.stream);
}

/** A stream error (RFC 6120 §4.9). */
export interface StreamErrorParts {
  condition: string;
  /** The condition and what else the error says, for an error message. */
  text: string;
  /** Where the server redirects the client (RFC 6120 §4.9.3.19). */
  otherHost: string | undefined;
}

/** Reads a stream error; if its inside is not well-formed, its text says so. */
export function readStreamError(stanza: Stanza): StreamErrorParts {
  try {
    const condition = conditionIn(stanza.element, NS.streams);
    const otherHost = stanza.getChildText('see-other-host')?.trim();
    const said = [otherHost ?? '', stanza.getChildText('text') ?? ''].filter((each) => each !== '');
    const text = said.length === 0 ? condition : `${condition} (${said.join('; ')})`;
    return { condition, text, otherHost };
  } catch (error) {
    const text = `a stream error that cannot be read: ${messageOf(error)}`;
    return { condition: 'undefined-condition', text, otherHost: undefined };
  }
}

/** Stream errors after which a new connection would end in the same way (RFC 6120 §4.9.3). */
const lastWords = new Set(['conflict', 'not-authorized', 'policy-violation']);

/** Whether a session that ended with this condition must not be replaced. */
export function isLastWord(condition: string | undefined): boolean {
  return condition !== undefined && lastWords.has(condition);
}
