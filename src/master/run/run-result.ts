import type { RunResult } from '../../record/types.ts';
import type { MasterContext } from '../context.ts';
import type { Run } from './run.ts';
import { messagesOf } from '../../record/headlines.ts';
import { viewHeadlines } from '../views.ts';

/** The result of a run whose users have ended. */
export function resultOf(
  run: Run,
  { parts, chronicle }: MasterContext,
  { forced, errors, stoppingForMs }: Pick<RunResult, 'forced' | 'errors' | 'stoppingForMs'>,
): RunResult {
  const headlines = viewHeadlines(run, parts.drivers ?? [], (metric) => chronicle.rate(metric));
  const audit = [...run.audit.values()];
  const sum = (what: (each: (typeof audit)[number]) => number): number =>
    audit.reduce((total, each) => total + what(each), 0);
  return {
    run: run.id,
    scenario: run.scenario,
    ...(run.comment === undefined ? {} : { comment: run.comment }),
    startedAt: run.startedAt,
    ranForMs: run.lastedMs(parts.clock.monotonic()),
    stoppingForMs,
    users: { ...run.ended },
    forced,
    headlines,
    messages: messagesOf(headlines),
    metrics: run.totals.summary(),
    errors,
    problems: run.problems.list(),
    saturated: run.saturation.all(),
    counts: {
      recorded: sum(({ recorded }) => recorded),
      arrived: sum(({ arrived }) => arrived),
      lostNodes: sum(({ isLost }) => (isLost ? 1 : 0)),
    },
    ...(run.distrusted.length === 0 ? {} : { distrusted: [...run.distrusted] }),
    verdicts: chronicle.verdicts(run),
  };
}
