const PROPERTY = String.raw`[A-Za-z_$][\w$]*\s*:\s*(?:'[^'\n]*'|"[^"\n]*"|[\w.$-]+|\[[\w\s,.'"[\]-]*\])`;
const OPTIONS = new RegExp(
  String.raw`<\s*(${PROPERTY}(?:\s*,\s*${PROPERTY})*)\s*>(?=\s*[),])`,
  'y',
);

/**
 * `remove(50, <force:true>)` → `remove(50, {force:true})`: the options as users of the original write
 * them. Only between `(` or `,` and `)` or `,`, so that types (`new Map<string, number>()`) and
 * comparisons stay unchanged; never in strings, templates or comments.
 */
export function rewriteAngleOptions(text: string): string {
  let result = '';
  let before = '';
  for (let at = 0; at < text.length;) {
    const skipped = skipOpaque(text, at);
    if (skipped > at) {
      result += text.slice(at, skipped);
      if (!text.startsWith('//', at) && !text.startsWith('/*', at)) before = '"';
      at = skipped;
      continue;
    }
    const char = text[at] as string;
    OPTIONS.lastIndex = at;
    const match = char === '<' && (before === '(' || before === ',') ? OPTIONS.exec(text) : null;
    if (match !== null) {
      result += `{${match[1] as string}}`;
      at += match[0].length;
      before = '}';
      continue;
    }
    result += char;
    if (!/\s/.test(char)) before = char;
    at++;
  }
  return result;
}

/** The end of the string, template or comment that begins at `at`; `at` when none does. */
export function skipOpaque(text: string, at: number): number {
  const char = text[at];
  if (char === '/' && text[at + 1] === '/') return endOr(text, text.indexOf('\n', at));
  if (char === '/' && text[at + 1] === '*') {
    const end = text.indexOf('*/', at + 2);
    return end < 0 ? text.length : end + 2;
  }
  if (char !== '"' && char !== "'" && char !== '`') return at;
  for (let end = at + 1; end < text.length; end++) {
    if (text[end] === '\\') end++;
    else if (text[end] === char) return end + 1;
  }
  return text.length;
}

function endOr(text: string, end: number): number {
  return end < 0 ? text.length : end;
}
