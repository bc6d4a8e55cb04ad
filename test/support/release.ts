import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './root.ts';

const call = promisify(execFile);

/**
 * The release of what is compiled now, which all tests that need one share: `make test` has built it, otherwise it
 * is built here. Tests that change it copy it first.
 *
 * @returns the folder with `amoc`, the tarball and its checksum
 */
export async function sharedRelease(): Promise<string> {
  await call('make', ['--no-print-directory', 'rel'], { cwd: ROOT });
  return join(ROOT, '_rel');
}
