import { z } from 'zod';
import { AmocError } from '../lib/errors.ts';
import { SCENARIO_NAME } from '../lib/text/names.ts';
import { isPackageName } from '../lib/text/package-name.ts';
import { pathFault } from '../lib/text/plain-path.ts';
import { sha256 } from '../lib/ids/sha256.ts';

/** Relative to the scenario's folder: `my_scenario.js`, `lib/talk.js`. */
const filePath = z.string().refine((path) => pathFault(path) === undefined, 'not a plain path');

/** The path, and JavaScript with its source map. */
const moduleFile = z.object({ path: filePath.regex(/\.m?js$/), code: z.string() });

const dataFile = z.object({ path: filePath, text: z.string() });

/** A compiled scenario as it travels: every file that it needs, except npm packages. */
export const compiledScenario = z.object({
  name: z.string().regex(SCENARIO_NAME),
  /** See {@link hashOf}. */
  hash: z.string().regex(/^[0-9a-f]{16,64}$/),
  files: z.array(moduleFile).min(1).max(500),
  /** npm packages that the files import at run time. */
  packages: z.array(z.string().refine(isPackageName, 'not the name of an npm package')).max(200),
  /** Left out when the scenario has none. */
  data: z.array(dataFile).max(500).optional(),
});

/** A compiled module of a scenario. */
export type ModuleFile = z.infer<typeof moduleFile>;

/** A file of data that travels with a scenario. */
export type DataFile = z.infer<typeof dataFile>;

/** A compiled scenario: every file that it needs, except npm packages. */
export type CompiledScenario = z.infer<typeof compiledScenario>;

/** The name under which slaves keep a compiled scenario: a hash over all its contents. */
export function hashOf({
  name,
  files,
  packages,
  data = [],
}: Omit<CompiledScenario, 'hash'>): string {
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
export function demandSound(bundle: CompiledScenario): void {
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
