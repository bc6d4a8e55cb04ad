import { inspect, types } from 'node:util';
import type { InspectOptions } from 'node:util';
import { severalLines, withColours } from '../../lib/text/foreign-text.ts';
import { count, plural } from '../../lib/text/plural.ts';
import type { Paint } from '../views/paint.ts';
import { renderingOf } from '../views/shown.ts';

/** Characters of one value that are shown. */
const MAX_CHARACTERS = 100_000;
/** Properties and elements of one value that are inspected. */
const MAX_ENTRIES = 20_000;
/** Properties that are shown of an object with more than {@link MAX_ENTRIES}. */
const MAX_PROPERTIES = 1000;
const MAX_ELEMENTS = 100;
const DEPTH = 4;

/**
 * A value as the prompt shows it: never longer than a bound, and never empty, even when inspecting the
 * value throws.
 */
export function valueText(value: unknown, paint: Paint): string {
  const { text, note } = rendered(value, paint) ?? legible(value, paint.level > 0);
  return cut(text, paint.level > 0) + note;
}

/** A value on a line or two, within a message. */
export function briefText(value: unknown, mostCharacters = 2000): string {
  const { text } = inspected(value, false, { depth: 2, maxArrayLength: 10, maxStringLength: 1000 });
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text;
}

interface Inspected {
  text: string;
  /** Says what is missing in the text. */
  note: string;
}

function rendered(value: unknown, paint: Paint): Inspected | undefined {
  try {
    const text = renderingOf(value, paint);
    return text === undefined ? undefined : { text: withColours(text), note: '' };
  } catch {
    // Typed code has changed the value since it was made.
    return undefined;
  }
}

/**
 * `inspect` escapes the content of strings, but not the stack of an error, the name of a class, or bidi
 * characters. A value with escape sequences there gets no colours, so that its own can be seen.
 */
function legible(value: unknown, colors: boolean): Inspected {
  const plain = inspected(value, false);
  const text = severalLines(plain.text, Infinity);
  return colors && text === plain.text ? inspected(value, true) : { ...plain, text };
}

function inspected(value: unknown, colors: boolean, more: InspectOptions = {}): Inspected {
  const depth = depthThatFits(value);
  const { part, left } = depth < 0 ? partOf(value) : { part: value, left: 0 };
  const note = left > 0 ? `\n… ${plural(left, 'more property', 'more properties')}` : '';
  const options: InspectOptions = {
    colors,
    depth: Math.max(0, depth),
    maxArrayLength: MAX_ELEMENTS,
    maxStringLength: 10_000,
    breakLength: 100,
    ...more,
  };
  for (const customInspect of [true, false]) {
    try {
      return { text: inspect(part, { ...options, customInspect }), note };
    } catch {
      // Its custom inspection throws, or a getter that cannot be avoided does.
    }
  }
  return { text: '[a value that throws when it is inspected]', note: '' };
}

function cut(text: string, colors: boolean): string {
  if (text.length <= MAX_CHARACTERS) return text;
  const reset = colors ? '\u001b[0m' : '';
  const left = count(text.length - MAX_CHARACTERS);
  return `${text.slice(0, MAX_CHARACTERS)}${reset}\n… ${left} more characters`;
}

/** How deep a value can be shown; -1 when even its own properties are too many. */
function depthThatFits(value: unknown): number {
  for (let depth = DEPTH; depth >= 0; depth--) {
    if (entriesOf(value, depth, MAX_ENTRIES) <= MAX_ENTRIES) return depth;
  }
  return -1;
}

/** Counts what would be shown, up to a little more than `most`. Runs no code of the value. */
function entriesOf(value: unknown, depth: number, most: number): number {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return 0;
  if (ArrayBuffer.isView(value)) return MAX_ELEMENTS;
  let entries = 0;
  const add = (each: unknown): boolean => {
    entries += depth > 0 ? 1 + entriesOf(each, depth - 1, most - entries) : 1;
    return entries <= most;
  };
  if (Array.isArray(value)) {
    const { length } = value;
    for (let at = 0; at < Math.min(length, MAX_ELEMENTS); at++) {
      if (!add(Object.getOwnPropertyDescriptor(value, at)?.value)) return entries;
    }
    return entries;
  }
  const names = Object.keys(value);
  if (names.length > most) return names.length;
  for (const name of names) {
    if (!add(Object.getOwnPropertyDescriptor(value, name)?.value)) break;
  }
  return entries;
}

/** The first properties of an object that has too many. */
function partOf(value: unknown): { part: unknown; left: number } {
  if (typeof value !== 'object' || value === null) return { part: value, left: 0 };
  const names = Object.keys(value);
  const part = {};
  for (const name of names.slice(0, MAX_PROPERTIES)) {
    const descriptor = Object.getOwnPropertyDescriptor(value, name);
    if (descriptor !== undefined) Object.defineProperty(part, name, descriptor);
  }
  return { part, left: names.length - MAX_PROPERTIES };
}
