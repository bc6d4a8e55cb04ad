import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { env } from '../config/environment.ts';
import { packageRootOf } from '../lib/system/package-root.ts';
import type { LoaderPlaces } from '../scenario/loader.ts';

const here = fileURLToPath(import.meta.url);

/** Where this package is installed. */
export const PACKAGE_ROOT = packageRootOf(here);

/** The script of one of the programs that run in processes of their own. */
export function programScript(name: 'slave' | 'node' | 'embedded'): string {
  return join(PACKAGE_ROOT, 'dist', 'src', 'app', 'programs', `${name}-main.js`);
}

export { VERSION } from '../lib/system/version.ts';

/** The user's project: the current folder when it has scenarios, else the package itself. */
export function projectFolder(): string {
  const chosen = env('AMOC_PROJECT');
  if (chosen !== undefined) return resolve(chosen);
  return existsSync(join(process.cwd(), 'scenarios')) ? process.cwd() : PACKAGE_ROOT;
}

/** The folder of the scenarios. */
export function scenariosFolder(): string {
  return join(projectFolder(), 'scenarios');
}

/** What the loader of scenarios needs to know about this installation. */
export function places(): LoaderPlaces {
  return { packageRoot: PACKAGE_ROOT, scenariosFolder: scenariosFolder() };
}
