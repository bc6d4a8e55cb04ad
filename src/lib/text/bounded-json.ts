import { cut } from './foreign-text.ts';

/** What JSON can say. */
export type JsonValue =
  string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** How much of a foreign value is kept, at most. */
export interface JsonBounds {
  /** Objects and arrays inside each other. */
  depth: number;
  /** Values in all, containers included. */
  values: number;
  /** Characters of each text and key. */
  characters: number;
  /** Characters of all texts and keys together. @default as many as the other bounds allow */
  total?: number;
}

/** Enough for a line of a log. */
const LOG_BOUNDS: JsonBounds = { depth: 6, values: 500, characters: 4000, total: 32_000 };

/**
 * A copy of anything as plain JSON of bounded size. It never throws, whatever the value does when it is
 * read: getters and proxies that throw, cycles, `toJSON`, symbols, megabytes. Each part that is left out is
 * replaced by a text in brackets that names it.
 */
export function boundedJson(value: unknown, bounds: JsonBounds = LOG_BOUNDS): JsonValue {
  return new Copier(bounds).copy(value, 0);
}

/** Cuts a text to `most` characters and adds how many are missing. */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${cut(text, most)}… (${text.length - most} more characters)`;
}

/**
 * Whether a parsed JSON value keeps to a depth, a number of values, and a number of characters in all texts
 * and keys together. It does not recurse.
 */
export function isBounded(
  value: unknown,
  bounds: Pick<JsonBounds, 'depth' | 'values' | 'total'>,
): boolean {
  let left = bounds.values - 1;
  let charactersLeft = bounds.total ?? Infinity;
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    const next: unknown[] = [];
    for (const each of level) {
      if (typeof each === 'string' && (charactersLeft -= each.length) < 0) return false;
      if (typeof each !== 'object' || each === null) continue;
      if (depth >= bounds.depth) return false;
      for (const inner of Object.values(each)) {
        if (--left < 0) return false;
        next.push(inner);
      }
      if (charactersLeft === Infinity || Array.isArray(each)) continue;
      for (const key of Object.keys(each)) if ((charactersLeft -= key.length) < 0) return false;
    }
    level = next;
  }
  return bounds.values > 0;
}

class Copier {
  readonly #bounds: JsonBounds;
  readonly #above = new Set<unknown>();
  #left: number;
  #charactersLeft: number;

  constructor(bounds: JsonBounds) {
    this.#bounds = bounds;
    this.#left = bounds.values;
    this.#charactersLeft = bounds.total ?? Infinity;
  }

  copy(value: unknown, depth: number): JsonValue {
    this.#left--;
    switch (typeof value) {
      case 'string':
        return this.#cut(value);
      case 'number':
        return Number.isFinite(value) ? value : String(value);
      case 'boolean':
        return value;
      case 'bigint':
        return this.#cut(String(value));
      case 'undefined':
        return '[undefined]';
      case 'symbol':
        return '[symbol]';
      case 'function':
        return '[function]';
      case 'object':
        return value === null ? null : this.#copyObject(value, depth);
    }
  }

  #copyObject(value: object, depth: number): JsonValue {
    if (this.#above.has(value)) return '[circular]';
    if (depth >= this.#bounds.depth) return '[too deep]';
    this.#above.add(value);
    try {
      // Each byte has a key: a megabyte of them takes a quarter of a second.
      if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
      if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
        return this.copy((value as { toJSON: () => unknown }).toJSON(), depth + 1);
      }
      if (value instanceof Error) return this.#copyError(value, depth);
      return Array.isArray(value) ? this.#copyArray(value, depth) : this.#copyFields(value, depth);
    } catch {
      return '[cannot be read]';
    } finally {
      this.#above.delete(value);
    }
  }

  #copyArray(values: readonly unknown[], depth: number): JsonValue[] {
    const copies: JsonValue[] = [];
    for (let at = 0; at < values.length; at++) {
      if (this.#left <= 0) {
        copies.push(`[${values.length - at} more]`);
        break;
      }
      copies.push(this.copy(values[at], depth + 1));
    }
    return copies;
  }

  #copyFields(value: object, depth: number): JsonValue {
    const copies: [string, JsonValue][] = [];
    // Not Object.entries(): when reading one field throws, the others must still be copied.
    for (const key of Object.keys(value)) {
      if (this.#left <= 0) {
        copies.push(['…', '[more]']);
        break;
      }
      const field = this.#readField(value, key);
      if (field === undefined) continue;
      copies.push([this.#cut(key), this.copy(field, depth + 1)]);
    }
    return Object.fromEntries(copies);
  }

  #cut(text: string): string {
    const most = Math.min(this.#bounds.characters, this.#charactersLeft);
    this.#charactersLeft -= Math.min(text.length, most);
    return cutText(text, most);
  }

  #readField(value: object, key: string): unknown {
    try {
      return (value as Record<string, unknown>)[key];
    } catch {
      return '[cannot be read]';
    }
  }

  #copyError(error: Error, depth: number): JsonValue {
    const { name, message, stack } = error;
    return {
      type: this.copy(name, depth + 1),
      message: this.copy(message, depth + 1),
      ...(stack === undefined ? {} : { stack: this.copy(stack, depth + 1) }),
    };
  }
}
