import type { Service } from 'ts-node';
import type ts from 'typescript';
import { AmocError } from '../lib/errors.ts';
import { pointAt } from '../lib/text/point-at.ts';
import { loadTypescript } from './load-typescript.ts';

/** JavaScript without types, or `incomplete` when the text is not finished. */
export type Erased = { readonly javascript: string } | 'incomplete';

/** Diagnostics of a text that ends in the middle: an unterminated template or comment. */
const ALWAYS_INCOMPLETE = new Set([1160, 1010]);
/** The diagnostic of an unterminated string: a string cannot continue on the next line. */
const UNTERMINATED_STRING = 1002;

/** Erases the types of an input of the shell, without checking them, with a ts-node service. */
export class TypeEraser {
  readonly #service: Service;
  readonly #typescript: typeof ts;

  private constructor(service: Service, typescript: typeof ts) {
    this.#service = service;
    this.#typescript = typescript;
  }

  /** Loads TypeScript, unless it is loaded already. */
  static async load(): Promise<TypeEraser> {
    const { createService, typescript } = await loadTypescript();
    const service = createService({
      cwd: process.cwd(),
      skipProject: true,
      transpileOnly: true,
      compilerOptions: {
        target: 'es2022',
        module: 'esnext',
        moduleResolution: 'bundler',
        verbatimModuleSyntax: true,
        sourceMap: false,
        inlineSourceMap: false,
        inlineSources: false,
      },
    });
    return new TypeEraser(service, typescript);
  }

  /** @throws {AmocError} `SYNTAX` with the place in the input. */
  erase(text: string): Erased {
    try {
      return { javascript: plain(this.#service.compile(text, 'shell.ts')) };
    } catch (error) {
      const diagnostics = (error as { diagnostics?: readonly ts.Diagnostic[] }).diagnostics;
      const [first] = diagnostics ?? [];
      if (diagnostics === undefined || first === undefined) throw error;
      const end = text.trimEnd().length;
      const isOpen = diagnostics.some(({ code, start }) => {
        return ALWAYS_INCOMPLETE.has(code) || (code !== UNTERMINATED_STRING && (start ?? 0) >= end);
      });
      if (isOpen) return 'incomplete';
      const message = this.#typescript.flattenDiagnosticMessageText(first.messageText, '\n');
      throw new AmocError('SYNTAX', `${message}\n${pointAt(text, first.start ?? 0)}`);
    }
  }
}

/** Code without its source map, and without strict mode, which would keep assignments from making globals. */
function plain(code: string): string {
  return code.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '').replace(/^"use strict";\n/, '');
}
