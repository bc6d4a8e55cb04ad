/** The names of RFC 6120 §8.1; `undefined` for what is no stanza. */
export type OutgoingName = 'message' | 'presence' | 'iq' | undefined;

/** The name of what is sent. */
export function stanzaNameOf(text: string): OutgoingName {
  if (text.startsWith('<message')) return 'message';
  if (text.startsWith('<iq')) return 'iq';
  return text.startsWith('<presence') ? 'presence' : undefined;
}

const ends = { message: '</message>', presence: '</presence>', iq: '</iq>' } as const;

/**
 * Whether a text of that name is plainly one stanza, and nothing else: what builders and templates make is. It is
 * asked of each text that is sent, so one that has another stanza inside is only told by {@link piecesOf}.
 */
export function isPlainlyOne(text: string, name: OutgoingName): boolean {
  if (name === undefined) return false;
  const end = ends[name];
  const at = text.indexOf(end);
  return at < 0 ? text.indexOf('>') === text.length - 1 : at === text.length - end.length;
}

/**
 * The elements of a text that was written by hand, each without the blanks around it: stream management counts
 * each stanza, and so does the server. What is no sequence of whole elements is one piece, as it is.
 */
export function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  let depth = 0;
  let begin = -1;
  TAG.lastIndex = 0;
  for (let match = TAG.exec(text); match !== null; match = TAG.exec(text)) {
    const [tag] = match;
    if (tag.startsWith('<!') || tag.startsWith('<?')) continue;
    if (tag.startsWith('</')) depth--;
    else {
      if (depth === 0) begin = match.index;
      if (!tag.endsWith('/>')) depth++;
    }
    if (depth < 0) return [text];
    if (depth === 0) pieces.push(text.slice(begin, TAG.lastIndex));
  }
  return depth === 0 && pieces.length > 0 ? pieces : [text];
}

/** A tag with its attributes, a CDATA section, a comment, an instruction. */
const TAG =
  /<!\[CDATA\[[\s\S]*?\]\]>|<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<(?:[^<>"']|"[^"]*"|'[^']*')*>/g;
