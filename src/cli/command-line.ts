import { toMs } from '../lib/time/duration.ts';
import { AmocError } from '../lib/errors.ts';
import { MAX_ID } from '../lib/ids/id-set.ts';

/** A mistake on the command line of `amoc`. It is printed as the parser prints its own errors; exit code 2. */
export class UsageError extends AmocError {
  override readonly name = 'UsageError';

  constructor(message: string) {
    super('ARGUMENT', message);
  }
}

/** A number without a unit. */
const BARE = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/**
 * Reads a time of the command line. A number without a unit is refused, because it would be ambiguous: half of
 * the operators who type one mean seconds.
 *
 * @param what the option, as in `--for`
 * @param example a good value, as in `30s`
 * @returns milliseconds, above zero
 * @throws {UsageError}
 */
export function timeOf(what: string, text: string, example: string): number {
  const given = text.trim();
  if (BARE.test(given)) {
    throw new UsageError(
      `${what} takes a time with its unit, as in ${example}; ${given} has no unit`,
    );
  }
  let ms: number;
  try {
    ms = toMs(given);
  } catch {
    throw new UsageError(
      `${what}: ${JSON.stringify(text)} is not a time span; write it with its unit, as in 250ms, ${example}, 5m, 2h`,
    );
  }
  if (ms > 0) return ms;
  throw new UsageError(`${what}: ${given} is not a valid time; it must be above zero`);
}

/**
 * Reads a whole number of the command line, in digits alone.
 *
 * @param what the option or argument, as in `--lines`
 * @param range the lowest and the highest valid value
 * @param noun what the number is, for the error
 * @throws {UsageError} that names the range
 */
export function wholeNumberOf(
  what: string,
  text: string,
  [least, most]: readonly [number, number] = [-Infinity, Infinity],
  noun = 'a whole number',
): number {
  const value = /^[+-]?\d+$/.test(text.trim()) ? Number(text) : NaN;
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const range =
    least === -Infinity ? '' : most === Infinity ? ` ≥ ${least}` : ` from ${least} to ${most}`;
  throw new UsageError(`${what}: '${text}' is not ${noun}${range}`);
}

/**
 * Reads the first and the last id of a range of users.
 *
 * @throws {UsageError} that says which of the two is wrong
 */
export function idsOf(fromText: string, toText: string): { from: number; to: number } {
  const from = wholeNumberOf('the first user id', fromText, [1, MAX_ID]);
  const to = wholeNumberOf('the last user id', toText, [1, MAX_ID]);
  if (from <= to) return { from, to };
  throw new UsageError(
    `the first user id (${from}) is above the last one (${to}); did you mean ${to} ${from}?`,
  );
}

/**
 * Reads a percentage, with its sign or without.
 *
 * @returns the share: 0.1 for `10%`
 * @throws {UsageError}
 */
export function shareOf(what: string, text: string): number {
  const number = /^\s*(\d+(?:\.\d+)?)\s*%?\s*$/.exec(text)?.[1];
  if (number !== undefined) return Number(number) / 100;
  throw new UsageError(`${what}: '${text}' is not a percentage, as in 10%`);
}
