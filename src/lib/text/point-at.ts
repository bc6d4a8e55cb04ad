import stringWidth from 'string-width';

/** Of a longer line only the part around the mark is shown. */
const MAX_BEFORE = 60;
const MAX_AFTER = 40;

/**
 * The line of `text` that has the offset `at`, with a mark below, where a terminal shows the character:
 *
 * ```
 *    foo bar
 *        ^
 * ```
 */
export function pointAt(text: string, at: number): string {
  const begin = text.lastIndexOf('\n', at - 1) + 1;
  const end = text.indexOf('\n', at);
  const before = shortened(text.slice(begin, at), -MAX_BEFORE);
  const after = shortened(text.slice(at, end < 0 ? text.length : end), MAX_AFTER);
  return `   ${before}${after}\n   ${' '.repeat(stringWidth(before))}^`;
}

/** The first characters of a part of a line, or with a negative number the last ones. */
function shortened(part: string, most: number): string {
  const plain = part.replace(/\t/g, '  ');
  if (plain.length <= Math.abs(most)) return plain;
  return most < 0 ? `…${plain.slice(most)}` : `${plain.slice(0, most)}…`;
}
