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

/** What V8 of Node.js 20 runs; newer syntax is TypeScript's to lower. */
const ECMA_VERSION = 2024;
const OPEN_TO_THE_END = /^Unterminated (template|comment)/;

/**
 * Parses one input of a shell: a script with `import`, and with `await` at the top.
 *
 * @returns the tree; or that the text stops in the middle; or what is wrong with it
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
