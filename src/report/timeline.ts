import { MetricsTotals } from '../metrics/totals.ts';
import { countedStates } from '../lib/user-states.ts';
import { isMark } from '../record/event.ts';
import type { RunEvent } from '../record/event.ts';
import type { NodeSecond, RecordedSecond, UserTotals } from '../record/second.ts';

/** Percentiles of a time in each point; `null` where nothing was timed. */
export interface TimeLine {
  p50: (number | null)[];
  p95: (number | null)[];
  p99: (number | null)[];
  max: (number | null)[];
  unit: string;
}

/** A run over time, as charts need it: columns of the same length. */
export interface Timeline {
  /** Ends of the points, in epoch seconds. */
  at: number[];
  users: Record<keyof UserTotals, number[]>;
  /** The rate of each counter, per second. */
  rates: Record<string, number[]>;
  times: Record<string, TimeLine>;
  gauges: Record<string, (number | null)[]>;
  nodes: Record<'cpu' | 'loopDelayMs' | 'rssMb' | 'users', Record<string, (number | null)[]>>;
  /** Whether a process was saturated. */
  saturated: boolean[];
}

/** Charts with more lines than this cannot be read: of more processes only the busiest are drawn. */
const MAX_NODES = 20;

/**
 * Makes columns of a run's seconds. In a long run several seconds make one point: their counts are added up and
 * their histograms merged, so that the percentiles of a point are those of all its values.
 *
 * @param most the most points
 */
export function makeTimeline(seconds: readonly RecordedSecond[], most = 900): Timeline {
  const size = Math.max(1, Math.ceil(seconds.length / most));
  const groups: RecordedSecond[][] = [];
  for (let at = 0; at < seconds.length; at += size) groups.push(seconds.slice(at, at + size));
  const points = groups.map((rows, index) => makePoint(rows, groups[index - 1]?.at(-1)?.at));
  const column = <T>(of: (point: Point) => T): T[] => points.map(of);
  const names = (of: (point: Point) => Iterable<string>): string[] =>
    [...new Set(points.flatMap((point) => [...of(point)]))].sort();
  const perNode = (of: (node: NodeSecond) => number): Record<string, (number | null)[]> =>
    Object.fromEntries(
      busiest(points).map((name) => [
        name,
        column(({ nodes }) => {
          const node = nodes.get(name);
          return node === undefined ? null : of(node);
        }),
      ]),
    );
  return {
    at: column(({ at }) => at),
    users: Object.fromEntries(
      countedStates.map((state) => [state, column(({ users }) => users[state])]),
    ) as Timeline['users'],
    rates: Object.fromEntries(
      names(({ rates }) => rates.keys()).map((name) => [
        name,
        column(({ rates }) => round(rates.get(name) ?? 0)),
      ]),
    ),
    times: Object.fromEntries(
      names(({ times }) => Object.keys(times)).map((name) => [name, timeLine(points, name)]),
    ),
    gauges: Object.fromEntries(
      names(({ gauges }) => Object.keys(gauges)).map((name) => [
        name,
        column(({ gauges }) => gauges[name] ?? null),
      ]),
    ),
    nodes: {
      cpu: perNode(({ cpu }) => round(cpu * 100)),
      loopDelayMs: perNode(({ loopDelayMs }) => round(loopDelayMs)),
      rssMb: perNode(({ rssBytes }) => Math.round(rssBytes / 1048576)),
      users: perNode(({ users }) => users),
    },
    saturated: column(({ isSaturated }) => isSaturated),
  };
}

/** Events that are drawn as lines in the charts. */
export function marksOf(events: readonly RunEvent[]): RunEvent[] {
  return events.filter(isMark);
}

interface Point {
  at: number;
  users: UserTotals;
  rates: Map<string, number>;
  times: ReturnType<MetricsTotals['summary']>['times'];
  gauges: Record<string, number>;
  nodes: Map<string, NodeSecond>;
  isSaturated: boolean;
}

function makePoint(rows: readonly RecordedSecond[], before: number | undefined): Point {
  const last = rows.at(-1) as RecordedSecond;
  const totals = new MetricsTotals();
  for (const { delta } of rows) totals.add(delta);
  const { counters, times, gauges } = totals.summary();
  // The first second has no other before it, and the last one may be short.
  const spanMs = before === undefined ? rows.length * 1000 : last.at - before;
  const perSecond = Object.entries(counters).map(
    ([name, count]) => [name, spanMs < 200 ? 0 : (count * 1000) / spanMs] as const,
  );
  return {
    at: last.at / 1000,
    users: last.users,
    rates: new Map(perSecond),
    times,
    gauges,
    nodes: new Map(rows.flatMap(({ nodes }) => nodes.map((node) => [node.name, node] as const))),
    isSaturated: rows.some(({ nodes }) => nodes.some(({ saturated }) => saturated !== undefined)),
  };
}

function timeLine(points: readonly Point[], name: string): TimeLine {
  const of = (key: 'p50' | 'p95' | 'p99' | 'max'): (number | null)[] =>
    points.map(({ times }) => {
      const value = times[name]?.[key];
      return value === undefined ? null : round(value);
    });
  const unit = points.find(({ times }) => times[name] !== undefined)?.times[name]?.unit ?? 'ms';
  return { p50: of('p50'), p95: of('p95'), p99: of('p99'), max: of('max'), unit };
}

function busiest(points: readonly Point[]): string[] {
  const most = new Map<string, number>();
  for (const { nodes } of points) {
    for (const { name, cpu } of nodes.values()) most.set(name, Math.max(most.get(name) ?? 0, cpu));
  }
  return [...most]
    .sort((a, b) => b[1] - a[1])
    .slice(0, MAX_NODES)
    .map(([name]) => name)
    .sort();
}

/** Rounds to four digits: a page with an hour of charts must not be megabytes. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}
