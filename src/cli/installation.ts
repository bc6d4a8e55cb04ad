import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRootOf } from '../scenario/loader.ts';
import type { LoaderPlaces } from '../scenario/loader.ts';

const here = fileURLToPath(import.meta.url);

/** Where this package is installed. */
export const PACKAGE_ROOT = packageRootOf(here);

/** What runs one slave process. */
export const slaveScript = join(PACKAGE_ROOT, 'dist', 'src', 'cli', 'slave-main.js');

export { VERSION } from '../lib/version.ts';

/** The user's project: the current folder when it has scenarios, else the package itself. */
export function projectFolder(): string {
  const chosen = process.env['AMOC_PROJECT'];
  if (chosen !== undefined && chosen !== '') return resolve(chosen);
  return existsSync(join(process.cwd(), 'scenarios')) ? process.cwd() : PACKAGE_ROOT;
}

/** The folder of the scenarios. */
export function scenariosFolder(): string {
  return join(projectFolder(), 'scenarios');
}

/** What loading a scenario needs to know of this installation. */
export function places(): LoaderPlaces {
  return { packageRoot: PACKAGE_ROOT, scenariosFolder: scenariosFolder() };
}
