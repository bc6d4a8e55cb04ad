import { AmocError } from '../lib/errors.ts';
import { formatMs, toMs } from '../lib/time/duration.ts';

/** Figures come once a second. */
const MIN_WINDOW_MS = 1000;
/** The seconds of a run are kept this long. */
export const MAX_WINDOW_MS = 600_000;

/**
 * Reads the time in `message_ttd p99 over 30s`.
 *
 * @param threshold for the error
 * @returns milliseconds
 * @throws {AmocError} `ARGUMENT` when it is not a time with a unit, in whole seconds, from 1 s to 10 min
 */
export function parseWindow(threshold: string, text: string): number {
  const bad = (why: string): AmocError =>
    new AmocError('ARGUMENT', `'${threshold}': ${why}; write it as 'over 30s'`);
  if (text === '') throw bad('over needs a time');
  if (/^\d+(?:\.\d+)?$/.test(text)) throw bad(`'over ${text}' needs a unit (s or m)`);
  const ms = msOf(text);
  if (ms === undefined) throw bad(`'${text}' is not a time`);
  if (ms < MIN_WINDOW_MS || ms > MAX_WINDOW_MS) {
    throw bad(`'over ${text}' is not between 1 s and ${formatMs(MAX_WINDOW_MS)}`);
  }
  if (ms % MIN_WINDOW_MS !== 0) throw bad(`'over ${text}' is not a whole number of seconds`);
  return ms;
}

function msOf(text: string): number | undefined {
  try {
    return toMs(text);
  } catch {
    return undefined;
  }
}
