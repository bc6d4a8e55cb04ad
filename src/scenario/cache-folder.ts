import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AmocError } from '../lib/errors.ts';
import { userName } from '../lib/user-name.ts';

/**
 * The folder of this user's cached code, made when it is missing: nobody else may write to it, for what
 * lies in it is executed.
 *
 * @param kind a folder in it
 * @throws {AmocError} `FILE` when others can write to it
 */
export function cacheFolder(kind: 'scenarios' | 'compiled'): string {
  const uid = process.getuid?.();
  const base =
    process.env['XDG_CACHE_HOME'] ?? (process.env['HOME'] && join(process.env['HOME'], '.cache'));
  const folder = join(base ? join(base, 'amoc') : join(tmpdir(), `amoc-${userName()}`), kind);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid: owner, mode } = statSync(folder);
  if (uid !== undefined && (owner !== uid || (mode & 0o022) !== 0)) {
    throw new AmocError(
      'FILE',
      `${folder} can be written to by others; run: chmod go-w ${folder}, or set XDG_CACHE_HOME`,
    );
  }
  return folder;
}

/**
 * Removes what lies in a folder of the cache, but for the `most` that are newest.
 *
 * @param isMeant names that are looked at
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
    // Another process does so at the same time; whoever comes next does the rest.
  }
}
