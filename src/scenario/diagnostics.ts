import { dirname, relative } from 'node:path';
import type ts from 'typescript';

/**
 * A compiler's message with its place and the line itself:
 *
 * ```
 * scenarios/broken.ts:7:29 TS2345: Argument of type 'number' is not assignable …
 * 7 |   await session.send(chatTo(id + 1, 'hello'));
 *   |                             ^^^^^^
 * ```
 */
export function describeDiagnostic(
  typescript: typeof ts,
  diagnostic: ts.Diagnostic,
  folder: string,
): string {
  const message = typescript.flattenDiagnosticMessageText(diagnostic.messageText, '\n  ');
  const { file, start } = diagnostic;
  if (file === undefined || start === undefined) return `TS${diagnostic.code}: ${message}`;
  const { line, character } = file.getLineAndCharacterOfPosition(start);
  const place = `${relative(dirname(folder), file.fileName)}:${line + 1}:${character + 1}`;
  const text = (file.text.split(/\r?\n/)[line] ?? '').replaceAll('\t', ' ');
  const width = Math.max(1, Math.min(diagnostic.length ?? 1, text.length - character));
  const gutter = String(line + 1);
  return [
    `${place} TS${diagnostic.code}: ${message}`,
    `${gutter} | ${text}`,
    `${' '.repeat(gutter.length)} | ${' '.repeat(character)}${'^'.repeat(width)}`,
  ].join('\n');
}
