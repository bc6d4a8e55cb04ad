import type { RecordedRun } from '../record/run-reader.ts';
import type { RecordedSecond } from '../record/second.ts';
import { MetricsTotals } from '../metrics/totals.ts';
import { holm, mannWhitney, median } from './statistics.ts';

/** One metric of two runs, side by side. */
export interface Comparison {
  metric: string;
  stat: 'p50' | 'p95' | 'p99' | 'rate';
  unit: string;
  /** Over the entire run; rates are means. */
  a: number;
  b: number;
  /** The change from a to b: 0.1 is a tenth more. */
  change: number;
  /** The p-value of the Mann–Whitney U test on the values of each second; `undefined` when there are too few. */
  p: number | undefined;
  /** Cliff's delta of the seconds, −1 to 1. */
  delta: number | undefined;
  verdict: 'same' | 'changed' | 'too few seconds';
}

/** When a difference counts. */
export interface CompareOptions {
  /** A difference of less than this share of a is not a change, however significant it is. @default 0.1 */
  minChange?: number;
  /** A difference of less than this many milliseconds is not a change of a time. @default 0.5 */
  minMs?: number;
}

/**
 * Whether two runs are of one scenario.
 *
 * @returns what to know before their figures are compared; `undefined` when they are of the same scenario
 */
export function sayDifference(
  { definition: a }: Pick<RecordedRun, 'definition'>,
  { definition: b }: Pick<RecordedRun, 'definition'>,
): string | undefined {
  if (a.scenario !== b.scenario) {
    return `these are runs of two scenarios, ${a.scenario} and ${b.scenario}: a difference may come from that`;
  }
  if (a.hash === b.hash) return undefined;
  return `the files of ${a.scenario} were changed between the two runs: a difference may come from that`;
}

/** The level of significance of all tests of a comparison together (Holm). */
const ALPHA = 0.01;
/** From this value on Cliff's delta is called large (Romano 2006). */
const LARGE = 0.474;
const MIN_SECONDS = 8;

/** Metrics of the load generator itself, and metrics that add no information. */
const leftOut = /^(?:gc_pause|bytes_|users_|connections$|connection_failures_by)/;

/**
 * Compares two runs: percentiles and rates side by side, and whether they differ by more than the noise
 * of the seconds. Of each run only those seconds count in which no user was starting or leaving.
 */
export function compareRuns(
  a: RecordedRun,
  b: RecordedRun,
  { minChange = 0.1, minMs = 0.5 }: CompareOptions = {},
): Comparison[] {
  const [first, second] = [steadyOf(a.seconds), steadyOf(b.seconds)];
  const rows: (Comparison & { isBigEnough: boolean })[] = [];
  const { times, counters } = a.totals.summary();
  const theirs = b.totals.summary();
  for (const [metric, time] of Object.entries(times)) {
    const other = theirs.times[metric];
    if (leftOut.test(metric) || other === undefined) continue;
    for (const stat of ['p50', 'p95', 'p99'] as const) {
      const values = [first, second].map((side) =>
        side.flatMap(({ times: its }) => its[metric]?.[stat] ?? []),
      ) as [number[], number[]];
      const unit = time.unit ?? 'ms';
      const floor = unit === 'ms' ? minMs : 0;
      rows.push(
        weigh({ metric, stat, unit, a: time[stat], b: other[stat] }, values, minChange, floor),
      );
    }
  }
  for (const metric of Object.keys(counters)) {
    if (leftOut.test(metric) || !(metric in theirs.counters)) continue;
    const values = [first, second].map((side) => side.map(({ rates }) => rates[metric] ?? 0)) as [
      number[],
      number[],
    ];
    const [x, y] = values.map(mean) as [number, number];
    rows.push(weigh({ metric, stat: 'rate', unit: '/s', a: x, b: y }, values, minChange, 0));
  }
  const tested = rows.filter(({ p }) => p !== undefined);
  const significant = holm(
    tested.map(({ p }) => p ?? 1),
    ALPHA,
  );
  tested.forEach((row, at) => {
    const isLarge = Math.abs(row.delta ?? 0) >= LARGE;
    row.verdict = significant[at] === true && isLarge && row.isBigEnough ? 'changed' : 'same';
  });
  return rows.map(({ metric, stat, unit, a: from, b: to, change, p, delta, verdict }) => {
    return { metric, stat, unit, a: from, b: to, change, p, delta, verdict };
  });
}

function weigh(
  row: Pick<Comparison, 'metric' | 'stat' | 'unit' | 'a' | 'b'>,
  [a, b]: readonly [number[], number[]],
  minChange: number,
  floor: number,
): Comparison & { isBigEnough: boolean } {
  const change = row.a === row.b ? 0 : (row.b - row.a) / Math.abs(row.a);
  if (a.length < MIN_SECONDS || b.length < MIN_SECONDS) {
    const none = { p: undefined, delta: undefined, isBigEnough: false };
    return { ...row, change, ...none, verdict: 'too few seconds' };
  }
  const [from, to] = [median(a), median(b)];
  const isBigEnough = Math.abs(to - from) >= Math.max(floor, minChange * Math.abs(from));
  return { ...row, change, ...mannWhitney(a, b), verdict: 'same', isBigEnough };
}

interface Second {
  times: ReturnType<MetricsTotals['summary']>['times'];
  rates: Record<string, number>;
}

function steadyOf(seconds: readonly RecordedSecond[]): Second[] {
  const most = Math.max(0, ...seconds.map(({ users }) => users.running + users.waiting));
  return seconds.flatMap(({ users, delta, at }, index) => {
    const before = seconds[index - 1]?.at;
    const isSteady =
      users.starting === 0 && users.leaving === 0 && users.running + users.waiting >= most * 0.9;
    // The first second has logins in it, the last one may be short.
    if (!isSteady || before === undefined || at - before < 500) return [];
    const totals = new MetricsTotals();
    totals.add(delta);
    const { times, counters } = totals.summary();
    const rates = Object.entries(counters).map(
      ([name, count]) => [name, (count * 1000) / (at - before)] as const,
    );
    return [{ times, rates: Object.fromEntries(rates) }];
  });
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
