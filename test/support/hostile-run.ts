import type { LogLine } from '../../src/console/views/log-view.ts';
import type { UserListing } from '../../src/control/views.ts';
import type { MetricsView, NodeView, StatusView } from '../../src/control/views.ts';
import type { TimeSummary } from '../../src/metrics/totals.ts';
import type { RecordedRun } from '../../src/record/run-reader.ts';
import type { RunEvent, RunResult } from '../../src/record/types.ts';
import { runOf } from './metrics-source.ts';

/** A run in which every text that somebody else wrote is this one: all that is shown of it. */
export interface HostileRun {
  status: StatusView;
  metrics: MetricsView;
  events: RunEvent[];
  result: RunResult;
  listing: UserListing;
  recorded: RecordedRun;
  logs: LogLine[];
}

/** @param text names, labels, errors, comment, host and all the rest */
export function hostileRun(text: string): HostileRun {
  const series = [text, `named{of="${text}"}`];
  const figures = Object.fromEntries(series.map((name, at) => [name, at + 1] as const));
  const nodes = [text, `${text}/2`];
  const { definition, row, recorded, totals } = runOf({
    ...{ counters: figures, gauges: figures, times: series, nodes, comment: text },
  });
  const users = { ...row.users, moving: 1, away: 1 };
  const messages = { sent: 5, received: 5, perSecond: 1 };
  const latency = Object.values(totals.summary().times)[0] as TimeSummary;
  const words = { latencyMetric: text, latencyWords: text, latencyShort: text };
  const headlines = [{ title: text, ...messages, latency, ...words }];
  const summary = totals.summary();
  const event = (kind: RunEvent['kind']): RunEvent => ({ at: row.at, kind, text, by: text });
  const events = [event('start'), event('error'), event('node_lost'), event('notice')];
  const errors = [{ error: text, message: text, count: 3 }];
  const result: RunResult = {
    ...{ run: text, scenario: text, comment: text, startedAt: row.at, ranForMs: 1000 },
    ...{
      users: { finished: 1, removed: 1, crashed: 1, lost: 1 },
      forced: 1,
      messages,
      headlines,
      errors,
    },
    metrics: summary,
    saturated: [{ node: text, seconds: 5, inARow: 5 }],
    counts: { recorded: 2, arrived: 1, lostNodes: 1 },
    stoppingForMs: 0,
    problems: [text],
    distrusted: [{ node: text, why: text }],
    verdicts: [
      { threshold: text, passed: false, value: 2, limit: 1, unit: 'ms' },
      { threshold: text, passed: true, value: undefined, limit: 1, unit: '%' },
    ],
  };
  return {
    status: {
      ...{ state: 'running', reason: text, scenario: text, run: text, comment: text, ids: text },
      ...{ seed: 1, paused: true, runningForMs: 1000, present: 10, users, messages, headlines },
      startRate: { wanted: 1, achieved: 1 },
      nodes: nodes.map((name, at): NodeView => ({
        ...{ name, host: `${text}${at}`, pid: 1, version: text, status: text, users: 5 },
        ...{ cpu: 1, loopDelayMs: 200, rssBytes: 1000, roundTripMs: 1, clockOffsetMs: 1 },
      })),
    },
    metrics: { ...summary, rates: figures },
    events,
    result,
    listing: {
      users: [{ id: 1, node: text, state: text, repetitions: 1, error: text }],
      errors,
    },
    recorded: {
      definition: {
        ...definition,
        ...{
          id: text,
          cluster: text,
          scenario: text,
          hash: text,
          versions: { amoc: text, node: text },
        },
        ...{ settings: { [text]: text }, thresholds: { [text]: text } },
      },
      events,
      seconds: [recorded],
      result,
      totals,
    },
    logs: [
      { level: 30, time: row.at, msg: text },
      { level: 50, time: row.at, msg: text, node: text, scenario: text, user: text },
      { level: 30, time: row.at, msg: text, trace: 'in', [text]: { [text]: [text] } },
      { level: 30, time: row.at, msg: text, err: { type: 'Error', message: text, stack: text } },
      { level: 30, time: row.at, type: 'Error', stack: text, msg: text },
    ],
  };
}
