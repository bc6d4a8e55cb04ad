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
import { inlineSourceMap, withInlineSourceMap } from '../lib/text/inline-source-map.ts';
import { sha256 } from '../lib/ids/sha256.ts';
import { hashOf } from './bundle.ts';
import type { CompiledScenario, DataFile, ModuleFile } from './bundle.ts';
import { cacheFolder, keepNewest } from './cache-folder.ts';
import { scenarioFile } from './catalogue.ts';
import { scenarioOptions } from './compiler-options.ts';
import type { Built, CompilerPlaces } from './compiler.ts';
import { readData } from './data-files.ts';

/** At most this many compiled scenarios are kept; those that were unused for longest are removed. */
const MAX_KEPT = 200;

const entry = z.object({
  /** Where the scenarios were then: source maps name it. */
  folder: z.string(),
  scenario: z.object({
    name: z.string(),
    hash: z.string(),
    files: z.array(z.object({ path: z.string(), code: z.string() })),
    packages: z.array(z.string()),
  }),
  /** Paths of the files of data: these are read where they are, and are not stored here. */
  data: z.array(z.string()),
  sources: z.array(z.object({ path: z.string(), sha256: z.string() })),
  absent: z.array(z.string()),
});

/**
 * Compiled scenarios on disk: otherwise each new shell would spend a second or more on a check. An entry
 * is used while every source has the same contents, no new file would be imported in place of another,
 * and compiler, options and types are the same. A scenario that imports npm packages is not kept, because their
 * types are not watched for changes.
 *
 * Nothing here fails: if the cache cannot be used for any reason, the scenario is compiled.
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

  /** The compiled form of a scenario, if it is in the cache. */
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

  /** Puts a built scenario into the cache. */
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
      keepNewest(this.#cache, MAX_KEPT, () => true);
    });
  }

  /** Named after the text of the scenario, not its place: a copied project finds the entries of the original. */
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

/** A hash over compiler, options and types. The dependencies of this package are pinned by its manifest. */
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

/** The same files, with source maps that name the present places of the sources. */
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
