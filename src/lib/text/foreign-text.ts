/**
 * Output of text that others wrote: a server under test, a scenario, a slave, a file. There is one form here for
 * each kind of output: one line or several on a terminal, JSON, markup, a metric's label.
 */

/** Replaces each character that must not be output. */
const MARK = '·';
/** A line or a cell of a terminal: the longest name of a series fits. */
const MAX_LINE_LENGTH = 1000;
const MAX_TEXT_LENGTH = 16 * 1024;
const DEEPEST = 20;

/*
 * Lists, not properties of Unicode: a master and its slaves must agree on the characters of labels, whatever
 * version of Unicode their Node.js has. The four properties that are used here never change.
 */

/**
 * Characters that steer a terminal, turn the direction of text, or end a line (controls, U+2028, bidi), and what is
 * not a character: noncharacters and lone surrogates.
 */
const STEERING =
  '\\p{Cc}\\p{Zl}\\p{Zp}\\p{Cs}\\p{Noncharacter_Code_Point}\\u061C\\u200E\\u200F\\u202A-\\u202E\\u2066-\\u2069';
/** Characters that take no room, so that two different texts look alike. */
const HIDDEN =
  '\\u00AD\\u034F\\u0600-\\u0605\\u06DD\\u070F\\u0890\\u0891\\u08E2\\u115F\\u1160\\u17B4\\u17B5\\u180B-\\u180F\\u200B-\\u200D\\u2060-\\u2065\\u206A-\\u206F\\u3164\\uFE00-\\uFE0F\\uFEFF\\uFFA0\\uFFF0-\\uFFFB\\u{110BD}\\u{110CD}\\u{13430}-\\u{1343F}\\u{1BCA0}-\\u{1BCA3}\\u{1D173}-\\u{1D17A}\\u{E0000}-\\u{E0FFF}';
/** Characters whose look and width are unknown: private use, and code points that this Node.js does not know. */
const UNKNOWN = '\\p{C}\\p{Default_Ignorable_Code_Point}';

const steering = new RegExp(`(?![\\t\\n])[${STEERING}]`, 'gu');
const unlabelled = new RegExp(`[${STEERING}${HIDDEN}]`, 'gu');
const unseen = new RegExp(`[${STEERING}${HIDDEN}${UNKNOWN}]`, 'gu');
const unseenInText = new RegExp(`(?![\\t\\n])${unseen.source}`, 'gu');
const unseenInJson = new RegExp(`(?!\\n)${unseen.source}`, 'gu');
/** They choose between two looks of a character; without them it has its usual look. */
const variationSelectors = /[\uFE0E\uFE0F]/g;
/** Select Graphic Rendition: colours, bold, dim. */
const colours = /(\u001b\[[\d;]{0,40}m)/;

/**
 * Text for one line of a terminal: characters that steer it, take no room or have no known look become `·`, a tab
 * becomes a blank. Colours are added afterwards. Text that has this form already is returned unchanged.
 *
 * @param most characters; a longer text is cut, and ends in `…`. @default 1,000
 */
export function oneLine(text: string, most = MAX_LINE_LENGTH): string {
  const whole = shorten(text, 4 * most)
    .replace(variationSelectors, '')
    .replaceAll('\t', ' ');
  return shorten(whole.replace(unseen, MARK), most);
}

/**
 * The same for several lines: ends of lines and tabs stay.
 *
 * @param most characters; a longer text is cut, and ends in `…`. @default 16,384
 */
export function severalLines(text: string, most = MAX_TEXT_LENGTH): string {
  const whole = shorten(text, 4 * most)
    .replace(variationSelectors, '')
    .replaceAll('\r\n', '\n');
  return shorten(whole.replace(unseenInText, MARK), most);
}

/** {@link severalLines}, all but the first indented, so that none of them looks like a separate message. */
export function indented(text: string, indent = '    '): string {
  return severalLines(text).replaceAll('\n', `\n${indent}`);
}

/** Text with colours, for a terminal: the colours stay, the rest is as in {@link severalLines}, of any length. */
export function withColours(text: string): string {
  return text
    .split(colours)
    .map((part, at) => (at % 2 === 1 ? part : severalLines(part, Infinity)))
    .join('');
}

/**
 * A plain value with every text in it, names of properties too, in a form for a terminal.
 *
 * @param form the form. @default oneLine
 */
export function legible<T>(value: T, form: (text: string) => string = oneLine): T {
  return legibleAt(value, form, 0) as T;
}

/**
 * A value as JSON that can be shown: the same value, with escapes for the characters that {@link oneLine} replaces;
 * `null` for a value that has no JSON.
 */
export function jsonText(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent) as string | undefined;
  return escapeJson(text ?? 'null');
}

/** JSON text with escapes for the characters that {@link oneLine} replaces; its value is the same. */
export function escapeJson(json: string): string {
  return json.replace(unseenInJson, (character) =>
    Array.from({ length: character.length }, (_, at) => {
      const unit = character.charCodeAt(at).toString(16);
      return `\\u${unit.padStart(4, '0')}`;
    }).join(''),
  );
}

/** Text for HTML, XML and other documents: characters that steer become `·`; tabs and ends of lines stay. */
export function documentText(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(steering, MARK);
}

/** Text for a label of a metric, for every output: characters that steer or hide become `_`, also ends of lines. */
export function labelText(text: string): string {
  return text.replace(unlabelled, '_');
}

/** At most `most` UTF-16 units of a text; no character is torn apart. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const isTorn = /[\uD800-\uDBFF]/.test(text.charAt(most - 1));
  return text.slice(0, Math.max(0, isTorn ? most - 1 : most));
}

function shorten(text: string, most: number): string {
  return text.length <= most ? text : `${cut(text, most - 1)}…`;
}

function legibleAt(value: unknown, form: (text: string) => string, depth: number): unknown {
  if (typeof value === 'string') return form(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEEPEST) return '…';
  if (Array.isArray(value)) return value.map((each) => legibleAt(each, form, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [oneLine(key), legibleAt(each, form, depth + 1)]),
  );
}
