import { AmocError } from '../../lib/errors.ts';
import type { JsonValue } from '../../lib/text/bounded-json.ts';
import { count } from '../../lib/text/plural.ts';
import { MAX_VALUE_CHARACTERS, MAX_VALUE_DEPTH } from './messages.ts';

/**
 * A copy of what a work returned, as it travels: JSON, at most 16,384 characters long. Properties that are
 * `undefined` are left out, as `JSON.stringify` does.
 *
 * @param name of the value, for errors
 * @returns `undefined` when the work returned nothing
 * @throws {AmocError} `SCENARIO` naming the part that is not JSON, or the length
 */
export function jsonCopy(name: string, value: unknown): JsonValue | undefined {
  if (value === undefined) return undefined;
  demandJson(name, value, '', 0);
  const text = JSON.stringify(value);
  if (text.length > MAX_VALUE_CHARACTERS) {
    throw new AmocError(
      'SCENARIO',
      `once '${name}': the value has ${count(text.length)} characters as JSON; at most ${count(MAX_VALUE_CHARACTERS)} can be shared`,
    );
  }
  return JSON.parse(text) as JsonValue;
}

/** Makes a value unchangeable: all users of the process get the same one. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}

function demandJson(name: string, value: unknown, path: string, depth: number): void {
  const refuse = (what: string): never => {
    const where = path === '' ? '' : ` at ${path}`;
    throw new AmocError(
      'SCENARIO',
      `once '${name}': the value has ${what}${where}; it must be JSON, because it travels to other processes`,
    );
  };
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) refuse(`the number ${value}`);
    return;
  }
  if (typeof value !== 'object') {
    refuse(value === undefined ? 'an empty place' : `a ${typeof value}`);
    return;
  }
  if (depth >= MAX_VALUE_DEPTH) refuse(`more than ${MAX_VALUE_DEPTH} levels`);
  if (Array.isArray(value)) {
    // Not forEach, which leaves out empty places.
    for (let at = 0; at < value.length; at++)
      demandJson(name, value[at], `${path}[${at}]`, depth + 1);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    refuse(`a ${value.constructor.name}`);
  }
  for (const [key, inner] of Object.entries(value)) {
    if (inner !== undefined) demandJson(name, inner, `${path}.${key}`, depth + 1);
  }
}
