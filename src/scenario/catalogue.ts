import { quote } from '../lib/text/quote.ts';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { AmocError } from '../lib/errors.ts';
import { SCENARIO_NAME } from '../lib/text/names.ts';
import { didYouMean } from '../lib/text/nearest.ts';

/** Names of the scenarios in a folder, sorted. A folder that does not exist has none. */
export function listScenarios(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
      .map((file) => file.slice(0, -3))
      .filter((name) => SCENARIO_NAME.test(name))
      .sort();
  } catch {
    return [];
  }
}

/**
 * The file of a scenario.
 *
 * @throws {AmocError} `SCENARIO` when the name is invalid, or no scenario has it; the nearest names are listed.
 */
export function scenarioFile(folder: string, name: unknown): string {
  if (typeof name !== 'string' || !SCENARIO_NAME.test(name)) {
    throw new AmocError(
      'SCENARIO',
      `${quote(name)} is not a valid scenario name; use letters, digits and _, as in the name of a file in scenarios/`,
    );
  }
  const names = listScenarios(folder);
  if (!names.includes(name)) {
    throw new AmocError(
      'SCENARIO',
      `no scenario '${name}' in scenarios/${didYouMean(name, names)}`,
    );
  }
  return join(folder, `${name}.ts`);
}
