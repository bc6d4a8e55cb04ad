import type { RunResult } from '../../src/record/types.ts';

/** The result of a run in which nothing happened, but for what is said. */
export function makeResult(change: Partial<RunResult> = {}): RunResult {
  return {
    run: 'talk-1',
    scenario: 'talk',
    startedAt: 0,
    ranForMs: 1000,
    stoppingForMs: 0,
    users: { finished: 0, removed: 0, crashed: 0, lost: 0 },
    forced: 0,
    messages: { sent: 0, received: 0, perSecond: 0 },
    metrics: { counters: {}, times: {}, gauges: {} },
    errors: [],
    problems: [],
    saturated: [],
    counts: { recorded: 0, arrived: 0, lostNodes: 0 },
    verdicts: [],
    ...change,
  };
}
