import { AmocError } from '../lib/errors.ts';
import { pointAt } from '../lib/point-at.ts';
import { rewriteAngleOptions } from './angle-options.ts';
import { callToJavaScript, modules } from './erlang/javascript.ts';
import { parseCall } from './erlang/parser.ts';
import { ErlangSyntaxError } from './erlang/tokenizer.ts';

/** What was typed, as TypeScript to run; or that there is nothing, or not enough yet. */
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
  const trimmed = withoutErlangComments(text).trim();
  if (trimmed === '' || trimmed === '.') return { kind: 'empty' };
  if (ERLANG_CALL.test(trimmed)) return readErlang(text);
  const bare = /^([a-z]\w*)\s*\([\s\S]*\)\s*\.$/.exec(trimmed)?.[1];
  if (bare !== undefined && shellFunctions.includes(bare)) {
    try {
      return { kind: 'typescript', text: callToJavaScript(parseCall(trimmed)) };
    } catch {
      // TypeScript with a full stop behind it.
    }
  }
  return { kind: 'typescript', text: rewriteAngleOptions(withoutFullStop(trimmed)) };
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

/** Lines that begin with `%`: a comment in Erlang, and nothing in TypeScript. */
function withoutErlangComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\s*%/.test(line))
    .join('\n');
}
