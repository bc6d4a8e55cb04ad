import { AmocError } from '../../lib/errors.ts';

/** Told of what a framer finds, in the order of the bytes. */
export interface FrameTarget {
  /** The tag that opens the stream. */
  opened(tag: string): void;
  /** One complete element below the stream's root, as it was sent. */
  stanza(text: string): void;
  /** The stream was closed by its end tag. */
  ended(): void;
  /** The bytes are no XML stream, or go beyond a bound; nothing more is read. */
  malformed(error: AmocError): void;
}

/** Bounds of a framer. */
export interface FrameLimits {
  /** Bytes of one stanza. @default 1 MiB */
  stanzaBytes: number;
  /** Elements in elements. @default 128 */
  depth: number;
  /** Elements in one stanza, itself included. @default 32,768 */
  elements: number;
  /** Attributes of one element. @default 256 */
  attributes: number;
}

/**
 * Bytes of a stanza for each element that it may have: empty elements take four, and a tree of them would
 * stop all users of the process for half a second. An item of a roster or a list takes 40 and more.
 */
const BYTES_AN_ELEMENT = 32;
const LEAST_ELEMENTS = 1000;

/** The bounds of a stanza of so many bytes; the same object for the same number. */
export function frameLimitsOf(stanzaBytes: number): FrameLimits {
  if (latest.stanzaBytes !== stanzaBytes) latest = limitsOf(stanzaBytes);
  return latest;
}

const limitsOf = (stanzaBytes: number): FrameLimits => ({
  stanzaBytes,
  depth: 128,
  elements: Math.max(LEAST_ELEMENTS, Math.ceil(stanzaBytes / BYTES_AN_ELEMENT)),
  attributes: 256,
});

export const defaultFrameLimits: FrameLimits = limitsOf(1024 * 1024);
/** A process has one run and thus one bound at a time, and thousands of wires. */
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

/** Bytes that end a run of text, and of an attribute's value. */
export const stopsText = stops(LT, AMP);
export const stopsValue = stops(LT, AMP, SINGLE_QUOTE, DOUBLE_QUOTE);

/** Characters that are forbidden stop too: then none can be in a run. */
function stops(...bytes: number[]): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) =>
    bytes.includes(byte) || isForbidden(byte) ? 1 : 0,
  );
}

/** The first character of a text that is forbidden although its bytes are UTF-8. */
export function noncharacterIn(text: string): number {
  const at = text.indexOf('\ufffe');
  return at >= 0 ? at : text.indexOf('\uffff');
}

/** Ends what is said of XML that XMPP does without (RFC 6120 §11.1). */
export const RESTRICTED = ', which XMPP forbids';

/** XML that XMPP does without. As no entity can be declared, none can grow. */
export const restricted = {
  comment: `a comment${RESTRICTED}`,
  instruction: `a processing instruction${RESTRICTED}`,
  typeDefinition: `a document type definition${RESTRICTED}`,
} as const;

/** The error of a server whose bytes are no XMPP stream, or go beyond a bound. */
export function notXmpp(what: string): AmocError {
  return new AmocError('CONNECTION', `what the server sent is no XMPP stream: ${what}`);
}

export function tooLong({ stanzaBytes }: FrameLimits): string {
  return `a stanza of more than ${stanzaBytes} bytes (xmppStanzaBytes)`;
}

/** Names a character that is forbidden, and where it stands: after `before`, in the stanza that begins with it. */
export function forbiddenAfter(before: string, character: number): string {
  const code = character.toString(16).toUpperCase().padStart(4, '0');
  const [tag = 'a tag'] = /^<[\w:.-]{1,40}/.exec(before) ?? [];
  return `the character U+${code}, which XML forbids, ${before.length} characters after the beginning of ${tag}`;
}

export const SPACE = 0x20;

/** The first of the letters, and what stands among them: no byte from here to 0x7f means anything in a tag. */
export const LETTERS = 0x40;

export const CDATA_WORD = Buffer.from('CDATA[');
export const XML_WORD = Buffer.from('xml');
export const LONGEST_ENTITY = 10;

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

/** A hash of a name, one byte after the other. */
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
