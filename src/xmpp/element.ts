import xml from '@xmpp/xml';
import type { Element } from '@xmpp/xml';
import { escapeXML } from 'ltx';
import { AmocError, messageOf } from '../lib/errors.ts';
import { parseTree } from './element-parser.ts';

export type { Element };

/** What may be sent: an element, or XML text that is sent as it is. */
export type Outgoing = Element | string;

/** Builds an element: `xml('message', { to }, xml('body', {}, 'hi'))`. */
export { xml };

/** The stream around every stanza: what their names without a namespace mean (RFC 6120 §4.8). */
const streamRoot = xml('stream:stream', {
  xmlns: 'jabber:client',
  'xmlns:stream': 'http://etherx.jabber.org/streams',
});

/**
 * Reads one element, as it stands in a client's stream.
 *
 * @throws {AmocError} `CONNECTION` when the text is not one well-formed element
 */
export function parseElement(text: string): Element {
  let element: Element;
  try {
    element = parseTree(text);
  } catch (cause) {
    throw new AmocError('CONNECTION', `a stanza is not well-formed: ${messageOf(cause)}`, {
      cause,
    });
  }
  element.parent = streamRoot;
  return element;
}

/**
 * Text as XML has it: `<` becomes `&lt;`. Text without such characters is given back as it is.
 *
 * @throws {AmocError} `ARGUMENT` for a character that XML forbids
 */
export function escapeXml(text: string): string {
  return SPECIAL.test(text) ? escapeXML(demandXmlText(text)) : text;
}

/** What XML 1.0 §2.2 forbids, however it is written, and halves of a surrogate pair, which UTF-8 cannot have. */
const FORBIDDEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
/** All that {@link escapeXml} has to look at more closely. */
const SPECIAL = /[&<>"'\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\ud800-\udfff]/;

/**
 * Text that XML can have: a server ends the session of whoever sends another (RFC 6120 §4.9.3.13).
 *
 * @returns the same
 * @throws {AmocError} `ARGUMENT` that names the character and where it stands
 */
export function demandXmlText(text: string): string {
  const at = text.search(FORBIDDEN);
  if (at < 0) return text;
  const code = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0');
  throw new AmocError(
    'ARGUMENT',
    `XML forbids the character U+${code}, which stands at ${at} in ${JSON.stringify(text.slice(Math.max(0, at - 20), at + 20))}; leave it out, or send it encoded`,
  );
}
