import { AmocError } from '../../lib/errors.ts';
import { pointAt } from '../../lib/text/point-at.ts';
import { parseJavaScript } from './javascript.ts';
import type { Mistake, Parsed } from './javascript.ts';

/** Erases types. This takes time, so another thread does it. */
export type Erase = (text: string) => Promise<Erased>;

type Erased = { readonly javascript: string } | 'incomplete';

/** `f<number>(1)`: a call in TypeScript, two comparisons in JavaScript. */
const MAYBE_TYPE_ARGUMENTS = /^[^<]*<[\s\S]*[^=]>\s*[(`]/;

/**
 * Reads what was typed: JavaScript at once, anything else by way of TypeScript.
 *
 * @throws {AmocError} `SYNTAX`
 */
export async function readScript(text: string, erase: Erase): Promise<Parsed | 'incomplete'> {
  const plain = MAYBE_TYPE_ARGUMENTS.test(text) ? undefined : parseValueOrScript(text);
  if (plain === 'incomplete' || (plain !== undefined && 'program' in plain)) return plain;
  const erased = await eraseValueOrScript(text, erase);
  if (erased === 'incomplete') return erased;
  const parsed = parseJavaScript(erased.javascript);
  if (parsed === 'incomplete' || 'program' in parsed) return parsed;
  // Types are not the mistake, so it is shown where it was typed, not where the compiler has put it.
  const { mistake, at } = plain?.mistake === parsed.mistake ? plain : parsed;
  const shown = plain?.mistake === parsed.mistake ? text : erased.javascript;
  throw new AmocError('SYNTAX', `${mistake}\n${pointAt(shown, at)}`);
}

/** `{ a: 1 }` is meant as a value by the operator who types it, but is a block in JavaScript. */
function asValue(text: string): string | undefined {
  return text.trimStart().startsWith('{') ? `(${text.replace(/;\s*$/, '')}\n)` : undefined;
}

function parseValueOrScript(text: string): Parsed | Mistake | 'incomplete' {
  const value = asValue(text);
  if (value === undefined) return parseJavaScript(text);
  const asked = parseJavaScript(value);
  if (asked !== 'incomplete' && 'program' in asked) return asked;
  const parsed = parseJavaScript(text);
  // `{ a: 1, b: 2`: the only mistake is the bracket that we have added.
  const isOpen = asked !== 'incomplete' && asked.at === value.length - 1;
  return isOpen && parsed !== 'incomplete' && 'mistake' in parsed ? 'incomplete' : parsed;
}

async function eraseValueOrScript(text: string, erase: Erase): Promise<Erased> {
  const value = asValue(text);
  if (value !== undefined) {
    try {
      const erased = await erase(value);
      if (erased !== 'incomplete') return erased;
    } catch (error) {
      // It is a block, then.
      if (!(error instanceof AmocError && error.code === 'SYNTAX')) throw error;
    }
  }
  return await erase(text);
}
