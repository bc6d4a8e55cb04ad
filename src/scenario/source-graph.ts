import { readFileSync } from 'node:fs';
import { relative, dirname } from 'node:path';
import type ts from 'typescript';
import { isBuiltin } from 'node:module';
import { AmocError, messageOf } from '../lib/errors.ts';
import { packageOf } from '../lib/text/package-name.ts';
import { isRelative, isTypesOnly } from './import-resolver.ts';
import type { ImportResolver } from './import-resolver.ts';
import { importsIn } from './imports.ts';

/** The most files that one scenario may consist of, files of types included. */
const MAX_FILES = 500;

/** A file that takes part in the check of a scenario. */
export interface SourceFile {
  readonly file: string;
  readonly text: string;
}

/** Every file that the check of a scenario looks at, apart from npm packages. */
export interface SourceGraph {
  /** The files to compile, each after the files that it imports. */
  readonly leavesFirst: readonly SourceFile[];
  /** Types without code, and JSON. */
  readonly types: readonly SourceFile[];
  readonly json: readonly string[];
  /** The scenario itself. */
  readonly entry: ts.SourceFile;
  readonly absent: ReadonlySet<string>;
  /** Whether types also come from elsewhere: npm packages, other folders, files that a directive names. */
  readonly isOpen: boolean;
}

const CODE = /\.m?[jt]s$/;

/**
 * Follows relative imports from a scenario, also those of types.
 *
 * @throws {AmocError} `COMPILE` with every import of code that does not exist
 */
export function collectSources(
  typescript: typeof ts,
  resolver: ImportResolver,
  folder: string,
  entryFile: string,
): SourceGraph {
  const shown = (file: string): string => relative(dirname(folder), file);
  const leavesFirst: SourceFile[] = [];
  const types: SourceFile[] = [];
  const json: string[] = [];
  const absent = new Set<string>();
  const faults: string[] = [];
  const seen = new Set<string>();
  let isOpen = false;

  const follow = (importer: string, specifier: string, isType: boolean): void => {
    const found = resolver.resolve(importer, specifier);
    isOpen ||= found.isOpen;
    for (const each of found.absent) if (resolver.isInside(each)) absent.add(each);
    if (found.source === undefined) {
      // For types, the check itself reports it.
      if (!isType && found.target.kind === 'fault') {
        faults.push(`${shown(importer)} imports '${specifier}', ${found.target.why}`);
      }
      return;
    }
    if (resolver.isInside(found.source)) visit(found.source, importer);
    else isOpen = true;
    // Code whose types are in a file beside it.
    if (isTypesOnly(found.source) && found.target.kind !== 'fault') {
      visit(found.target.file, importer);
    }
  };

  const visit = (file: string, importer: string): ts.SourceFile | undefined => {
    if (seen.has(file)) return undefined;
    seen.add(file);
    if (seen.size > MAX_FILES) {
      throw new AmocError('COMPILE', `the scenario has more than ${MAX_FILES} files`);
    }
    if (file.endsWith('.json')) {
      json.push(file);
      return undefined;
    }
    const text = read(file, shown(importer));
    const source = typescript.createSourceFile(file, text, typescript.ScriptTarget.Latest);
    isOpen ||=
      source.referencedFiles.length > 0 ||
      source.typeReferenceDirectives.length > 0 ||
      source.libReferenceDirectives.length > 0 ||
      hasImportsInComments(file, text);
    for (const { specifier, isType } of importsIn(typescript, source)) {
      if (isRelative(specifier)) follow(file, specifier, isType);
      else if (!isBuiltin(specifier) && packageOf(specifier) !== 'amoc') isOpen = true;
    }
    const isCode = CODE.test(file) && !isTypesOnly(file);
    (isCode ? leavesFirst : types).push({ file, text });
    return source;
  };

  const entry = visit(entryFile, entryFile) as ts.SourceFile;
  if (faults.length > 0) throw new AmocError('COMPILE', faults.join('\n'));
  return { leavesFirst, types, json, entry, absent, isOpen };
}

/** JavaScript files can import types in comments: `import('./x.js').T`. */
function hasImportsInComments(file: string, text: string): boolean {
  return /\.m?js$/.test(file) && /\/\*\*[^]*?\bimport\b/.test(text);
}

function read(file: string, importer: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new AmocError('COMPILE', `${importer}: ${messageOf(error)}`, { cause: error });
  }
}
