import { AmocError } from '../../lib/errors.ts';

/** Is told what a framer finds, in the order of the bytes. */
export interface FrameTarget {
  /** The tag that opens the stream. */
  opened(tag: string): void;
  /** One complete element below the stream's root, unchanged. */
  stanza(text: string): void;
  /** The stream was closed by its end tag. */
  ended(): void;
  /** The bytes are not an XML stream, or exceed a limit; nothing more is read. */
  malformed(error: AmocError): void;
}

/** The limits of a framer. */
export interface FrameLimits {
  /** Maximum size of one stanza, in bytes. @default 1 MiB */
  stanzaBytes: number;
  /** Maximum depth of nested elements. @default 128 */
  depth: number;
  /** Maximum number of elements in one stanza, itself included. @default 32,768 */
  elements: number;
  /** Maximum number of attributes of one element. @default 256 */
  attributes: number;
}

/**
 * A stanza may have one element for this many bytes of its maximum size: empty elements take four bytes,
 * and a tree of them would block all users of the process for half a second. An item of a roster or a list
 * takes 40 bytes and more.
 */
const BYTES_AN_ELEMENT = 32;
const MIN_ELEMENTS = 1000;

/** The limits for stanzas of at most `stanzaBytes`; the same object for the same number. */
export function frameLimitsOf(stanzaBytes: number): FrameLimits {
  if (latest.stanzaBytes !== stanzaBytes) latest = limitsOf(stanzaBytes);
  return latest;
}

const limitsOf = (stanzaBytes: number): FrameLimits => ({
  stanzaBytes,
  depth: 128,
  elements: Math.max(MIN_ELEMENTS, Math.ceil(stanzaBytes / BYTES_AN_ELEMENT)),
  attributes: 256,
});

export const defaultFrameLimits: FrameLimits = limitsOf(1024 * 1024);
/** A process has one run, and so one limit at a time, but thousands of wires. */
let latest = defaultFrameLimits;

export const LT = 0x3c;
export const GT = 0x3e;
export const SLASH = 0x2f;
export const AMP = 0x26;
export const DASH = 0x2d;
export const BANG = 0x21;
export const QUESTION = 0x3f;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const DOUBLE_QUOTE = 0x22;
export const SINGLE_QUOTE = 0x27;
export const LEFT_BRACKET = 0x5b;
export const RIGHT_BRACKET = 0x5d;

/** Whether XML 1.0 §2.2 forbids a character of one byte. */
export function isForbidden(byte: number): boolean {
  return byte < 0x20 && byte !== 0x9 && byte !== 0xa && byte !== 0xd;
}

/** Bytes that end a run of text; and those that end a run of an attribute's value. */
export const stopsText = stops(LT, AMP);
export const stopsValue = stops(LT, AMP, SINGLE_QUOTE, DOUBLE_QUOTE);

/** Forbidden characters end a run too, so that no run contains one. */
function stops(...bytes: number[]): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) =>
    bytes.includes(byte) || isForbidden(byte) ? 1 : 0,
  );
}

/** The position of a character that is forbidden although its bytes are valid UTF-8; -1 if there is none. */
export function noncharacterIn(text: string): number {
  const at = text.indexOf('\ufffe');
  return at >= 0 ? at : text.indexOf('\uffff');
}

/** XML that XMPP forbids (RFC 6120 §11.1). As no entity can be declared, no entity can expand. */
export const restricted = {
  comment: 'a comment, which XMPP forbids',
  instruction: 'a processing instruction, which XMPP forbids',
  typeDefinition: 'a document type definition, which XMPP forbids',
} as const;

/** The other side's bytes are not an XMPP stream, or exceed a limit. */
export class StreamFault extends AmocError {
  /** The stream error that a server answers it with (RFC 6120 §4.9.3). */
  readonly condition: 'not-well-formed' | 'restricted-xml' | 'policy-violation';

  constructor(what: string, condition: StreamFault['condition'] = 'not-well-formed') {
    super('CONNECTION', `the server did not send a valid XMPP stream: ${what}`);
    this.condition = condition;
  }
}

export function tooLong({ stanzaBytes }: FrameLimits): string {
  return `a stanza of more than ${stanzaBytes} bytes (xmppStanzaBytes)`;
}

/** Names a forbidden character and its position. @param before the text of the stanza up to the character */
export function forbiddenAfter(before: string, character: number): string {
  const code = character.toString(16).toUpperCase().padStart(4, '0');
  const [tag = 'a tag'] = /^<[\w:.-]{1,40}/.exec(before) ?? [];
  return `the character U+${code}, which XML forbids, ${before.length} characters after the beginning of ${tag}`;
}

export const SPACE = 0x20;

/** The first letter; the bytes from here to 0x7f that are not letters mean nothing in a tag either. */
export const LETTERS = 0x40;

export const CDATA_WORD = Buffer.from('CDATA[');
export const XML_WORD = Buffer.from('xml');
export const MAX_ENTITY_LENGTH = 10;

/** Where in the grammar the last byte was. */
export const State = {
  text: 0,
  tagStart: 1,
  openName: 2,
  inTag: 3,
  doubleQuoted: 4,
  singleQuoted: 5,
  emptyTag: 6,
  closeName: 7,
  closeRest: 8,
  bang: 9,
  cdataStart: 10,
  cdata: 11,
  cdataBracket: 12,
  cdataEnd: 13,
  declarationStart: 14,
  declaration: 15,
  declarationEnd: 16,
  entity: 17,
} as const;

/** A hash of a name, byte by byte. */
export function extend(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0;
}

/** Whether an entity is one that XML itself defines (RFC 6120 §11.1), or a character that XML allows (§2.2). */
export function isEntity(name: string): boolean {
  if (/^(?:amp|lt|gt|quot|apos)$/.test(name)) return true;
  const [, hex, decimal] = /^#(?:x([0-9A-Fa-f]+)|([0-9]+))$/.exec(name) ?? [];
  const code = hex === undefined ? Number(decimal ?? NaN) : Number.parseInt(hex, 16);
  return (
    code === 0x9 ||
    code === 0xa ||
    code === 0xd ||
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    (code >= 0x10000 && code <= 0x10ffff)
  );
}

export function isNameStart(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    byte === 0x5f ||
    byte === 0x3a ||
    byte > 0x7f
  );
}

/** The next state within a CDATA section (XML 1.0 §2.7) or the declaration before a stream (§2.8). */
export function stepMarkup(state: number, byte: number): number {
  switch (state) {
    case State.cdata:
      return byte === RIGHT_BRACKET ? State.cdataBracket : State.cdata;
    case State.cdataBracket:
      return byte === RIGHT_BRACKET ? State.cdataEnd : State.cdata;
    case State.cdataEnd:
      if (byte === GT) return State.text;
      return byte === RIGHT_BRACKET ? State.cdataEnd : State.cdata;
    default:
      if (state === State.declarationEnd && byte === GT) return State.text;
      return byte === QUESTION ? State.declarationEnd : State.declaration;
  }
}
