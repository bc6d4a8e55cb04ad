import { z } from 'zod';
import { isBounded } from '../../lib/text/bounded-json.ts';
import type { JsonValue } from '../../lib/text/bounded-json.ts';
import { MAX_ID } from '../../lib/ids/id-set.ts';

/** Limits of values that have no schema of their own: their depth, and their number. */
export const JSON_BOUNDS = { depth: 64, values: 1_000_000 };

export const count = z.number().int().min(0);
export const ms = z.number().min(0).max(1e12);
export const text = z.string().max(64 * 1024);
/** A name or a number for a human reader: no control characters, and nothing invisible. */
export const plainText = (most: number): z.ZodString =>
  z
    .string()
    .max(most)
    .regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u, 'has control characters');
/** Epoch milliseconds that `Date` can show. */
export const epochMs = z.number().min(0).max(8.64e15);
export const id = z.number().int().min(1).max(MAX_ID);
export const runId = z.string().max(100);
/** No parameters, or an answer that says no more than that it was done. */
export const none = z.object({});

/** Not `z.json()`, which recurses as deep as the values are nested. */
export const json = z.custom<JsonValue>(
  (value) => value !== undefined && isBounded(value, JSON_BOUNDS),
  'is too deep or too large',
);

const idRange = z
  .object({ from: id, to: id, step: z.number().int().min(1).max(MAX_ID) })
  .refine(
    ({ from, to, step }) => from <= to && (to - from) % step === 0,
    'to - from must be a multiple of step',
  );

/** Ids on the wire; they are disjoint, which the code that expands them checks. */
export const idRanges = z.array(idRange).max(1_000_000);

const settingValue = z.union([z.string().max(64 * 1024), z.number(), z.boolean()]);
/** Values of settings. */
export const settings = z.record(z.string().max(100), settingValue);
