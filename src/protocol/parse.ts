import type { z } from 'zod';
import { AmocError } from '../lib/errors.ts';
import { cut } from '../lib/text/foreign-text.ts';
import { isNestedBeyond } from '../lib/text/json-nesting.ts';
import { MAX_NESTING } from './messages.ts';

/** In characters; a longer frame is checked before it is parsed. */
const SHORT_FRAME = 64 * 1024;
/** Maximum length of the place of a fault in a message, and of its reason. */
const MAX_PATH_LENGTH = 100;

/**
 * Reads a frame of the other side.
 *
 * @throws {AmocError} `PROTOCOL` naming what is invalid, and where
 */
export function parseFrame<S extends z.ZodType>(frame: string, schema: S): z.infer<S> {
  // A short frame is parsed in no time, however deep it is.
  if (frame.length > SHORT_FRAME && isNestedBeyond(frame, MAX_NESTING)) {
    throw new AmocError('PROTOCOL', `nested more than ${MAX_NESTING} deep`);
  }
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    throw new AmocError('PROTOCOL', 'not JSON');
  }
  return parsed(value, schema);
}

/**
 * Checks a value against a schema.
 *
 * @param what names the value in the error
 * @throws {AmocError} `PROTOCOL` naming what is invalid, and where
 */
export function parsed<S extends z.ZodType>(value: unknown, schema: S, what?: string): z.infer<S> {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const [issue] = error.issues;
  const path = cut((issue?.path ?? []).map(String).join('.'), MAX_PATH_LENGTH);
  const where = [what, ...(path === '' ? [] : [path])].filter((part) => part !== undefined);
  const why = cut(issue?.message ?? 'invalid value', MAX_PATH_LENGTH);
  throw new AmocError('PROTOCOL', [...where, why].join(': '));
}
