import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AmocError, messageOf } from '../lib/errors.ts';
import { demandSound } from './bundle.ts';
import type { CompiledScenario } from './bundle.ts';
import { cacheFolder, keepNewest } from './cache-folder.ts';

/** At most this many compiled scenarios are kept on disk; the oldest are removed. */
const MAX_KEPT = 50;

/** Where a process finds packages and keeps compiled scenarios. */
export interface LoaderPlaces {
  /** Where this package is installed: what `import … from 'amoc'` means. */
  packageRoot: string;
  /** The folder from whose `node_modules` the scenarios' npm dependencies come. */
  scenariosFolder: string;
  /** @default a private folder of the user in the system's temporary folder */
  cacheFolder?: string;
}

/**
 * Writes a bundle to disk, under its hash, and imports its entry. A changed scenario has another
 * hash, so it is loaded again without a restart.
 *
 * @returns what the module exports
 * @throws {AmocError} `SCENARIO` when the bundle does not have its hash, a package is missing, or the
 * module throws while it loads.
 */
export async function loadBundle(
  bundle: CompiledScenario,
  places: LoaderPlaces,
): Promise<Record<string, unknown>> {
  demandSound(bundle);
  const folder = writeBundle(bundle, places);
  const entry = pathToFileURL(join(folder, `${bundle.name}.js`)).href;
  try {
    return (await import(entry)) as Record<string, unknown>;
  } catch (error) {
    throw new AmocError('SCENARIO', `${bundle.name} failed to load: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function writeBundle(bundle: CompiledScenario, places: LoaderPlaces): string {
  const cache = places.cacheFolder ?? cacheFolder('scenarios');
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const links = findPackages(bundle.packages, places);
  const contents = contentsOf(bundle);
  const folder = join(cache, bundle.hash);
  if (isThere(folder, contents, links)) {
    // So that used bundles stay, and unused ones are removed.
    const now = new Date();
    utimesSync(folder, now, now);
    return folder;
  }
  // Written aside and renamed, so that another process never sees half of it.
  const draft = mkdtempSync(join(cache, 'draft-'));
  for (const [path, text] of contents) {
    mkdirSync(dirname(join(draft, path)), { recursive: true });
    writeFileSync(join(draft, path), text);
  }
  for (const [name, target] of links) {
    const link = join(draft, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(target, link, 'dir');
  }
  const linked = links.map(([name]) => join('node_modules', name));
  putInPlace(draft, folder, [...contents.keys(), ...linked]);
  keepNewest(cache, MAX_KEPT, (name) => name !== bundle.hash && /^[0-9a-f]{32}$/.test(name));
  return folder;
}

/** Every file of a bundle as it is on disk. */
function contentsOf({ files, data = [] }: CompiledScenario): Map<string, string> {
  return new Map([
    ['package.json', '{"type":"module"}\n'],
    ...files.map(({ path, code }): [string, string] => [path, code]),
    ...data.map(({ path, text }): [string, string] => [path, text]),
  ]);
}

/** Whether a folder has all of a bundle, unchanged: old files may have been cleaned up by another program. */
function isThere(
  folder: string,
  contents: ReadonlyMap<string, string>,
  links: readonly [name: string, target: string][],
): boolean {
  try {
    return (
      [...contents].every(([path, text]) => readFileSync(join(folder, path), 'utf8') === text) &&
      links.every(([name, to]) => readlinkSync(join(folder, 'node_modules', name)) === to)
    );
  } catch {
    return false;
  }
}

/**
 * Renames a folder to its place. If a folder is there already, another process has just put it there, or its files
 * were changed. Then its files are replaced one by one, because other processes may be importing from it.
 */
function putInPlace(draft: string, folder: string, paths: Iterable<string>): void {
  try {
    renameSync(draft, folder);
  } catch (error) {
    if (!exists(folder)) throw error;
    for (const path of paths) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      renameSync(join(draft, path), join(folder, path));
    }
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** @throws {AmocError} `SCENARIO` that names all missing packages */
function findPackages(names: readonly string[], places: LoaderPlaces): [string, string][] {
  const found: [string, string][] = [];
  const missing: string[] = [];
  for (const name of names) {
    const folder = findPackage(name, places);
    if (folder === undefined) missing.push(name);
    else found.push([name, folder]);
  }
  if (missing.length === 0) return found;
  const [what, are] = missing.length === 1 ? ['npm package', 'is'] : ['npm packages', 'are'];
  const list = missing.map((name) => `'${name}'`).join(', ');
  throw new AmocError(
    'SCENARIO',
    `the ${what} ${list} ${are} not installed here; run: npm install ${missing.join(' ')} -w scenarios`,
  );
}

/** Where an installed package is: beside the scenarios, or among amoc's own packages. */
function findPackage(
  name: string,
  { packageRoot, scenariosFolder }: LoaderPlaces,
): string | undefined {
  if (name === 'amoc') return packageRoot;
  for (const from of [scenariosFolder, packageRoot]) {
    const paths = createRequire(join(from, 'package.json')).resolve.paths(name) ?? [];
    const found = paths.map((path) => join(path, name)).find(exists);
    if (found !== undefined) return found;
  }
  return undefined;
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
