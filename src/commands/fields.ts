import { z } from 'zod';
import { IdSet, MAX_ID } from '../lib/ids/id-set.ts';
import { messageOf } from '../lib/errors.ts';
import { quote } from '../lib/text/quote.ts';
import { toPerSecond } from '../lib/time/rate.ts';
import { toMs } from '../lib/time/duration.ts';
import { field } from './command.ts';
import type { Field } from './command.ts';

/** Fields that several commands have. */

const wholeNumber = z.number().int().min(1).max(MAX_ID);

/** The first or the last id of a range. */
export const userId = (description: string): Field<typeof wholeNumber> =>
  field(wholeNumber, `a whole number from 1 to ${MAX_ID}`, { description });

/** A number of users. */
export const userCount = {
  schema: wholeNumber,
  description: 'how many users',
  wrong: (value: unknown) =>
    `${quote(value)} is not a number of users; it must be a whole number from 1 to ${MAX_ID}`,
} satisfies Field;

/** Ids as an operator names them: `[[3, 9], 17]`. */
export const ids = {
  schema: z
    .array(z.union([wholeNumber, z.tuple([wholeNumber, wholeNumber])]))
    .refine((spec) => spec.every((item) => typeof item === 'number' || item[0] <= item[1]))
    .optional(),
  description: 'in place of a number: the ids to remove, as in [[3, 9], 17]',
  default: 'the highest',
  wrong: (value: unknown) => reason(() => IdSet.parse(value)),
} satisfies Field;

/** `force`. */
export const force = (description: string): Field<z.ZodDefault<z.ZodBoolean>> =>
  field(z.boolean().default(false), 'true or false', { description, default: 'false' });

/** The name of a process or machine. */
export const node = {
  schema: z.string().min(1),
  description: 'a process or machine',
  completes: 'node',
  wrong: (value: unknown, _name: string, command: string) =>
    `${quote(value)} is not a valid name; give a process or machine, as in ${command}('slave1')`,
} satisfies Field;

/** User starts per time. */
export const rate = z
  .union([z.number(), z.string()])
  .refine((value) => isFine(() => toPerSecond(value)));

/** A time span. */
export const timeSpan = z
  .union([z.number(), z.string()])
  .refine((value) => isFine(() => toMs(value)));

function isFine(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

/** The message of what `read` throws. */
function reason(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    return messageOf(error);
  }
  return 'invalid value';
}
