import xml from '@xmpp/xml';
import type { Element } from '@xmpp/xml';
import { escapeXML } from 'ltx';
import { AmocError, messageOf } from '../lib/errors.ts';
import { parseTree } from './element-parser.ts';

export type { Element };

/** What may be sent: an element, or XML text that is sent unchanged. */
export type Outgoing = Element | string;

/** Builds an element: `xml('message', { to }, xml('body', {}, 'hi'))`. */
export { xml };

/** The stream around every stanza: it says what names without a namespace mean (RFC 6120 §4.8). */
const streamRoot = xml('stream:stream', {
  xmlns: 'jabber:client',
  'xmlns:stream': 'http://etherx.jabber.org/streams',
});

/**
 * Parses one element as part of a client's stream.
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
 * Escapes text for XML: `<` becomes `&lt;`. Text without special characters is returned unchanged.
 *
 * @throws {AmocError} `ARGUMENT` for a character that XML forbids
 */
export function escapeXml(text: string): string {
  return SPECIAL.test(text) ? escapeXML(demandXmlText(text)) : text;
}

/** Characters that XML 1.0 §2.2 forbids even when escaped, and lone surrogates, which UTF-8 cannot encode. */
const FORBIDDEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
/** The characters that make {@link escapeXml} look at a text more closely. */
const SPECIAL = /[&<>"'\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\ud800-\udfff]/;

/**
 * Checks that XML allows the text: a server ends a session that sends any other (RFC 6120 §4.9.3.13).
 *
 * @returns the text, unchanged
 * @throws {AmocError} `ARGUMENT` naming the character and its position
 */
export function demandXmlText(text: string): string {
  const at = text.search(FORBIDDEN);
  if (at < 0) return text;
  const code = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0');
  throw new AmocError(
    'ARGUMENT',
    `XML forbids the character U+${code} at position ${at} of ${JSON.stringify(text.slice(Math.max(0, at - 20), at + 20))}; leave it out, or send it encoded`,
  );
}
