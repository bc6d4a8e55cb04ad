import { parse } from 'acorn';
import type { Program } from 'acorn';

/** JavaScript and its tree. */
export interface Parsed {
  readonly text: string;
  readonly program: Program;
}

/** A mistake in JavaScript. */
export interface Mistake {
  readonly mistake: string;
  /** Characters from the beginning of the text. */
  readonly at: number;
}

/** The version that Node.js 20 runs; TypeScript lowers newer syntax. */
const ECMA_VERSION = 2024;
const OPEN_TO_THE_END = /^Unterminated (template|comment)/;

/**
 * Parses one input of a shell: a script with `import` and with top-level `await`.
 *
 * @returns the tree; or that the text stops in the middle; or the mistake
 */
export function parseJavaScript(text: string): Parsed | Mistake | 'incomplete' {
  try {
    const program = parse(text, {
      ecmaVersion: ECMA_VERSION,
      sourceType: 'script',
      allowAwaitOutsideFunction: true,
      allowImportExportEverywhere: true,
    });
    return { text, program };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const at = (error as SyntaxError & { pos: number }).pos;
    const mistake = error.message.replace(/ \(\d+:\d+\)$/, '');
    if (at >= text.trimEnd().length || OPEN_TO_THE_END.test(mistake)) return 'incomplete';
    return { mistake, at };
  }
}
