import { randomInt } from 'node:crypto';
import { printOnFailure } from './on-failure.ts';

/** The part of the cases that is tried: `make test-fast` tries few of them, `make test` all. */
export const SHARE = Number(process.env['AMOC_TEST_SHARE'] ?? 1);

/**
 * How many cases a property is tried with: what the environment says, or this test run's share of the usual number.
 *
 * @param variable `AMOC_FUZZ_…`, which says a number for a long run
 * @param usual the number in `make test`
 */
export function cases(variable: string, usual: number): number {
  return Number(process.env[variable] ?? Math.max(1, Math.ceil(usual * SHARE)));
}

/** The seed of a test's input: from AMOC_FUZZ_SEED, or new. A test that fails prints it. */
export function seed(): number {
  const value = Number(process.env['AMOC_FUZZ_SEED'] ?? randomInt(1_000_000));
  printOnFailure({ isLive: true, text: () => `AMOC_FUZZ_SEED=${value} repeats the input` });
  return value;
}
