import { AmocError } from '../../lib/errors.ts';

/** A piece of Erlang source. `at` is its offset in the text. */
export type Token =
  | { readonly type: 'atom'; readonly name: string; readonly at: number }
  | { readonly type: 'variable'; readonly name: string; readonly at: number }
  | { readonly type: 'integer'; readonly value: bigint; readonly at: number }
  | { readonly type: 'float'; readonly value: number; readonly at: number }
  | { readonly type: 'string'; readonly text: string; readonly at: number }
  | { readonly type: 'punctuation'; readonly text: string; readonly at: number }
  /** The full stop that ends a form. */
  | { readonly type: 'end'; readonly at: number };

/** The text is not valid Erlang; `incomplete` when more text could make it valid. */
export class ErlangSyntaxError extends AmocError {
  override readonly name = 'ErlangSyntaxError';
  readonly at: number;
  readonly incomplete: boolean;

  constructor(message: string, at: number, incomplete = false) {
    super('SYNTAX', message);
    this.at = at;
    this.incomplete = incomplete;
  }
}

const ATOM = /[a-z][A-Za-z0-9_@]*/y;
const VARIABLE = /[A-Z_][A-Za-z0-9_@]*/y;
const BASED = /(\d{1,2})#([0-9A-Za-z]+(?:_[0-9A-Za-z]+)*)/y;
const FLOAT = /\d+(?:_\d+)*\.\d+(?:_\d+)*(?:[eE][+-]?\d+)?/y;
const INTEGER = /\d+(?:_\d+)*/y;
const PUNCTUATION = /<<|>>|=>|:=|[()[\]{},:|#/-]/y;

/** Splits Erlang source, comments and white space aside. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  while (at < text.length) {
    const char = text[at] as string;
    if (/\s/.test(char)) {
      at++;
      continue;
    }
    if (char === '%') {
      const line = text.indexOf('\n', at);
      at = line < 0 ? text.length : line;
      continue;
    }
    if (char === '"' || char === "'") {
      const quoted = readQuoted(text, at);
      tokens.push(
        char === '"'
          ? { type: 'string', text: quoted.text, at }
          : { type: 'atom', name: quoted.text, at },
      );
      at = quoted.end;
      continue;
    }
    if (char === '$') {
      const { code, end } = readCharacter(text, at + 1);
      tokens.push({ type: 'integer', value: BigInt(code), at });
      at = end;
      continue;
    }
    if (char === '.' && /^\.(?=\s|%|$)/.test(text.slice(at, at + 2))) {
      tokens.push({ type: 'end', at });
      at++;
      continue;
    }
    const [token, length] = readPlain(match, at);
    tokens.push(token);
    at += length;
  }
  return tokens;
}

function readPlain(
  match: (pattern: RegExp) => RegExpExecArray | null,
  at: number,
): [Token, number] {
  const atom = match(ATOM)?.[0];
  if (atom !== undefined) return [{ type: 'atom', name: atom, at }, atom.length];
  const variable = match(VARIABLE)?.[0];
  if (variable !== undefined) return [{ type: 'variable', name: variable, at }, variable.length];
  const based = match(BASED);
  if (based !== null) {
    const [whole, base, digits] = based as unknown as [string, string, string];
    return [{ type: 'integer', value: parseBased(Number(base), digits, at), at }, whole.length];
  }
  const float = match(FLOAT)?.[0];
  if (float !== undefined) {
    return [{ type: 'float', value: Number(float.replaceAll('_', '')), at }, float.length];
  }
  const integer = match(INTEGER)?.[0];
  if (integer !== undefined) {
    return [{ type: 'integer', value: BigInt(integer.replaceAll('_', '')), at }, integer.length];
  }
  const punctuation = match(PUNCTUATION)?.[0];
  if (punctuation !== undefined) {
    return [{ type: 'punctuation', text: punctuation, at }, punctuation.length];
  }
  throw new ErlangSyntaxError('this is not valid Erlang', at);
}

function parseBased(base: number, digits: string, at: number): bigint {
  if (base < 2 || base > 36) throw new ErlangSyntaxError(`invalid base ${base}#; use 2 to 36`, at);
  let value = 0n;
  for (const digit of digits.replaceAll('_', '')) {
    const number = Number.parseInt(digit, 36);
    if (number >= base) throw new ErlangSyntaxError(`${digit} is not a digit of base ${base}`, at);
    value = value * BigInt(base) + BigInt(number);
  }
  return value;
}

function readQuoted(text: string, start: number): { text: string; end: number } {
  const quote = text[start];
  let content = '';
  let at = start + 1;
  while (at < text.length) {
    if (text[at] === quote) return { text: content, end: at + 1 };
    const { code, end } = readCharacter(text, at);
    content += String.fromCodePoint(code);
    at = end;
  }
  throw new ErlangSyntaxError(`this ${quote === '"' ? 'string' : 'atom'} has no end`, start, true);
}

const escapes: Readonly<Record<string, number>> = {
  b: 8,
  d: 127,
  e: 27,
  f: 12,
  n: 10,
  r: 13,
  s: 32,
  t: 9,
  v: 11,
};

/** One character, or the escape sequence that stands for it. */
function readCharacter(text: string, at: number): { code: number; end: number } {
  const code = text.codePointAt(at);
  if (code === undefined) throw new ErlangSyntaxError('a character is missing', at, true);
  if (text[at] !== '\\') return { code, end: at + (code > 0xffff ? 2 : 1) };
  const rest = text.slice(at + 1, at + 12);
  if (rest === '') throw new ErlangSyntaxError('an escape sequence is cut off', at, true);
  const hex = /^x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))/.exec(rest);
  if (hex !== null) {
    const value = Number.parseInt(hex[1] ?? (hex[2] as string), 16);
    if (value > 0x10ffff) throw new ErlangSyntaxError('this is not a Unicode character', at);
    return { code: value, end: at + 1 + hex[0].length };
  }
  const octal = /^[0-7]{1,3}/.exec(rest)?.[0];
  if (octal !== undefined) {
    return { code: Number.parseInt(octal, 8), end: at + 1 + octal.length };
  }
  const escaped = rest.codePointAt(0) as number;
  const end = at + 1 + (escaped > 0xffff ? 2 : 1);
  return { code: escapes[rest[0] as string] ?? escaped, end };
}
