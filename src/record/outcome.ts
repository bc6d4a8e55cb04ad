import { plural } from '../lib/text/plural.ts';
import { sayVerdict } from './thresholds.ts';
import type { RunResult } from './result.ts';

/** Exit codes of `amoc run`, as `amoc help run` and docs/ci.md list them. */
export const exitCodes = {
  passed: 0,
  failed: 1,
  usage: 2,
  threshold: 3,
  saturated: 4,
} as const;

/** How a run is judged. */
export interface Outcome {
  outcome: Exclude<keyof typeof exitCodes, 'usage'>;
  code: number;
  /** Why it is not `passed`; one sentence each. */
  reasons: string[];
  /** Those of the reasons that are about a saturated load generator. */
  saturated: string[];
}

/**
 * A process that was the bottleneck for this many seconds in a row spoils the figures, and is reported: one second
 * alone may be a garbage collection or many starts.
 */
export const MIN_SATURATED_SECONDS = 3;

/**
 * Why a run failed, a sentence each: what ended it early, what failed at its end, users that crashed or
 * were lost. Users do not count where a threshold on `errors` or `users_crashed` says how many may fail.
 *
 * @param failure why the run ended early
 */
export function failuresOf(
  { users, errors, verdicts, problems, distrusted = [] }: RunResult,
  failure?: string,
): string[] {
  const failed = failure === undefined ? problems : [failure, ...problems];
  const failures = failed.map((text) => `the run failed: ${text}`);
  for (const { node, why } of distrusted) {
    failures.push(`${node} cannot be trusted: ${why}; its figures are left out from then on`);
  }
  if (verdicts.some(({ threshold }) => /^(?:errors|users_crashed)\b/.test(threshold))) {
    return failures;
  }
  if (users.crashed > 0) failures.push(`${plural(users.crashed, 'user')} crashed`);
  if (users.lost > 0) failures.push(`${plural(users.lost, 'user')} were lost with their process`);
  const strays = errors.reduce((sum, { count }) => sum + count, 0);
  if (users.crashed === 0 && strays > 0) failures.push(plural(strays, 'error'));
  return failures;
}

/**
 * Judges a run: a failure counts before saturation, saturation before a missed threshold. If the load
 * generator was the bottleneck, thresholds say nothing about the server; {@link failuresOf} still holds.
 *
 * @param failure why the run ended early
 */
export function judgeRun(result: RunResult, failure?: string): Outcome {
  const { verdicts, saturated } = result;
  const missed = verdicts.filter(({ passed }) => !passed).map(sayVerdict);
  const failures = failuresOf(result, failure);
  const slow = saturated
    .filter(({ inARow }) => inARow >= MIN_SATURATED_SECONDS)
    .map(
      ({ node, seconds }) =>
        `${node} was saturated for ${seconds} s: the results of that time reflect the load generator, not the server`,
    );
  const reasons = [...failures, ...slow, ...missed.map((text) => `threshold missed: ${text}`)];
  const outcome =
    failures.length > 0
      ? 'failed'
      : slow.length > 0
        ? 'saturated'
        : missed.length > 0
          ? 'threshold'
          : 'passed';
  return { outcome, code: exitCodes[outcome], reasons, saturated: slow };
}
