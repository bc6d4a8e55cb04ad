/** An open bracket of an unfinished line. */
export interface Bracket {
  readonly open: '(' | '[' | '{';
  /** What is called: `amocLocal.do`, `amoc_local:do`, `amocLocal.user(7).trace`; empty for other brackets. */
  readonly callee: string;
  /** Commas so far: the index of the argument or item at the cursor. */
  readonly commas: number;
  /** In `{`: the key whose value is being typed; `undefined` where a key is typed. */
  readonly key: string | undefined;
}

/** Where in a line the cursor is. */
export interface LineContext {
  /** The brackets that are open, the outermost first. */
  readonly brackets: readonly Bracket[];
  /** The quote of the string that is being typed; `undefined` outside of strings. */
  readonly quote: string | undefined;
  /** What has been typed of the string, or of the name. */
  readonly partial: string;
}

const CALLEE = /(?:[\w$]+(?:\([^()]*\))?[.:])*[\w$]+$/;
const KEY = /(?:(['"])([^'"]*)\1|([\w$]+))\s*$/;
/** A name, or a name with what scripts in the original's syntax have. */
const PARTIAL = /[\w$/@.-]*$/;

/** Reads a line up to the cursor. It need not be valid code. */
export function lineContext(line: string): LineContext {
  const brackets: { -readonly [K in keyof Bracket]: Bracket[K] }[] = [];
  for (let at = 0; at < line.length; at++) {
    const char = line[at] as string;
    const top = brackets.at(-1);
    switch (char) {
      case '"':
      case "'":
      case '`': {
        const end = endOfString(line, at);
        if (end < 0) return { brackets, quote: char, partial: line.slice(at + 1) };
        at = end;
        break;
      }
      case '(':
      case '[':
      case '{': {
        const callee = char === '(' ? (CALLEE.exec(line.slice(0, at))?.[0] ?? '') : '';
        brackets.push({ open: char, callee, commas: 0, key: undefined });
        break;
      }
      case ')':
      case ']':
      case '}':
        brackets.pop();
        break;
      case ',':
        if (top === undefined) break;
        top.commas++;
        top.key = undefined;
        break;
      case ':': {
        if (top?.open !== '{') break;
        const [, , quoted, bare] = KEY.exec(line.slice(0, at)) ?? [];
        top.key = quoted ?? bare;
        break;
      }
      default:
    }
  }
  return { brackets, quote: undefined, partial: PARTIAL.exec(line)?.[0] ?? '' };
}

/** The index of the closing quote; -1 when the string is not finished. */
function endOfString(line: string, from: number): number {
  const quote = line[from];
  for (let at = from + 1; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === quote) return at;
  }
  return -1;
}
