import { types } from 'node:util';
import { AmocError, messageOf } from '../../lib/errors.ts';
import { severalLines } from '../../lib/text/foreign-text.ts';
import { plural } from '../../lib/text/plural.ts';
import { nameHint } from './name-hint.ts';
import type { Paint } from '../views/paint.ts';
import { briefText } from './value-text.ts';

/** Characters of one message that are shown. */
const MAX_CHARACTERS = 8000;
/** Errors of an `AggregateError`, and causes of an error, that are shown. */
const MAX_OTHERS = 5;

/**
 * What was thrown, as the prompt shows it: its name, its message and its causes, but no stack, which would
 * consist of the shell's own frames. Anything that can be thrown has a text.
 */
export function errorText(error: unknown, paint: Paint): string {
  const [first = '', ...rest] = errorLines(error);
  return [
    paint.red(`** ${first}`),
    ...rest.map((line) => (line.startsWith('   ') ? line : `   ${line}`)),
  ].join('\n');
}

/** What was thrown in one line, for a log. */
export function errorLine(error: unknown): string {
  return errorLines(error)
    .map((line) => line.trim())
    .join('; ');
}

function errorLines(thrown: unknown): string[] {
  const error = emitted(thrown);
  const lines = ownLines(error);
  if (!isError(error) || isOurs(error)) return lines;
  const errors: unknown = property(error, 'errors');
  if (Array.isArray(errors)) lines.push(...othersOf(errors));
  const seen = new Set<unknown>([error]);
  let cause = property(error, 'cause');
  while (cause !== undefined && !seen.has(cause) && seen.size <= MAX_OTHERS) {
    seen.add(cause);
    const [first = '', ...more] = ownLines(cause);
    lines.push(`   caused by ${first}`, ...more);
    cause = isError(cause) ? property(cause, 'cause') : undefined;
  }
  return lines;
}

/** For an 'error' event without a listener: Node.js wraps a value that comes from the shell's context. */
function emitted(error: unknown): unknown {
  if (!isError(error) || property(error, 'code') !== 'ERR_UNHANDLED_ERROR') return error;
  return property(error, 'context') ?? error;
}

function othersOf(errors: readonly unknown[]): string[] {
  const lines = errors.slice(0, MAX_OTHERS).map((each) => `   - ${ownLines(each).join(' ')}`);
  const left = errors.length - MAX_OTHERS;
  return left > 0 ? [...lines, `   … ${plural(left, 'more error')}`] : lines;
}

function ownLines(error: unknown): string[] {
  if (!isError(error)) return plain(`error: a value was thrown: ${briefText(error)}`);
  if (isOurs(error)) return plain(`error: ${messageOf(error)}`);
  const name = word(property(error, 'name')) || 'Error';
  const message = word(property(error, 'message'));
  return plain(message === '' ? name : `${name}: ${message}${nameHint(name, message)}`);
}

/** A name or a message, which other code may have set to anything. */
function word(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : briefText(value);
}

/** Lines within bounds, without characters that steer the terminal. */
function plain(text: string): string[] {
  const left = text.length - MAX_CHARACTERS;
  const cut =
    left > 0 ? `${text.slice(0, MAX_CHARACTERS)}\n… ${plural(left, 'more character')}` : text;
  return severalLines(cut).split('\n');
}

function isError(error: unknown): error is object {
  if (types.isNativeError(error)) return true;
  try {
    return error instanceof Error;
  } catch {
    return false;
  }
}

function isOurs(error: object): boolean {
  try {
    return error instanceof AmocError;
  } catch {
    return false;
  }
}

function property(error: object, name: string): unknown {
  try {
    return (error as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}
