import { AmocError } from '../errors.ts';
import { quote } from '../text/quote.ts';

/** Starts per time: a number per second, or a text such as `'500/s'`, `'30/min'`, `'100/h'`. */
export type Rate = number | string;

const TEXT = /^\s*(\d+(?:\.\d+)?)\s*\/\s*(s|min|h)\s*$/;
const UNIT_SECONDS = new Map([
  ['s', 1],
  ['min', 60],
  ['h', 3600],
]);
const MAX_PER_SECOND = 1_000_000;

/**
 * Converts a {@link Rate} to a number per second.
 *
 * @returns above 0, at most 1,000,000
 * @throws {AmocError} `ARGUMENT` when it is not a rate
 */
export function toPerSecond(rate: Rate): number {
  // The shell can pass any value.
  const given: unknown = rate;
  const match = typeof given === 'string' ? TEXT.exec(given) : null;
  const perSecond =
    typeof given === 'number'
      ? given
      : Number(match?.[1]) / (UNIT_SECONDS.get(match?.[2] ?? '') ?? 1);
  if (perSecond > 0 && perSecond <= MAX_PER_SECOND) return perSecond;
  throw new AmocError(
    'ARGUMENT',
    `${quote(rate)} is not a rate; write a number per second (500) or '500/s', '30/min', '100/h', up to ${MAX_PER_SECOND} per second`,
  );
}
