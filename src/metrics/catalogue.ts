import { assert } from '../lib/assert.ts';

/** The unit of a metric. `ms` is stored in microseconds, the others as whole numbers. */
export const units = ['ms', 'bytes', 'count'] as const;
/** See {@link units}. */
export type Unit = (typeof units)[number];

/** A metric of amoc itself or of a driver, as docs/metrics.md lists it. */
export interface MetricDoc {
  readonly kind: 'counter' | 'histogram' | 'gauge';
  readonly unit: Unit;
  readonly description: string;
  /** Names of its labels. */
  readonly labels?: readonly string[];
  /** The chart of a report that shows the rate of this counter. */
  readonly chart?: string;
  /** Whether that chart comes first: the counter is one of a headline. */
  readonly isHeadline?: boolean;
}

/** What the engine measures, whatever protocols the users speak. */
const engineMetrics: Readonly<Record<string, MetricDoc>> = {
  users_started: {
    kind: 'counter',
    unit: 'count',
    description: 'users whose first start() began',
    chart: 'Connections',
  },
  users_crashed_by: {
    kind: 'counter',
    unit: 'count',
    description: 'users whose start() failed, by the name of the error',
    labels: ['error'],
  },
  gc_pause: {
    kind: 'histogram',
    unit: 'ms',
    description: 'garbage collection pauses of a slave process',
  },
};

/** Maximum number of these metrics: a report may have as many series as they and a scenario's can have. */
export const MAX_METRICS_OF_AMOC = 64;

const known = new Map<string, MetricDoc>(Object.entries(engineMetrics));

/** Adds the metrics of a driver. The list of drivers does this once, when a process loads it. */
export function declareMetrics(metrics: Readonly<Record<string, MetricDoc>>): void {
  for (const [name, doc] of Object.entries(metrics)) {
    assert(!known.has(name), `two drivers have a metric named ${name}`);
    known.set(name, doc);
  }
  assert(known.size <= MAX_METRICS_OF_AMOC, `${known.size} metrics are declared`);
}

/** Everything that is measured without code in the scenario, by name: the engine's metrics, then the drivers'. */
export function builtInMetrics(): [name: string, doc: MetricDoc][] {
  return [...known];
}

/** The documentation of a metric, by its name; `undefined` for a scenario's own. */
export function docOf(name: string): MetricDoc | undefined {
  return known.get(name);
}
