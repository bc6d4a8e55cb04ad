import { createHash, randomUUID } from 'node:crypto';
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL, fileURLToPath } from 'node:url';
import { z } from 'zod';
import { inlineSourceMap, withInlineSourceMap } from '../lib/inline-source-map.ts';
import { sha256 } from '../lib/sha256.ts';
import { hashOf } from './bundle.ts';
import type { DataFile, ModuleFile } from './bundle.ts';
import { cacheFolder, keepNewest } from './cache-folder.ts';
import { scenarioFile } from './catalogue.ts';
import { scenarioOptions } from './compiler-options.ts';
import type { Built, CompiledScenario, CompilerPlaces } from './compiler.ts';
import { readData } from './data-files.ts';

/** Compiled scenarios that are kept; those that were not used for longest go. */
const MOST_KEPT = 200;

const entry = z.object({
  /** Where the scenarios were: source maps name it. */
  folder: z.string(),
  scenario: z.object({
    name: z.string(),
    hash: z.string(),
    files: z.array(z.object({ path: z.string(), code: z.string() })),
    packages: z.array(z.string()),
  }),
  /** Paths of the files of data: they are where they were, and need not be kept twice. */
  data: z.array(z.string()),
  sources: z.array(z.object({ path: z.string(), sha256: z.string() })),
  absent: z.array(z.string()),
});

/**
 * What scenarios compiled to, on disk: a check takes a second or more, in each shell that is opened. An
 * entry is used as long as every source has its contents, no file has come that would be imported instead,
 * and compiler, options and types are the same. What imports npm packages is not kept: their types are
 * nobody's to watch.
 *
 * Nothing here fails: whatever keeps it from working, the scenario is compiled.
 */
export class CompileCache {
  readonly #folder: string;
  readonly #packageRoot: string;
  readonly #cache: string | undefined;
  #tools: string | undefined;

  constructor({ folder, packageRoot, cacheFolder: cache }: CompilerPlaces) {
    this.#folder = resolve(folder);
    this.#packageRoot = packageRoot;
    this.#cache = cache ?? orNothing(() => cacheFolder('compiled'));
  }

  /** What a scenario compiles to, when that is known. */
  find(name: string): CompiledScenario | undefined {
    return orNothing(() => {
      if (this.#cache === undefined) return undefined;
      const text = readFileSync(scenarioFile(this.#folder, name), 'utf8');
      const file = this.#fileOf(this.#cache, name, sha256(text));
      const kept = entry.parse(JSON.parse(readFileSync(file, 'utf8')));
      const data = readData(
        this.#folder,
        kept.data.map((path) => join(this.#folder, path)),
      );
      const texts = new Map(data.map((each) => [each.path, each.text]));
      const isSame =
        kept.sources.every(({ path, sha256: known }) => {
          return sha256(texts.get(path) ?? this.#read(path)) === known;
        }) && kept.absent.every((path) => !existsSync(join(this.#folder, path)));
      if (!isSame) return undefined;
      const now = new Date();
      utimesSync(file, now, now);
      return this.#scenarioOf(kept, data);
    });
  }

  /** Keeps what was built. */
  keep(name: string, { scenario, inputs: { sources, absent, isOpen } }: Built): void {
    orNothing(() => {
      const main = sources.at(-1);
      if (isOpen || main === undefined || this.#cache === undefined) return;
      const { data = [], ...code } = scenario;
      const content: z.infer<typeof entry> = {
        folder: this.#folder,
        scenario: code,
        data: data.map(({ path }) => path),
        sources,
        absent,
      };
      // Written aside and renamed, so that another process never sees half of it.
      const draft = join(this.#cache, `draft-${randomUUID()}`);
      writeFileSync(draft, JSON.stringify(content), { mode: 0o600 });
      renameSync(draft, this.#fileOf(this.#cache, name, main.sha256));
      keepNewest(this.#cache, MOST_KEPT, () => true);
    });
  }

  /** By the text of the scenario, not by its place: a copied project finds what the first one left. */
  #fileOf(cache: string, name: string, textSha256: string): string {
    this.#tools ??= toolsOf(this.#packageRoot);
    return join(cache, `${sha256(`${this.#tools}\0${name}\0${textSha256}`)}.json`);
  }

  #scenarioOf({ folder, scenario }: z.infer<typeof entry>, data: DataFile[]): CompiledScenario {
    const whole = data.length > 0 ? { ...scenario, data } : scenario;
    if (folder === this.#folder) return whole;
    const files = movedTo(this.#folder, folder, scenario.files);
    return { ...whole, files, hash: hashOf({ ...whole, files }) };
  }

  #read(path: string): string {
    return readFileSync(join(this.#folder, path), 'utf8');
  }
}

/** Compiler, options and types. What this package depends on is pinned by its manifest. */
function toolsOf(packageRoot: string): string {
  const dist = join(packageRoot, 'dist', 'src');
  const compiler = /^(?:scenario|lib)[/\\].*\.js$/;
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.d.ts') || compiler.test(path))
    .sort();
  const hash = createHash('sha256').update(JSON.stringify(scenarioOptions));
  for (const path of [
    join(packageRoot, 'package.json'),
    ...files.map((each) => join(dist, each)),
  ]) {
    hash.update(path.slice(packageRoot.length)).update('\0').update(readFileSync(path));
  }
  return hash.digest('hex');
}

/** The same files, whose source maps name the sources where they are now. */
function movedTo(folder: string, from: string, files: readonly ModuleFile[]): ModuleFile[] {
  const moved = (path: string): string => {
    const isUrl = path.startsWith('file:');
    const plain = isUrl ? fileURLToPath(path) : path;
    const there = plain.startsWith(from) ? folder + plain.slice(from.length) : plain;
    return isUrl ? pathToFileURL(there).href : there;
  };
  return files.map(({ path, code }) => {
    const map = inlineSourceMap(code);
    if (map === undefined) return { path, code };
    const { file, sources } = map;
    const there = { ...map, file: moved(file), sources: sources.map(moved) };
    return { path, code: withInlineSourceMap(code, there) };
  });
}

function orNothing<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
