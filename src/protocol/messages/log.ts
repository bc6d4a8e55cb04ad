import { z } from 'zod';
import { isBounded } from '../../lib/text/bounded-json.ts';
import type { JsonValue } from '../../lib/text/bounded-json.ts';
import { count, epochMs, id, ms, text } from './values.ts';

const logRecord = z.object({
  level: z.number().int().min(0).max(100),
  time: epochMs,
  msg: text.optional(),
  scenario: z.string().max(100).optional(),
  user: id.optional(),
  /** Direction of a traced stanza. */
  trace: z.enum(['in', 'out']).optional(),
  err: z.object({ type: text, message: text, stack: text }).optional(),
  /** How long the line waited for a connection to the master; left out for a line that was sent at once. */
  lateMs: ms.optional(),
  /** What a scenario gave in addition to the text. */
  fields: z
    .record(
      z.string().max(8192),
      z.custom<JsonValue>(
        (value) => isBounded(value, { depth: 16, values: 2000 }),
        'is too deep or too large',
      ),
    )
    .optional(),
});

/** One log line in pino's form, as a process sends it. */
export type ShippedRecord = z.infer<typeof logRecord>;

/**
 * A log line with the process that it came from: the master knows that process, the line does not name it.
 */
export type LogRecord = ShippedRecord & { node: string };

/** Reads a log line that is about to be sent; `undefined` when the schema does not accept it. */
export function readLogRecord(line: unknown): ShippedRecord | undefined {
  return logRecord.safeParse(line).data;
}

export const logsMessage = z.object({
  type: z.literal('logs'),
  records: z.array(logRecord).max(2000),
  dropped: count,
});
