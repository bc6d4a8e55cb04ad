import '../../src/app/drivers.ts';
import { MetricsRegistry } from '../../src/metrics/metrics.ts';
import type { MetricsDelta } from '../../src/metrics/metrics.ts';
import { decodeDelta, MetricsTotals } from '../../src/metrics/totals.ts';
import type { RunDefinition } from '../../src/record/definition.ts';
import type { NodeSecond, RecordedSecond, SecondRow } from '../../src/record/second.ts';

/** What a run was given by those who are not trusted. */
export interface Figures {
  counters?: Record<string, number>;
  gauges?: Record<string, number>;
  /** Names of series in which something was timed. */
  times?: readonly string[];
  nodes?: readonly string[];
  comment?: string;
}

/** A run as its observers see it: its definition, one second, and the totals so far. */
export function runOf({ counters = {}, gauges = {}, times = [], nodes = [], comment }: Figures): {
  definition: RunDefinition;
  row: SecondRow;
  /** The same, as a record has it. */
  recorded: RecordedSecond;
  totals: MetricsTotals;
} {
  const registry = new MetricsRegistry();
  for (const value of [1, 20, 300]) registry.histogram('time').record(value);
  const [values = ''] = Object.values(registry.drain().histograms);
  const histograms = Object.fromEntries(times.map((series) => [series, values]));
  const delta: MetricsDelta = { counters, gauges, histograms };
  const totals = new MetricsTotals();
  totals.add(delta);
  const row = {
    at: 1_764_000_001_000,
    users: {
      ...{ starting: 0, running: 10, waiting: 0, leaving: 0 },
      ...{ finished: 0, removed: 0, crashed: 1, lost: 0 },
    },
    nodes: nodes.map((name): NodeSecond => ({ ...quiet, name })),
  };
  return {
    definition: {
      ...{ id: 'talk-1', cluster: 'amocLocal', scenario: 'talk', hash: 'f'.repeat(16) },
      ...{ from: 1, to: 10, seed: 1, settings: {}, thresholds: {}, startedAt: 1_764_000_000_000 },
      nodes: [...nodes],
      versions: { amoc: '1', node: '20' },
      ...(comment === undefined ? {} : { comment }),
    },
    row: { ...row, delta: decodeDelta(delta) },
    recorded: { ...row, delta },
    totals,
  };
}

const quiet = {
  users: 5,
  cpu: 0.5,
  loopDelayMs: 2,
  rssBytes: 1000,
  saturated: 'its CPU is at 99 %',
};
