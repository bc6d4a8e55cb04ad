import { readFileSync, statSync } from 'node:fs';
import { AmocError, messageOf, systemCode } from '../lib/errors.ts';
import { didYouMean } from '../lib/text/nearest.ts';
import { utf8Text } from '../lib/text/utf8-text.ts';
import type { Variables } from './variable.ts';

/** Name of the settings file in the project's folder. */
export const SETTINGS_FILE = 'amoc.json';

/**
 * Reads `amoc.json`. Without the file there are no settings.
 *
 * @param scenarios names of the scenarios that exist: each may have a section
 * @param settings all settings except a scenario's own
 * @throws {AmocError} `CONFIG` when it cannot be read, is not a JSON object, or has an unknown key; `FILE`
 * when it is not UTF-8
 */
export function readSettingsFile(
  path: string,
  scenarios: readonly string[],
  settings: Variables,
): Record<string, unknown> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return {};
    throw new AmocError('CONFIG', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  const value = parse(path, utf8Text(bytes, path));
  const known = [...Object.keys(settings), ...scenarios];
  const unknown = Object.entries(value)
    // A scalar at the top may be a scenario's variable; only a section must name a scenario.
    .filter(([key, content]) => typeof content === 'object' && !scenarios.includes(key))
    .map(([key]) => `${key} in ${path} names no scenario${didYouMean(key, known)}`);
  if (unknown.length > 0) throw new AmocError('CONFIG', unknown.join('\n'));
  return value;
}

/**
 * A sentence about a settings file that has secrets and can be read by others; `undefined` for any other
 * file. Unlike a cookie, these are secrets of test accounts: the file is used all the same.
 *
 * @param content what {@link readSettingsFile} returned
 * @param settings all settings except a scenario's own
 */
export function sayOpenSecrets(
  path: string,
  content: Readonly<Record<string, unknown>>,
  settings: Variables,
): string | undefined {
  const names = Object.entries(content).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null ? Object.keys(value) : [key],
  );
  const secrets = Object.entries(settings)
    .filter(([name, { secret }]) => secret === true && names.includes(name))
    .map(([name]) => name);
  if (secrets.length === 0 || (statSync(path).mode & 0o077) === 0) return undefined;
  return `${path} has ${secrets.join(' and ')}, and can be read by others; run: chmod 600 ${path}`;
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
