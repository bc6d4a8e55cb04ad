import { readdirSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import type ts from 'typescript';
import { nearest } from '../lib/text/nearest.ts';
import { isPackageName, packageOf } from '../lib/text/package-name.ts';
import { pathFault } from '../lib/text/plain-path.ts';

/** What a relative import means: where its types come from, and what it is at run time. */
export interface ResolvedImport {
  /** The file that TypeScript resolves it to; `undefined` when there is none. */
  readonly source: string | undefined;
  /** The file that travels for it, or why none can: the end of a sentence, `which …`. */
  readonly target:
    | { readonly kind: 'module' | 'json'; readonly file: string }
    | { readonly kind: 'fault'; readonly why: string };
  /** Files that would have been imported instead, if they had existed. */
  readonly absent: readonly string[];
  /** Whether the result depends on more than the names of files. */
  readonly isOpen: boolean;
}

/** The extensions of code, before and after compilation; other kinds of files do not travel. */
const outputs: Readonly<Record<string, string>> = {
  '.ts': '.js',
  '.js': '.js',
  '.mts': '.mjs',
  '.mjs': '.mjs',
};

const TYPES_ONLY = /\.d\.(?:[^.]+\.)?[cm]?ts$/;

/** Whether a specifier names a file by a relative path. */
export function isRelative(specifier: string): boolean {
  return /^\.\.?(?:$|[/\\])/.test(specifier);
}

/** Whether a file has types and no code. */
export function isTypesOnly(file: string): boolean {
  return TYPES_ONLY.test(file);
}

/** The path of a file's compiled form, from the folder of the scenarios. */
export function outputPath(folder: string, file: string): string {
  const path = plainRelative(folder, file);
  const extension = extname(path);
  return path.slice(0, path.length - extension.length) + (outputs[extension] ?? extension);
}

/** A path from a folder, with `/` between its parts. */
export function plainRelative(folder: string, file: string): string {
  return relative(folder, file).split(sep).join('/');
}

/** Resolves imports as TypeScript does, so that types and code come from the same file. */
export class ImportResolver {
  readonly #typescript: typeof ts;
  readonly #options: ts.CompilerOptions;
  readonly #folder: string;

  /** @param folder the scenarios: nothing outside of it travels */
  constructor(typescript: typeof ts, options: ts.CompilerOptions, folder: string) {
    this.#typescript = typescript;
    this.#options = options;
    this.#folder = folder;
  }

  /** @param specifier a relative one; see {@link isRelative} */
  resolve(importer: string, specifier: string): ResolvedImport {
    const absent: string[] = [];
    const present: string[] = [];
    const { resolvedModule } = this.#typescript.resolveModuleName(
      specifier,
      importer,
      this.#options,
      {
        fileExists: (path) => {
          const isThere = this.#typescript.sys.fileExists(path);
          (isThere ? present : absent).push(path);
          return isThere;
        },
        readFile: (path) => this.#typescript.sys.readFile(path),
      },
    );
    const source = resolvedModule?.resolvedFileName;
    return {
      source,
      target: this.#targetOf(importer, specifier, source),
      absent,
      isOpen: present.some((path) => path !== source),
    };
  }

  /** Whether a file is inside the folder, and so may travel. */
  isInside(file: string): boolean {
    return file.startsWith(this.#folder + sep);
  }

  #targetOf(
    importer: string,
    specifier: string,
    source: string | undefined,
  ): ResolvedImport['target'] {
    const fault = (why: string): ResolvedImport['target'] => ({ kind: 'fault', why });
    const named = resolve(dirname(importer), specifier);
    if (!this.isInside(source ?? named)) {
      return fault('which is outside scenarios/; only files inside it travel to the slaves');
    }
    if (source === undefined) return fault(this.#whyMissing(importer, specifier, named));
    const file = isTypesOnly(source) ? codeBeside(source) : source;
    if (file === undefined) {
      return fault(
        `which has only types (${basename(source)}), and no code; write import type, or add the code`,
      );
    }
    const path = plainRelative(this.#folder, file);
    const wrong = pathFault(path);
    if (wrong !== undefined) return fault(`which cannot travel: '${path}' ${wrong}`);
    const extension = extname(file);
    if (extension === '.json') return { kind: 'json', file };
    if (outputs[extension] !== undefined) return { kind: 'module', file };
    if (extension === '.tsx' || extension === '.jsx') {
      return fault(`which is ${extension.slice(1).toUpperCase()}; write it as .ts`);
    }
    if (extension === '.cts' || extension === '.cjs') {
      return fault('which is CommonJS; write it as an ES module, .ts, .mts, .js or .mjs');
    }
    return fault(notCode(path));
  }

  #whyMissing(importer: string, specifier: string, named: string): string {
    const stats = statSync(named, { throwIfNoEntry: false });
    if (stats?.isFile() === true) return notCode(plainRelative(this.#folder, named));
    if (stats?.isDirectory() === true) {
      return `which is a folder without an index.ts; name a file in it, as in '${specifier.replace(/\/$/, '')}/FILE.js'`;
    }
    const [near] = nearest(basename(named), importsOf(dirname(named)));
    if (near === undefined) return 'which does not exist';
    const path = plainRelative(dirname(importer), join(dirname(named), near));
    return `which does not exist; did you mean '${path.startsWith('.') ? path : `./${path}`}'?`;
  }
}

/**
 * What is wrong with a specifier that is not relative: the end of a sentence. A specifier that may be right on
 * the machine of a slave, which cannot be known here, is accepted.
 */
export function bareFault(specifier: string): string | undefined {
  if (packageToInstall(specifier) === undefined) return undefined;
  if (specifier.startsWith('/') || specifier.startsWith('file:')) {
    return 'which is absolute; only files inside scenarios/ travel, so write a relative path';
  }
  if (specifier.startsWith('#')) {
    return "which is an alias of a package.json; write the file's relative path";
  }
  if (/^https?:/.test(specifier)) {
    return 'which Node.js does not load from a network; install it as an npm package';
  }
  if (specifier.startsWith('node:')) return 'which Node.js does not have';
  if (!isPackageName(packageOf(specifier))) return 'which is not the name of an npm package';
  return undefined;
}

/** The npm package that a specifier which is not relative needs, if any. */
export function packageToInstall(specifier: string): string | undefined {
  // Code that is in the specifier itself needs no package.
  if (isBuiltin(specifier) || specifier.startsWith('data:')) return undefined;
  return packageOf(specifier);
}

function notCode(path: string): string {
  return `which is not code; export const files = ['./${path}'] makes it travel, and context.text('./${path}') reads it`;
}

/** The file that a file of types describes: `a.js` for `a.d.ts`, `a.json` for `a.d.json.ts`. */
function codeBeside(types: string): string | undefined {
  const file = types.replace(TYPES_ONLY, (end) => {
    const [, other, kind] = /^\.d(\.[^.]+)?\.([cm]?)ts$/.exec(end) ?? [];
    return other ?? `.${kind ?? ''}js`;
  });
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true ? file : undefined;
}

/** How the files of a folder are spelled in imports. */
function importsOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !isTypesOnly(name))
      .map((name) => name.replace(/\.(m?)ts$/, '.$1js'));
  } catch {
    return [];
  }
}
