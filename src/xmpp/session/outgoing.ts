/** The name of a stanza (RFC 6120 §8.1); `undefined` for anything else. */
export type OutgoingName = 'message' | 'presence' | 'iq' | undefined;

/** The name of the stanza in an outgoing text. */
export function stanzaNameOf(text: string): OutgoingName {
  if (text.startsWith('<message')) return 'message';
  if (text.startsWith('<iq')) return 'iq';
  return text.startsWith('<presence') ? 'presence' : undefined;
}

const ends = { message: '</message>', presence: '</presence>', iq: '</iq>' } as const;

/**
 * Whether a text of that name is clearly one stanza and nothing else, as builders and templates make it. This
 * is called for each text that is sent, so it is a quick test; a text with another stanza inside needs
 * {@link piecesOf}.
 */
export function isPlainlyOne(text: string, name: OutgoingName): boolean {
  if (name === undefined) return false;
  const end = ends[name];
  const at = text.indexOf(end);
  return at < 0 ? text.indexOf('>') === text.length - 1 : at === text.length - end.length;
}

/**
 * The elements of a text that was written by hand, each without the blanks around it: stream management
 * counts each stanza, and so does the server. A text that is not a sequence of complete elements is one
 * piece, unchanged.
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
