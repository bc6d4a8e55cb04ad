import { readFileSync } from 'node:fs';
import { AmocError, messageOf, systemCode } from '../lib/errors.ts';
import { didYouMean } from '../lib/nearest.ts';
import { utf8Text } from '../lib/utf8-text.ts';
import { builtInVariables } from './run-variables.ts';

/** Name of the settings file in the project's folder. */
export const SETTINGS_FILE = 'amoc.json';

/**
 * Reads `amoc.json`. No file is no settings.
 *
 * @param scenarios names of the scenarios there are: each may have a section
 * @throws {AmocError} `CONFIG` when it cannot be read, is no JSON object, or has an unknown key; `FILE` when
 * it is not UTF-8.
 */
export function readSettingsFile(
  path: string,
  scenarios: readonly string[],
): Record<string, unknown> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return {};
    throw new AmocError('CONFIG', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  const value = parse(path, utf8Text(bytes, path));
  const known = [...Object.keys(builtInVariables), ...scenarios];
  const unknown = Object.entries(value)
    // A scalar at the top may be a scenario's variable; only a section must name a scenario.
    .filter(([key, content]) => typeof content === 'object' && !scenarios.includes(key))
    .map(([key]) => `${key} in ${path} names no scenario${didYouMean(key, known)}`);
  if (unknown.length > 0) throw new AmocError('CONFIG', unknown.join('\n'));
  return value;
}

function parse(path: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AmocError('CONFIG', `${path} is not JSON: ${messageOf(error)}`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AmocError('CONFIG', `${path} must be an object: { "interarrival": 20, … }`);
  }
  return value as Record<string, unknown>;
}
