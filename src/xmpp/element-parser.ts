import { Element } from '@xmpp/xml';
import { restricted } from './wire/frame-grammar.ts';
import { attributeText, contentText, isXmlName, lineEnds } from './xml-text.ts';

/**
 * Builds the tree of one element in a single pass, so that the time grows with the text and with nothing
 * else. The library's own parser searches for the end of an unterminated value from each of its letters: a
 * stanza of 1 MiB took it seconds.
 *
 * @throws {Error} naming the part that is not well-formed
 */
export function parseTree(text: string): Element {
  let root: Element | undefined;
  let open: Element | undefined;
  let at = 0;
  for (;;) {
    const tag = text.indexOf('<', at);
    addText(open, text.slice(at, tag < 0 ? text.length : tag));
    if (tag < 0) break;
    const next = text.charCodeAt(tag + 1);
    if (next === SLASH) {
      at = after(text, '>', tag + 2, 'unterminated end tag');
      const name = text.slice(tag + 2, at - 1).trimEnd();
      if (open?.name !== name) throw new Error(`the end tag of ${brief(name)} closes nothing`);
      open = open.parent ?? undefined;
    } else if (next === BANG) {
      at = addSection(text, tag, open);
    } else if (next === QUESTION) {
      throw new Error(restricted.instruction);
    } else {
      if (root !== undefined && open === undefined) throw new Error('more than one element');
      const nameEnd = endOfName(text, tag + 1);
      if (nameEnd === tag + 1) throw new Error('a tag without a name');
      const name = text.slice(tag + 1, nameEnd);
      if (!isXmlName(name)) throw new Error(`invalid element name ${brief(name)}`);
      const element = new Element(name);
      root ??= element;
      open?.cnode(element);
      at = readAttributes(text, nameEnd, element.attrs);
      if (text.charCodeAt(at) === SLASH) at++;
      else open = element;
      if (text.charCodeAt(at++) !== GT) throw new Error('/ within a tag');
    }
  }
  if (root === undefined) throw new Error('no element');
  if (open !== undefined) throw new Error(`${brief(open.name)} has no end tag`);
  return root;
}

/** Reads up to the `>` or the `/` that ends a tag. @returns its position */
function readAttributes(text: string, from: number, attributes: Record<string, string>): number {
  let end = from;
  for (;;) {
    let at = skipSpace(text, end);
    const code = text.charCodeAt(at);
    if (code === GT || code === SLASH) return at;
    const nameEnd = endOfName(text, at);
    const name = text.slice(at, nameEnd);
    if (at === end) throw new Error(`no blank before the attribute ${brief(name)}`);
    at = skipSpace(text, nameEnd);
    if (name === '' || text.charCodeAt(at) !== EQUALS) {
      throw new Error(`the attribute ${brief(name)} has no value`);
    }
    if (!isXmlName(name)) throw new Error(`invalid attribute name ${brief(name)}`);
    if (Object.hasOwn(attributes, name)) throw new Error(`duplicate attribute ${brief(name)}`);
    at = skipSpace(text, at + 1);
    const quote = text.charAt(at);
    if (quote !== '"' && quote !== "'")
      throw new Error(`the value of ${brief(name)} has no quotes`);
    end = after(text, quote, at + 1, 'unterminated attribute value');
    attributes[name] = attributeText(text.slice(at + 1, end - 1));
  }
}

/**
 * Reads CDATA as text; XMPP forbids everything else that begins with `<!` (RFC 6120 §11.1).
 *
 * @returns the position after it
 */
function addSection(text: string, tag: number, open: Element | undefined): number {
  if (text.startsWith('<!--', tag)) throw new Error(restricted.comment);
  if (!text.startsWith('<![CDATA[', tag) || open === undefined) throw new Error('a declaration');
  const end = after(text, ']]>', tag + 9, 'unterminated CDATA section');
  if (end - 3 > tag + 9) open.t(lineEnds(text.slice(tag + 9, end - 3)));
  return end;
}

function addText(open: Element | undefined, text: string): void {
  if (text === '') return;
  if (open === undefined) {
    if (text.trim() !== '') throw new Error('text around the element');
    return;
  }
  // XML 1.0 §2.4
  if (text.includes(']]>')) throw new Error(']]> in a text');
  open.t(contentText(text));
}

function after(text: string, what: string, from: number, otherwise: string): number {
  const at = text.indexOf(what, from);
  if (at < 0) throw new Error(otherwise);
  return at + what.length;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) <= SPACE) at++;
  return at;
}

/** A name ends at a space, `/`, `>` or `=`, or with the text. */
function endOfName(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code <= SPACE || code === SLASH || code === GT || code === EQUALS) break;
  }
  return at;
}

/** A name for an error message. */
function brief(name: string): string {
  return name.length <= MAX_NAME_LENGTH ? name : `${name.slice(0, MAX_NAME_LENGTH)}…`;
}

const MAX_NAME_LENGTH = 40;
const SPACE = 0x20;
const BANG = 0x21;
const SLASH = 0x2f;
const EQUALS = 0x3d;
const GT = 0x3e;
const QUESTION = 0x3f;
