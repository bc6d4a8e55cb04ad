import { AmocError } from '../lib/errors.ts';
import { isPackageName } from '../lib/text/package-name.ts';
import { pathFault } from '../lib/text/plain-path.ts';
import { sha256 } from '../lib/ids/sha256.ts';

/** A compiled module of a scenario. */
export interface ModuleFile {
  /** Plain and relative: `my_scenario.js`, `lib/talk.js`. */
  path: string;
  /** JavaScript with its source map. */
  code: string;
}

/** A file of data that travels with a scenario. */
export interface DataFile {
  /** Plain and relative to the scenario: `names.csv`, `lib/accounts.json`. */
  path: string;
  text: string;
}

/** A compiled scenario as slaves get it: every file that it needs, except npm packages. */
export interface Bundle {
  name: string;
  /** See {@link hashOf}. */
  hash: string;
  files: ModuleFile[];
  /** npm packages that the files import at run time. */
  packages: string[];
  /** Left out when the scenario has none. */
  data?: DataFile[] | undefined;
}

/** The name under which slaves keep a compiled scenario: a hash over all its contents. */
export function hashOf({ name, files, packages, data = [] }: Omit<Bundle, 'hash'>): string {
  const content = [
    name,
    files.map(({ path, code }) => [path, code]),
    packages,
    data.map(({ path, text }) => [path, text]),
  ];
  return sha256(JSON.stringify(content)).slice(0, 32);
}

/**
 * Checks a bundle before any part of it is written or run.
 *
 * @throws {AmocError} `SCENARIO` when a path leaves the bundle's folder or occurs twice, a package's name is
 * invalid, or the contents do not have the hash that the bundle names
 */
export function demandSound(bundle: Bundle): void {
  const { name, files, packages, data = [] } = bundle;
  const refuse = (why: string): never => {
    throw new AmocError('SCENARIO', `the compiled scenario ${name} is refused: ${why}`);
  };
  const seen = new Set<string>();
  for (const { path } of [...files, ...data]) {
    const fault = pathFault(path);
    if (fault !== undefined) refuse(`its path ${JSON.stringify(path)} ${fault}`);
    if (seen.has(path)) refuse(`its path ${JSON.stringify(path)} comes twice`);
    seen.add(path);
  }
  const odd = packages.find((each) => !isPackageName(each));
  if (odd !== undefined) refuse(`${JSON.stringify(odd)} is not the name of an npm package`);
  const hash = hashOf(bundle);
  if (hash !== bundle.hash) {
    refuse(
      `its contents have the hash ${hash}, not ${bundle.hash}; install the same amoc everywhere`,
    );
  }
}
