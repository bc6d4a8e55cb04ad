import xml from '@xmpp/xml';
import type { Element } from '@xmpp/xml';
import { escapeXML, unescapeXML } from 'ltx';
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

/** Text as XML has it: `<` becomes `&lt;`. Text without such characters is given back as it is. */
export function escapeXml(text: string): string {
  return /[&<>"']/.test(text) ? escapeXML(text) : text;
}

/** The opposite of {@link escapeXml}, numeric references included. */
export function unescapeXml(text: string): string {
  return text.includes('&') ? unescapeXML(text) : text;
}
