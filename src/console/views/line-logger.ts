import pino from 'pino';
import type { LogLine } from './log-view.ts';

/**
 * A logger of this process whose lines go to `take`, as those of slave processes do.
 *
 * @param level the lowest level that is logged
 */
export function lineLogger(take: (line: LogLine) => void, level = 'info'): pino.Logger {
  return pino(
    { base: null, level },
    { write: (text: string) => take(JSON.parse(text) as LogLine) },
  );
}
