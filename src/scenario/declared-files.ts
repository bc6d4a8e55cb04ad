import { posix, resolve } from 'node:path';
import type ts from 'typescript';
import { AmocError } from '../lib/errors.ts';
import { pathFault } from '../lib/text/plain-path.ts';

/** Name of the export that says which files of data travel. */
const EXPORT = 'files';

/**
 * The files that a scenario declares with `export const files = ['./names.csv']`: read from its text, because
 * they travel before anything runs.
 *
 * @param folder the scenarios
 * @param source the scenario
 * @returns absolute paths, each once
 * @throws {AmocError} `COMPILE` with the place
 */
export function declaredFiles(
  typescript: typeof ts,
  folder: string,
  source: ts.SourceFile,
): string[] {
  const list = listOf(typescript, source);
  if (list === undefined) return [];
  const files = list.map(({ path, line }) => {
    const plain = posix.normalize(path);
    const fault = plain.startsWith('../') ? 'is outside scenarios/' : pathFault(plain);
    if (fault !== undefined) {
      throw mistake(source, line, `'${path}' cannot travel: it ${fault}`);
    }
    return resolve(folder, plain);
  });
  return [...new Set(files)];
}

/** The paths as they are written, with their lines. */
function listOf(
  typescript: typeof ts,
  source: ts.SourceFile,
): { path: string; line: number }[] | undefined {
  const variables = source.statements
    .filter(typescript.isVariableStatement)
    .flatMap((statement) =>
      statement.declarationList.declarations.map((declaration) => ({ statement, declaration })),
    );
  const exportedElsewhere = source.statements
    .filter(typescript.isExportDeclaration)
    .find(({ exportClause: clause, isTypeOnly }) => {
      if (isTypeOnly || clause === undefined || !typescript.isNamedExports(clause)) return false;
      return clause.elements.some((each) => each.name.text === EXPORT && !each.isTypeOnly);
    });
  const found = variables.find(({ statement, declaration: { name } }) => {
    const isExported = statement.modifiers?.some(
      ({ kind }) => kind === typescript.SyntaxKind.ExportKeyword,
    );
    return isExported === true && typescript.isIdentifier(name) && name.text === EXPORT;
  });
  if (found === undefined) {
    if (exportedElsewhere === undefined) return undefined;
    throw notPlain(source, lineOf(source, exportedElsewhere));
  }
  const { declaration } = found;
  const value = bareValue(typescript, declaration.initializer);
  if (value === undefined || !typescript.isArrayLiteralExpression(value)) {
    throw notPlain(source, lineOf(source, declaration));
  }
  return value.elements.map((element) => {
    const text = bareValue(typescript, element);
    const line = lineOf(source, element);
    if (text === undefined || !typescript.isStringLiteralLike(text)) throw notPlain(source, line);
    return { path: text.text, line };
  });
}

/** An expression without its brackets, `as …` and `satisfies …`. */
function bareValue(
  typescript: typeof ts,
  expression: ts.Expression | undefined,
): ts.Expression | undefined {
  let bare = expression;
  while (
    bare !== undefined &&
    (typescript.isAsExpression(bare) ||
      typescript.isSatisfiesExpression(bare) ||
      typescript.isParenthesizedExpression(bare))
  ) {
    bare = bare.expression;
  }
  return bare;
}

function notPlain(source: ts.SourceFile, line: number): AmocError {
  return mistake(
    source,
    line,
    `${EXPORT} must be a list of literal paths: export const ${EXPORT} = ['./names.csv'] satisfies Files; they travel before anything runs`,
  );
}

function mistake(source: ts.SourceFile, line: number, text: string): AmocError {
  return new AmocError('COMPILE', `scenarios/${posix.basename(source.fileName)}:${line}: ${text}`);
}

function lineOf(source: ts.SourceFile, node: ts.Node): number {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
}
