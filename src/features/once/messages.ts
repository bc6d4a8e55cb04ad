import { z } from 'zod';
import { AmocError } from '../../lib/errors.ts';
import { isBounded } from '../../lib/text/bounded-json.ts';
import type { JsonValue } from '../../lib/text/bounded-json.ts';

/** Names of one run; each keeps its value until the end of the run. */
export const MAX_NAMES = 1000;
/** The length of a value as JSON. */
export const MAX_VALUE_CHARACTERS = 16_384;
/** Objects and arrays inside each other, in a value. */
export const MAX_VALUE_DEPTH = 16;

const name = z.string().min(1).max(100);
/** The number of a permission to do the work; a later one is higher. */
const grant = z.number().int().min(1);
/** Left out when the work returned nothing. */
const value = z
  .custom<JsonValue>(
    (given) =>
      isBounded(given, {
        depth: MAX_VALUE_DEPTH,
        values: MAX_VALUE_CHARACTERS,
        total: MAX_VALUE_CHARACTERS,
      }),
    'is too deep or too large',
  )
  .optional();

/** Requests of a process; the answer says only that the master has taken it in. */
export const fromProcess = z.discriminatedUnion('type', [
  /** Users wait for the value; `grant`: the process has the permission to do the work. */
  z.object({ type: z.literal('want'), name, grant: grant.optional() }),
  /** A user has done the work. */
  z.object({ type: z.literal('done'), name, grant, value }),
]);

/** Messages of a process that need no answer. */
export const noticeOfProcess = z.discriminatedUnion('type', [
  /** No user waits for the value any more: another process may do the work. */
  z.object({ type: z.literal('release'), name, grant }),
  /** A value that this master does not know, although users have seen it. */
  z.object({ type: z.literal('know'), name, value }),
]);

/** Messages of the master. */
export const fromMaster = z.discriminatedUnion('type', [
  /** The process takes part from now on, or again: it says what it waits for. `settled`: names with a value. */
  z.object({ type: z.literal('hello'), settled: z.array(name).max(MAX_NAMES) }),
  /** A user of the process is to do the work. */
  z.object({ type: z.literal('do'), name, grant }),
  z.object({ type: z.literal('settled'), name, value }),
]);

/** What the master's journal keeps. */
export const saved = z.object({
  /** The next permission. */
  next: grant,
  names: z
    .array(
      z.object({
        name,
        settled: z.object({ value }).optional(),
        holder: z.object({ identity: z.string(), grant }).optional(),
      }),
    )
    .max(MAX_NAMES),
});

/** What the work came to; a value is left out when the work returned nothing. */
export interface Settled {
  readonly value?: JsonValue | undefined;
}

/**
 * Reads a message of the other half.
 *
 * @throws {AmocError} `PROTOCOL`
 */
export function read<S extends z.ZodType>(schema: S, body: JsonValue): z.infer<S> {
  const { success, data } = schema.safeParse(body);
  if (success) return data;
  throw new AmocError('PROTOCOL', 'once: invalid message');
}

/** A result as a part of a message. */
export function valueOf({ value: given }: Settled): { value: JsonValue } | Record<string, never> {
  return given === undefined ? {} : { value: given };
}
