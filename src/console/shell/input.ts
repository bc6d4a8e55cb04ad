import { AmocError } from '../../lib/errors.ts';
import { pointAt } from '../../lib/text/point-at.ts';
import { rewriteAngleOptions, skipOpaque } from './angle-options.ts';
import { callToJavaScript, modules } from '../erlang/javascript.ts';
import { parseCall } from '../erlang/parser.ts';
import { ErlangSyntaxError } from '../erlang/tokenizer.ts';
import { parseJavaScript } from './javascript.ts';

/** What was typed, as TypeScript to run; or that it is empty, or incomplete. */
export type Input =
  | { readonly kind: 'empty' }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'typescript'; readonly text: string };

const ERLANG_CALL = new RegExp(`^\\s*(${Object.keys(modules).join('|')})\\s*:`);

/**
 * Tells Erlang from TypeScript. Erlang is a call of a module that the original has, or of a function
 * of the shell when it ends with a full stop (`c(my_scenario).`); everything else is TypeScript, with
 * `<force:true>` and a trailing full stop allowed.
 *
 * @param shellFunctions names of the functions that an Erlang user calls without a module
 * @throws {AmocError} `SYNTAX` for Erlang that is wrong.
 */
export function readInput(text: string, shellFunctions: readonly string[]): Input {
  const trimmed = withoutComment(text).trim();
  if (trimmed === '' || trimmed === '.') return { kind: 'empty' };
  if (ERLANG_CALL.test(trimmed)) return readErlang(text);
  const sentence = withoutErlangComments(trimmed).trim();
  const bare = /^([a-z]\w*)\s*\([\s\S]*\)\s*\.$/.exec(sentence)?.[1];
  if (bare !== undefined && shellFunctions.includes(bare)) {
    try {
      return { kind: 'typescript', text: callToJavaScript(parseCall(sentence)) };
    } catch {
      // TypeScript with a full stop after it.
    }
  }
  // Valid JavaScript keeps its meaning, even with `%` at the beginning of a line.
  const script = withoutFullStop(trimmed);
  if (isJavaScript(script)) return { kind: 'typescript', text: script };
  return { kind: 'typescript', text: rewriteAngleOptions(withoutFullStop(sentence)) };
}

function isJavaScript(text: string): boolean {
  const parsed = parseJavaScript(text);
  return parsed !== 'incomplete' && 'program' in parsed;
}

function readErlang(text: string): Input {
  try {
    return { kind: 'typescript', text: callToJavaScript(parseCall(text)) };
  } catch (error) {
    if (!(error instanceof ErlangSyntaxError)) throw error;
    if (error.incomplete) return { kind: 'incomplete' };
    throw new AmocError('SYNTAX', `${error.message}\n${pointAt(text, error.at)}`, { cause: error });
  }
}

/** `1.` and `f().` are sentences; `...` is not. */
function withoutFullStop(text: string): string {
  return text.endsWith('.') && !text.endsWith('..') ? text.slice(0, -1) : text;
}

/** Without the lines at the beginning that are comments in Erlang. */
function withoutComment(text: string): string {
  return text.replace(/^(?:\s*%[^\n]*(?:\n|$))+/, '');
}

/** Without lines that begin with `%`, a comment in Erlang; those in a template or in another comment stay. */
function withoutErlangComments(text: string): string {
  let result = '';
  for (let at = 0; at < text.length;) {
    const opaque = skipOpaque(text, at);
    const isLineStart = at === 0 || text[at - 1] === '\n';
    const comment =
      isLineStart && opaque === at ? /^[^\S\n]*%[^\n]*\n?/.exec(text.slice(at)) : null;
    const end = opaque > at ? opaque : at + 1;
    if (comment === null) result += text.slice(at, end);
    at = comment === null ? end : at + comment[0].length;
  }
  return result;
}
