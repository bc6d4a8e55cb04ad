import { readFileSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { Service } from 'ts-node';
import type ts from 'typescript';
import { AmocError, messageOf } from '../lib/errors.ts';
import { sha256 } from '../lib/sha256.ts';
import { scenarioFile } from './catalogue.ts';
import { scenarioOptions } from './compiler-options.ts';
import { describeDiagnostic } from './diagnostics.ts';

/** Where scenarios and this package are; see {@link ScenarioCompiler}. */
export interface CompilerPlaces {
  folder: string;
  packageRoot: string;
  /** Where compiled scenarios are kept. @default a private folder of the user */
  cacheFolder?: string;
}

/** A compiled scenario: every file that it needs but npm packages. */
export interface CompiledScenario {
  name: string;
  hash: string;
  files: { path: string; code: string }[];
  packages: string[];
}

/** All that decides what a scenario compiles to, besides this package. */
export interface CompileInputs {
  /** By their paths from the folder of the scenarios, the entry last. */
  sources: { path: string; sha256: string }[];
  /** Paths that would have been taken instead, had there been files. */
  absent: string[];
  /** Whether types come from elsewhere too: from npm packages, or files that a directive names. */
  isOpen: boolean;
}

/** What {@link ScenarioCompiler.build} makes. */
export interface Built {
  scenario: CompiledScenario;
  inputs: CompileInputs;
}

/** Files that one scenario may consist of. */
const MOST_FILES = 500;

/**
 * Compiles scenarios with type-check, in this thread, by ts-node's service. Unchanged files cost
 * nothing the second time.
 */
export class ScenarioCompiler {
  readonly #folder: string;
  readonly #packageRoot: string;
  #service: Service | undefined;
  #typescript: typeof ts | undefined;

  /**
   * @param folder the scenarios
   * @param packageRoot where this package is installed, for the types of `import … from 'amoc'`
   */
  constructor(folder: string, packageRoot: string) {
    this.#folder = resolve(folder);
    this.#packageRoot = packageRoot;
  }

  /**
   * @throws {AmocError} `SCENARIO` when there is none of that name, `COMPILE` with every diagnostic
   * (file, line, column, code, the line itself) when it does not compile.
   */
  async compile(name: unknown): Promise<CompiledScenario> {
    const { scenario } = await this.build(name);
    return scenario;
  }

  /** As {@link ScenarioCompiler.compile}, with what it was made of. */
  async build(name: unknown): Promise<Built> {
    const entry = scenarioFile(this.#folder, name);
    const [service, typescript] = await this.#load();
    const graph = this.#collect(typescript, entry);
    const mistakes: string[] = [];
    const files: { path: string; code: string }[] = [];
    for (const source of graph.leavesFirst) {
      try {
        const output = service.compile(source.text, source.file);
        const code = this.#linkImports(typescript, output, source.file);
        files.push({ path: this.#pathOf(source.file), code });
      } catch (error) {
        const diagnostics = (error as { diagnostics?: readonly ts.Diagnostic[] }).diagnostics;
        if (diagnostics === undefined) throw error;
        mistakes.push(
          ...diagnostics.map((each) => describeDiagnostic(typescript, each, this.#folder)),
        );
      }
    }
    if (mistakes.length > 0) {
      const where = relative(dirname(this.#folder), entry);
      throw new AmocError('COMPILE', [`${where} does not compile`, ...mistakes].join('\n'));
    }
    const packages = [...graph.packages].sort();
    return {
      scenario: { name: name as string, hash: hashOf(files), files, packages },
      inputs: {
        sources: graph.leavesFirst.map(({ file, text }) => ({
          path: relative(this.#folder, file),
          sha256: sha256(text),
        })),
        absent: [...graph.absent].map((file) => relative(this.#folder, file)),
        isOpen: graph.hasDirectives || packages.some((each) => each !== 'amoc'),
      },
    };
  }

  /** Loads TypeScript, which takes half a second. */
  async load(): Promise<void> {
    await this.#load();
  }

  async #load(): Promise<[Service, typeof ts]> {
    if (this.#service === undefined || this.#typescript === undefined) {
      const [tsNode, typescript] = await Promise.all([import('ts-node'), import('typescript')]);
      this.#typescript = typescript.default;
      this.#service = tsNode.default.create({
        cwd: this.#folder,
        skipProject: true,
        compilerOptions: {
          ...scenarioOptions,
          noUncheckedIndexedAccess: false,
          rewriteRelativeImportExtensions: true,
          noEmit: false,
          sourceMap: true,
          typeRoots: [dirname(typesOfNode(this.#packageRoot))],
          paths: { amoc: [join(this.#packageRoot, 'dist', 'src', 'index.d.ts')] },
        },
      });
    }
    return [this.#service, this.#typescript];
  }

  /** Follows relative imports from the entry. */
  #collect(typescript: typeof ts, entry: string): SourceGraph {
    const leavesFirst: { file: string; text: string }[] = [];
    const packages = new Set<string>();
    const absent = new Set<string>();
    let hasDirectives = false;
    const seen = new Set<string>();
    const visit = (file: string, importer: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      if (seen.size > MOST_FILES) {
        throw new AmocError('COMPILE', `the scenario has more than ${MOST_FILES} files`);
      }
      const text = this.#read(file, importer);
      const found = typescript.preProcessFile(text);
      hasDirectives ||=
        found.referencedFiles.length > 0 ||
        found.typeReferenceDirectives.length > 0 ||
        found.libReferenceDirectives.length > 0;
      for (const { fileName: specifier } of found.importedFiles) {
        if (specifier.startsWith('.')) visit(this.#resolveImport(file, specifier, absent), file);
        else if (!isBuiltin(specifier)) packages.add(packageName(specifier));
      }
      leavesFirst.push({ file, text });
    };
    visit(entry, entry);
    return { leavesFirst, packages, absent, hasDirectives };
  }

  #read(file: string, importer: string): string {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      throw new AmocError('COMPILE', `${this.#shown(importer)}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** @param absent is given the files that would have come first */
  #resolveImport(importer: string, specifier: string, absent = new Set<string>()): string {
    const base = resolve(dirname(importer), specifier);
    if (!base.startsWith(this.#folder + sep)) {
      throw new AmocError(
        'COMPILE',
        `${this.#shown(importer)} imports '${specifier}', which is outside scenarios/; only files inside it travel to the slaves`,
      );
    }
    const candidates = [base.replace(/\.js$/, '.ts'), `${base}.ts`, join(base, 'index.ts')].filter(
      (file) => file.endsWith('.ts'),
    );
    for (const file of candidates) {
      if (exists(file)) return file;
      absent.add(file);
    }
    throw new AmocError(
      'COMPILE',
      `${this.#shown(importer)} imports '${specifier}', which does not exist`,
    );
  }

  /** Writes the names of the compiled files into the output's relative imports. */
  #linkImports(typescript: typeof ts, output: string, file: string): string {
    let code = output;
    const imports = typescript.preProcessFile(output).importedFiles;
    for (const { fileName, pos, end } of imports.toReversed()) {
      if (!fileName.startsWith('.')) continue;
      const target = this.#resolveImport(file, fileName);
      const path = relative(dirname(file), target).replace(/\.ts$/, '.js').split(sep).join('/');
      const quoted = JSON.stringify(path.startsWith('.') ? path : `./${path}`);
      code = code.slice(0, pos) + quoted + code.slice(end + 2);
    }
    return code;
  }

  #pathOf(file: string): string {
    return relative(this.#folder, file).replace(/\.ts$/, '.js').split(sep).join('/');
  }

  #shown(file: string): string {
    return relative(dirname(this.#folder), file);
  }
}

/** The name under which slaves keep what was compiled. */
export function hashOf(files: CompiledScenario['files']): string {
  return sha256(files.map(({ path, code }) => `${path}\0${code}\0`).join('')).slice(0, 32);
}

interface SourceGraph {
  leavesFirst: { file: string; text: string }[];
  packages: Set<string>;
  absent: Set<string>;
  hasDirectives: boolean;
}

/** The types of Node.js: with the package, or beside it where npm has put them. */
function typesOfNode(packageRoot: string): string {
  const paths = createRequire(join(packageRoot, 'package.json'));
  return dirname(paths.resolve('@types/node/package.json'));
}

function exists(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch {
    return false;
  }
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier);
}

function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] as string);
}
