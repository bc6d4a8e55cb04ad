/** A longer source is not searched. */
const MAX_SOURCE = 256 * 1024;
/** At most this many variables are found. */
const MAX_VARIABLES = 200;

const BEGIN = /export\s+const\s+variables\s*(?::[^=]*)?=\s*\{/;
const KEY = /^\s*(?:(['"])([\w$]+)\1|([\w$]+))\s*:\s*\{/;
const DESCRIPTION = /(?:^|[{,\s])description\s*:\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)")/;

/**
 * The variables that a scenario declares in its own file, each with its description, by its source alone:
 * nothing is compiled or run. For completion, so what it does not recognise it leaves out.
 */
export function declaredVariables(source: string): Record<string, string> {
  const found: Record<string, string> = {};
  const begin = source.length > MAX_SOURCE ? null : BEGIN.exec(source);
  if (begin === null) return found;
  const text = withoutComments(source.slice(begin.index + begin[0].length));
  let at = 0;
  for (let many = 0; many < MAX_VARIABLES; many++) {
    const end = endOfProperty(text, at);
    const property = text.slice(at, end);
    const [, , quoted, bare] = KEY.exec(property) ?? [];
    const name = quoted ?? bare;
    if (name !== undefined) {
      const [, single, double] = DESCRIPTION.exec(property) ?? [];
      found[name] = (single ?? double ?? '').replace(/\\(.)/g, '$1');
    }
    if (text[end] !== ',') break;
    at = end + 1;
  }
  return found;
}

function withoutComments(source: string): string {
  let text = '';
  for (let at = 0; at < source.length; at++) {
    const char = source[at] as string;
    if (char === '/' && source[at + 1] === '/') {
      const end = source.indexOf('\n', at);
      if (end < 0) break;
      at = end;
      text += '\n';
    } else if (char === '/' && source[at + 1] === '*') {
      const end = source.indexOf('*/', at + 2);
      if (end < 0) break;
      at = end + 1;
    } else if (isQuote(char)) {
      const end = endOfString(source, at);
      text += source.slice(at, end + 1);
      at = end;
    } else text += char;
  }
  return text;
}

/** The index of the comma or brace that ends the property at `from`; the end of the text where none does. */
function endOfProperty(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const char = text[at] as string;
    if (isQuote(char)) at = endOfString(text, at);
    else if ('([{'.includes(char)) depth++;
    else if (char === ',' && depth === 0) return at;
    else if (')]}'.includes(char) && depth-- === 0) return at;
  }
  return text.length;
}

function isQuote(char: string): boolean {
  return char === "'" || char === '"' || char === '`';
}

function endOfString(source: string, from: number): number {
  const quote = source[from];
  for (let at = from + 1; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === quote) return at;
  }
  return source.length;
}
