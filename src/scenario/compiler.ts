import { createRequire } from 'node:module';
import { dirname, join, posix, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Service } from 'ts-node';
import type ts from 'typescript';
import { AmocError } from '../lib/errors.ts';
import { inlineSourceMap, withInlineSourceMap } from '../lib/text/inline-source-map.ts';
import { sha256 } from '../lib/ids/sha256.ts';
import { hashOf } from './bundle.ts';
import type { CompiledScenario, ModuleFile } from './bundle.ts';
import { scenarioFile } from './catalogue.ts';
import { scenarioOptions } from './compiler-options.ts';
import { demandSmall, readData } from './data-files.ts';
import { declaredFiles } from './declared-files.ts';
import { describeDiagnostic } from './diagnostics.ts';
import { ImportLinker } from './import-linker.ts';
import { ImportResolver, outputPath, plainRelative } from './import-resolver.ts';
import { jsonModule, jsonModulePath } from './json-module.ts';
import { loadTypescript } from './load-typescript.ts';
import { collectSources } from './source-graph.ts';
import type { SourceFile, SourceGraph } from './source-graph.ts';

/** Where scenarios and this package are; see {@link ScenarioCompiler}. */
export interface CompilerPlaces {
  folder: string;
  packageRoot: string;
  /** Where compiled scenarios are kept. @default a private folder of the user */
  cacheFolder?: string;
}

/** Everything that determines the compiled form of a scenario, apart from this package. */
export interface CompileInputs {
  /** With their paths from the folder of the scenarios; the entry comes last. */
  sources: { path: string; sha256: string }[];
  /** Paths of files that would have been imported instead, if they had existed. */
  absent: string[];
  /** Whether types also come from elsewhere: npm packages, other folders, files that a directive names. */
  isOpen: boolean;
}

/** The result of {@link ScenarioCompiler.build}. */
export interface Built {
  scenario: CompiledScenario;
  inputs: CompileInputs;
}

/**
 * The largest compiled scenario, as JSON, in bytes: the frame that it travels in (16 MiB) also contains the
 * settings.
 */
const MAX_BUNDLE_BYTES = 15 * 1024 * 1024;

/** TypeScript, and the tools that work on its syntax trees. */
interface Tools {
  readonly service: Service;
  readonly typescript: typeof ts;
  readonly resolver: ImportResolver;
  readonly linker: ImportLinker;
}

/**
 * Compiles scenarios with a type check, in this thread, with ts-node's service. Compiling unchanged files
 * again costs nothing.
 */
export class ScenarioCompiler {
  readonly #folder: string;
  readonly #packageRoot: string;
  #tools: Tools | undefined;

  /**
   * @param folder the scenarios
   * @param packageRoot where this package is installed, for the types of `import … from 'amoc'`
   */
  constructor(folder: string, packageRoot: string) {
    this.#folder = resolve(folder);
    this.#packageRoot = packageRoot;
  }

  /**
   * @throws {AmocError} `SCENARIO` when no scenario has that name, `COMPILE` with every diagnostic
   * (file, line, column, code, the line itself) when it does not compile, `FILE` for data that is not UTF-8.
   */
  async compile(name: unknown): Promise<CompiledScenario> {
    const { scenario } = await this.build(name);
    return scenario;
  }

  /** As {@link ScenarioCompiler.compile}, together with the inputs. */
  async build(name: unknown): Promise<Built> {
    const entry = scenarioFile(this.#folder, name);
    const tools = await this.#load();
    const { typescript, resolver } = tools;
    const graph = collectSources(typescript, resolver, this.#folder, entry);
    const declared = declaredFiles(typescript, this.#folder, graph.entry);
    // Before TypeScript reads JSON for its types.
    demandSmall(this.#folder, [...new Set([...graph.json, ...declared])]);
    const compiled = this.#compileAll(tools, entry, graph.leavesFirst);
    const reached = this.#reach(tools, entry);
    const files = graph.leavesFirst
      .filter(({ file }) => reached.modules.has(file))
      .map(({ file }) => ({
        path: outputPath(this.#folder, file),
        code: compiled.get(file) as string,
      }));
    const data = readData(this.#folder, [...new Set([...reached.json, ...declared])]);
    const byPath = new Map(data.map((each) => [each.path, each]));
    for (const file of reached.json) {
      const path = jsonModulePath(this.#folder, file);
      const text = byPath.get(plainRelative(this.#folder, file));
      if (text !== undefined) files.unshift(jsonModule(path, text));
    }
    demandApart(files, byPath);
    const packages = [...reached.packages].sort();
    const content = {
      name: name as string,
      files,
      packages,
      ...(data.length > 0 ? { data } : {}),
    };
    const scenario = { ...content, hash: hashOf(content) };
    demandToFit(scenario);
    return { scenario, inputs: this.#inputsOf(graph, scenario) };
  }

  /** Loads TypeScript, which takes half a second. */
  async load(): Promise<void> {
    await this.#load();
  }

  async #load(): Promise<Tools> {
    if (this.#tools !== undefined) return this.#tools;
    const { createService, typescript } = await loadTypescript();
    // The service must be given its steps before it tells its options, which the resolver needs.
    const steps: ts.TransformerFactory<ts.SourceFile>[] = [];
    const service = createService({
      cwd: this.#folder,
      skipProject: true,
      transformers: { after: steps },
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
    const resolver = new ImportResolver(typescript, service.config.options, this.#folder);
    const linker = new ImportLinker(typescript, resolver, this.#folder);
    steps.push(linker.transformer);
    return (this.#tools = { service, typescript, resolver, linker });
  }

  /** @throws {AmocError} `COMPILE` with the mistakes of every file */
  #compileAll(
    { service, typescript }: Tools,
    entry: string,
    sources: readonly SourceFile[],
  ): Map<string, string> {
    const mistakes: string[] = [];
    const compiled = new Map<string, string>();
    for (const { file, text } of sources) {
      try {
        compiled.set(file, withSourceUrl(service.compile(text, file), file));
      } catch (error) {
        const diagnostics = (error as { diagnostics?: readonly ts.Diagnostic[] }).diagnostics;
        if (diagnostics === undefined) throw error;
        mistakes.push(
          ...diagnostics.map((each) => describeDiagnostic(typescript, each, this.#folder)),
        );
      }
    }
    if (mistakes.length > 0) {
      throw new AmocError(
        'COMPILE',
        [`${this.#shown(entry)} does not compile`, ...mistakes].join('\n'),
      );
    }
    return compiled;
  }

  /**
   * What the scenario needs at run time.
   *
   * @throws {AmocError} `COMPILE` with every import that cannot travel
   */
  #reach(
    { linker }: Tools,
    entry: string,
  ): { modules: Set<string>; json: Set<string>; packages: Set<string> } {
    const modules = new Set([entry]);
    const json = new Set<string>();
    const packages = new Set<string>();
    const faults: string[] = [];
    // The set grows while the loop runs.
    for (const file of modules) {
      const found = linker.importsOf(file);
      for (const each of found.modules) modules.add(each);
      for (const each of found.json) json.add(each);
      for (const each of found.packages) packages.add(each);
      faults.push(...found.faults.map((fault) => `${this.#shown(file)} imports ${fault}`));
    }
    const paths = [...modules].map((file) => outputPath(this.#folder, file));
    for (const file of modules) {
      for (const { prefix, line } of linker.importsOf(file).computed) {
        const begin = posix.join(posix.dirname(outputPath(this.#folder, file)), prefix);
        if (paths.some((path) => path.startsWith(begin))) continue;
        faults.push(
          `${this.#shown(file)}:${line}: import('${prefix}' …) is known only at run time, so no file travels for it; write one import('${prefix}NAME.js') for each file, and choose between them`,
        );
      }
    }
    if (faults.length > 0) throw new AmocError('COMPILE', faults.join('\n'));
    return { modules, json, packages };
  }

  #inputsOf(graph: SourceGraph, { data = [] }: CompiledScenario): CompileInputs {
    const { leavesFirst, types, absent, isOpen } = graph;
    const all = [...types, ...leavesFirst].map(({ file, text }) => ({
      path: relative(this.#folder, file),
      sha256: sha256(text),
    }));
    const travelling = data.map(({ path, text }) => ({ path, sha256: sha256(text) }));
    const isWhole = graph.json.every((file) =>
      travelling.some(({ path }) => resolve(this.#folder, path) === file),
    );
    return {
      sources: [...travelling, ...all],
      absent: [...absent].map((file) => relative(this.#folder, file)),
      // JSON of which only the types are used is not watched for changes.
      isOpen: isOpen || !isWhole,
    };
  }

  #shown(file: string): string {
    return relative(dirname(this.#folder), file);
  }
}

/** A source map names files by URL or path: a path that a URL parser would change is written as a URL. */
function withSourceUrl(code: string, file: string): string {
  const map = /[%#?\\]/.test(file) ? inlineSourceMap(code) : undefined;
  if (map === undefined) return code;
  return withInlineSourceMap(code, { ...map, sources: [pathToFileURL(file).href] });
}

/** Code and data are written into one folder: their paths must differ. */
function demandApart(files: readonly ModuleFile[], data: ReadonlyMap<string, unknown>): void {
  const seen = new Set<string>();
  for (const { path } of files) {
    if (data.has(path)) {
      throw new AmocError('COMPILE', `scenarios/${path} is code of the scenario, not data`);
    }
    if (seen.has(path)) {
      throw new AmocError(
        'COMPILE',
        `two files of the scenario would both be ${path} when they are compiled; rename one`,
      );
    }
    seen.add(path);
  }
}

function demandToFit(scenario: CompiledScenario): void {
  const bytes = Buffer.byteLength(JSON.stringify(scenario));
  if (bytes <= MAX_BUNDLE_BYTES) return;
  throw new AmocError(
    'COMPILE',
    `${scenario.name} has ${(bytes / 1024 / 1024).toFixed(1)} MiB, together with the files that travel with it; at most ${MAX_BUNDLE_BYTES / 1024 / 1024} MiB can travel`,
  );
}

/** The types of Node.js: with the package, or beside it where npm has put them. */
function typesOfNode(packageRoot: string): string {
  const paths = createRequire(join(packageRoot, 'package.json'));
  return dirname(paths.resolve('@types/node/package.json'));
}
