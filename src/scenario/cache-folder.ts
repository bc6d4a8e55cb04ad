import { accessSync, constants, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { AmocError, messageOf } from '../lib/errors.ts';
import { demandPrivateFolder } from '../lib/system/private-folder.ts';
import { foreignVariable } from '../lib/system/environment.ts';
import { userName } from '../lib/system/os-account.ts';

/** A folder of the cache: compiled scenarios as slaves run them, or as the master keeps them. */
export type CacheKind = 'scenarios' | 'compiled';

/** Where the cache is; see {@link findCacheFolder}. */
export interface CacheFolder {
  readonly folder: string;
  /** Why it is not in `HOME`, although that is set. */
  readonly fault: string | undefined;
}

/**
 * The folder of this user's cached code, made when it is missing: no other user may write to it, because the code
 * in it is executed.
 *
 * @param kind a folder in it
 * @throws {AmocError} `FILE` when no folder is both writable and private
 */
export function cacheFolder(kind: CacheKind): string {
  return findCacheFolder(kind).folder;
}

/**
 * As {@link cacheFolder}: in `XDG_CACHE_HOME` and nowhere else, if that is set; otherwise in `HOME`; or in a private
 * folder of the system's temporary folder where `HOME` cannot be used (accounts of services, containers with
 * another user).
 *
 * @throws {AmocError} `FILE`
 */
export function findCacheFolder(kind: CacheKind): CacheFolder {
  const chosen = foreignVariable('XDG_CACHE_HOME');
  // A relative path must be ignored (XDG Base Directory Specification).
  if (chosen !== undefined && isAbsolute(chosen)) {
    const folder = join(chosen, 'amoc', kind);
    const fault = faultOf(folder);
    if (fault === undefined) return { folder, fault };
    const or = fault.includes('; run: ') ? ', or' : ';';
    throw new AmocError('FILE', `${fault}${or} set XDG_CACHE_HOME to another folder`);
  }
  const home = foreignVariable('HOME');
  let homeFault: string | undefined;
  if (home !== undefined && isAbsolute(home)) {
    const folder = join(home, '.cache', 'amoc', kind);
    homeFault = faultOf(folder);
    if (homeFault === undefined) return { folder, fault: undefined };
  }
  const folder = join(tmpdir(), `amoc-${userName()}`, kind);
  const fault = faultOf(folder);
  if (fault === undefined) return { folder, fault: homeFault };
  const both = homeFault === undefined ? fault : `${homeFault}, and ${fault}`;
  throw new AmocError(
    'FILE',
    `there is no folder to keep compiled scenarios in: ${both}; set XDG_CACHE_HOME to a folder of your own`,
  );
}

/** Makes a folder and says what is wrong with it, if anything is. */
function faultOf(folder: string): string | undefined {
  try {
    demandPrivateFolder(folder);
  } catch (error) {
    return messageOf(error);
  }
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return `${folder} cannot be written to (${messageOf(error)})`;
  }
}

/**
 * Removes the contents of a folder of the cache, except for the `most` newest.
 *
 * @param isMeant whether a name may be removed, and counts
 */
export function keepNewest(folder: string, most: number, isMeant: (name: string) => boolean): void {
  try {
    const found = readdirSync(folder)
      .filter(isMeant)
      .map((name) => join(folder, name))
      .map((path) => ({ path, age: statSync(path).mtimeMs }))
      .sort((a, b) => b.age - a.age);
    for (const { path } of found.slice(most)) rmSync(path, { recursive: true, force: true });
  } catch {
    // Another process does the same at the same time; the next process does the rest.
  }
}
