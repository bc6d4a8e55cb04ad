import { boundedJson, cutText } from '../lib/bounded-json.ts';
import type { JsonValue } from '../lib/bounded-json.ts';
import { messageOf } from '../lib/errors.ts';
import { show } from '../lib/show.ts';

/** A longer message of a line of log is cut. */
const MAX_MESSAGE_LENGTH = 8000;

/** What a scenario wrote into the log, fit for the wire. */
export interface ScenarioLine {
  msg: string;
  /** Under a key of their own: a field called `time` or `level` is not the line's. */
  fields?: Record<string, JsonValue>;
}

/**
 * Makes a line of log of what a scenario gave: a text and fields, as the types say, or anything else that
 * JavaScript lets through, such as an error, or the fields in front of the text. It never throws.
 */
export function scenarioLine(message: unknown, fields?: unknown): ScenarioLine {
  if (isObject(message) && typeof fields === 'string') return scenarioLine(fields, message);
  const msg = cutText(textOf(message), MAX_MESSAGE_LENGTH);
  if (fields === undefined) return { msg };
  const copy = boundedJson(fields);
  const isRecord = typeof copy === 'object' && copy !== null && !Array.isArray(copy);
  const record = isRecord ? copy : { value: copy };
  return Object.keys(record).length === 0 ? { msg } : { msg, fields: record };
}

function textOf(message: unknown): string {
  if (typeof message === 'string') return message;
  return isError(message) ? messageOf(message) : show(message);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isError(value: unknown): boolean {
  try {
    return value instanceof Error;
  } catch {
    // A proxy may refuse to say.
    return false;
  }
}
