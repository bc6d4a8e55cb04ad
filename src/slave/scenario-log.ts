import { boundedJson, cutText } from '../lib/text/bounded-json.ts';
import type { JsonValue } from '../lib/text/bounded-json.ts';
import { messageOf } from '../lib/errors.ts';
import { quote } from '../lib/text/quote.ts';

/** Maximum length of the message in a log line; a longer one is cut. */
const MAX_MESSAGE_LENGTH = 8000;

/** What a scenario wrote into the log, in the form that is sent. */
export interface ScenarioLine {
  msg: string;
  /** Under a key of their own: a field called `time` or `level` does not replace the line's. */
  fields?: Record<string, JsonValue>;
}

/**
 * Makes a log line from what a scenario gave: a text and fields, as the types say, or anything else that
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
  return isError(message) ? messageOf(message) : quote(message);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isError(value: unknown): boolean {
  try {
    return value instanceof Error;
  } catch {
    // A proxy may throw.
    return false;
  }
}
