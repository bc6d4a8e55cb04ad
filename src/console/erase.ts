import type { Service } from 'ts-node';
import type ts from 'typescript';
import { AmocError } from '../lib/errors.ts';

/** Erased TypeScript, or word that the text is not finished. */
export type Erased = { readonly javascript: string } | 'incomplete';

/** What ends in the middle: an unterminated template, comment or regular expression. */
const ALWAYS_INCOMPLETE = new Set([1160, 1010]);
/** An unterminated string: TypeScript has none over several lines. */
const UNTERMINATED_STRING = 1002;

/** The compiler, loaded when it is first needed: it costs half a second. */
export interface Compiler {
  readonly typescript: typeof ts;
  readonly service: Service;
}

let loading: Promise<Compiler> | undefined;

/** Loads TypeScript and a ts-node service that erases types without checking them. */
export function loadCompiler(): Promise<Compiler> {
  loading ??= (async () => {
    const [tsNode, typescript] = await Promise.all([import('ts-node'), import('typescript')]);
    const service = tsNode.default.create({
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
    return { typescript: typescript.default, service };
  })();
  return loading;
}

/**
 * Erases the types of one input of the shell.
 *
 * @throws {AmocError} `SYNTAX` with the place in the input.
 */
export function eraseTypes({ service, typescript }: Compiler, text: string): Erased {
  try {
    return { javascript: plain(service.compile(text, 'shell.ts')) };
  } catch (error) {
    const diagnostics = (error as { diagnostics?: readonly ts.Diagnostic[] }).diagnostics;
    const [first] = diagnostics ?? [];
    if (diagnostics === undefined || first === undefined) throw error;
    const end = text.trimEnd().length;
    const isOpen = diagnostics.some(({ code, start }) => {
      return ALWAYS_INCOMPLETE.has(code) || (code !== UNTERMINATED_STRING && (start ?? 0) >= end);
    });
    if (isOpen) return 'incomplete';
    throw new AmocError('SYNTAX', describe(typescript, first, text));
  }
}

function describe(
  typescript: typeof ts,
  { messageText, start = 0 }: ts.Diagnostic,
  text: string,
): string {
  const message = typescript.flattenDiagnosticMessageText(messageText, '\n');
  const lines = text.slice(0, start).split('\n');
  const column = (lines.at(-1) ?? '').length;
  const line = text.split('\n')[lines.length - 1] ?? '';
  return `${message}\n   ${line}\n   ${' '.repeat(column)}^`;
}

/** Without the map, and without the strictness that would keep assignments from making globals. */
function plain(code: string): string {
  return code.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '').replace(/^"use strict";\n/, '');
}
