import { Registry } from 'prom-client';
import type { Metric } from 'prom-client';
import { severalLines } from '../lib/text/foreign-text.ts';
import { builtInMetrics, docOf } from '../metrics/catalogue.ts';
import type { MetricDoc } from '../metrics/catalogue.ts';
import { exportLabels, parseSeries } from '../metrics/labels.ts';
import type { MetricsTotals } from '../metrics/totals.ts';
import { userEntries } from '../record/second.ts';
import type { RunDefinition } from '../record/definition.ts';
import type { RunObserver } from '../record/observer.ts';
import type { NodeSecond, SecondRow } from '../record/second.ts';

/** Upper bounds of the buckets of times, in seconds: from a quarter of a millisecond to ten minutes. */
const secondBuckets = [
  0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
  600,
];
/** Upper bounds of the buckets of sizes and counts: powers of four. */
const plainBuckets = Array.from({ length: 16 }, (_, power) => 4 ** power);

/** Labels of amoc, of Prometheus, or of its kinds of metrics; a scenario's become `exported_NAME`. */
const reservedLabels = new Set(['cluster', 'job', 'instance', 'le', 'quantile']);
/** The gauges of a slave process, under `amoc_node_NAME`. */
const nodeGauges: readonly {
  name: string;
  help: string;
  of: (node: NodeSecond) => number;
}[] = [
  { name: 'users', help: 'users of a slave process', of: ({ users }) => users },
  {
    name: 'cpu_ratio',
    help: 'share of a core that a slave process uses',
    of: ({ cpu }) => cpu,
  },
  {
    name: 'event_loop_delay_seconds',
    help: 'p99 of the event-loop delay in the last second',
    of: ({ loopDelayMs }) => loopDelayMs / 1000,
  },
  {
    name: 'resident_memory_bytes',
    help: 'memory of a slave process',
    of: ({ rssBytes }) => rssBytes,
  },
  {
    name: 'gc_seconds',
    help: 'time in garbage collections in the last second',
    of: ({ gcMs = 0 }) => gcMs / 1000,
  },
  {
    name: 'clock_offset_seconds',
    help: "the master's clock minus the node's",
    of: ({ clockOffsetMs = 0 }) => clockOffsetMs / 1000,
  },
  {
    name: 'saturated',
    help: '1 if its figures reflect the load generator, not the server',
    of: ({ saturated }) => (saturated === undefined ? 0 : 1),
  },
];

/** What Prometheus sees of one cluster: the figures of its last second, also after the run. */
export class PrometheusSource implements RunObserver {
  readonly #cluster: string;
  #definition: RunDefinition | undefined;
  #row: SecondRow | undefined;
  #totals: MetricsTotals | undefined;

  /** @param cluster the value of the label `cluster` */
  constructor(cluster: string) {
    this.#cluster = cluster;
  }

  started(definition: RunDefinition): void {
    this.#definition = definition;
    this.#row = undefined;
    this.#totals = undefined;
  }

  second(row: SecondRow, totals: MetricsTotals): void {
    this.#row = row;
    this.#totals = totals;
  }

  /** Adds all series that can be shown; `families` lists those that cannot. */
  addTo(families: Families): void {
    const cluster = this.#cluster;
    const definition = this.#definition;
    if (definition === undefined) return;
    const { id, scenario, comment = '' } = definition;
    families.gauge('amoc_run_info', 'the current run, or the last one', {
      labels: { cluster, run: id, scenario, comment },
      value: 1,
    });
    if (this.#row !== undefined) this.#addRow(families, this.#row);
    if (this.#totals !== undefined) this.#addTotals(families, this.#totals);
  }

  #addRow(families: Families, { users, nodes }: SecondRow): void {
    const cluster = this.#cluster;
    for (const [state, value] of userEntries(users)) {
      families.gauge('amoc_users', 'users in each state', { labels: { cluster, state }, value });
    }
    for (const node of nodes) {
      const labels = { cluster, node: node.name };
      for (const { name, help, of } of nodeGauges) {
        families.gauge(`amoc_node_${name}`, help, { labels, value: of(node) });
      }
    }
  }

  #addTotals(families: Families, totals: MetricsTotals): void {
    const { counters, gauges, times } = totals.summary();
    for (const [series, value] of Object.entries(counters)) {
      const { name, help, labels, of } = this.#exported('counter', series);
      families.counter(name, help, { labels, value }, of);
    }
    for (const [series, value] of Object.entries(gauges)) {
      const { name, help, labels, of } = this.#exported('gauge', series);
      families.gauge(name, help, { labels, value }, of);
    }
    for (const [series, { count, mean, unit = 'ms' }] of Object.entries(times)) {
      const { name, help, labels, of } = this.#exported('histogram', series, unit);
      const isTime = unit === 'ms';
      const limits = isTime ? secondBuckets : plainBuckets;
      const scale = isTime ? 1000 : 1;
      const sums = totals.cumulated(
        series,
        limits.map((limit) => limit * scale),
      );
      const buckets = limits.map((le, at) => ({ le, count: sums[at] ?? 0 }));
      families.histogram(name, help, { labels, buckets, count, sum: (mean * count) / scale }, of);
    }
  }

  #exported(
    kind: MetricDoc['kind'],
    series: string,
    unit: MetricDoc['unit'] = 'count',
  ): { name: string; help: string; labels: Record<string, string>; of: Origin } {
    const { name, labels } = parseSeries(series);
    return {
      name: exportedName(kind, name, unit),
      help: docOf(name)?.description ?? 'a metric of the scenario',
      labels: { cluster: this.#cluster, ...exportLabels(labels, isReserved) },
      of: { metric: metricText(kind, name), series: metricText(kind, series) },
    };
  }
}

interface Sample {
  labels: Record<string, string>;
  value: number;
}

interface HistogramSample {
  labels: Record<string, string>;
  /** How many values were at most `le`. */
  buckets: readonly { le: number; count: number }[];
  count: number;
  sum: number;
}

/** Where a sample is from, in words: `counter 'requests'`, and of it `counter 'requests{kind="get"}'`. */
interface Origin {
  metric: string;
  series: string;
}

/** A line of the exposition. */
interface Line {
  labels: Record<string, string | number>;
  value: number;
  metricName?: string;
}

/** A series that is not shown, and why. */
export interface LeftOut {
  series: string;
  why: string;
}

/**
 * Metrics by name, for one answer. A series that cannot be shown is left out, with the reason, and does not affect
 * the others. A name belongs to one metric: amoc's own metrics keep theirs, then it is first come, first served.
 */
export class Families {
  readonly registry = new Registry();
  readonly leftOut: LeftOut[] = [];
  /** The owner of each name; a histogram has four names. */
  readonly #owners = new Map((ownNames ??= makeOwnNames()));
  readonly #lines = new Map<string, Line[]>();
  readonly #seen = new Set<string>();

  /** @param of left out for a metric of amoc's own */
  counter(name: string, help: string, sample: Sample, of?: Origin): void {
    if (!Number.isFinite(sample.value) || sample.value < 0) {
      this.#leaveOut(of, name, `a counter cannot be ${sample.value}`);
      return;
    }
    this.#add('counter', { name, help, of }, sample.labels, (labels) => [
      { labels, value: sample.value },
    ]);
  }

  /** @param of left out for a metric of amoc's own */
  gauge(name: string, help: string, { labels: own, value }: Sample, of?: Origin): void {
    this.#add('gauge', { name, help, of }, own, (labels) => [{ labels, value }]);
  }

  /** @param of left out for a metric of amoc's own */
  histogram(name: string, help: string, sample: HistogramSample, of?: Origin): void {
    const { labels: own, buckets, count, sum } = sample;
    this.#add('histogram', { name, help, of }, own, (labels) => [
      ...[...buckets, { le: '+Inf', count }].map(({ le, count: value }) => ({
        labels: { ...labels, le },
        value,
        metricName: `${name}_bucket`,
      })),
      { labels, value: sum, metricName: `${name}_sum` },
      { labels, value: count, metricName: `${name}_count` },
    ]);
  }

  #add(
    type: MetricDoc['kind'],
    { name, help, of }: { name: string; help: string; of: Origin | undefined },
    given: Record<string, string>,
    linesOf: (labels: Record<string, string>) => Line[],
  ): void {
    const metric = of?.metric ?? OWN;
    const names = namesOf(type, name);
    const taken = names.find((each) => (this.#owners.get(each) ?? metric) !== metric);
    if (taken !== undefined) {
      const whose = this.#owners.get(taken) ?? OWN;
      this.#leaveOut(of, name, `${taken} is the name of ${whose}; rename one of the two`);
      return;
    }
    const labels = Object.fromEntries(
      Object.entries(given).map(([label, value]) => [labelName(label), severalLines(value)]),
    );
    const identity = identityOf(name, labels);
    if (this.#seen.has(identity)) {
      this.#leaveOut(of, name, 'another of its series has the same labels there');
      return;
    }
    this.#seen.add(identity);
    for (const each of names) this.#owners.set(each, metric);
    this.#linesOf(name, type, help).push(...linesOf(labels));
  }

  #linesOf(name: string, type: MetricDoc['kind'], help: string): Line[] {
    const known = this.#lines.get(name);
    if (known !== undefined) return known;
    const values: Line[] = [];
    this.#lines.set(name, values);
    // The library's own metrics would count in this process, and take their labels from the first sample;
    // the values that are shown here are totals already.
    const shown = { name, get: () => Promise.resolve({ name, help, type, values }) };
    this.registry.registerMetric(shown as unknown as Metric);
    return values;
  }

  #leaveOut(of: Origin | undefined, name: string, why: string): void {
    this.leftOut.push({ series: of?.series ?? name, why });
  }
}

const OWN = "one of amoc's own metrics";

/** Names that no scenario's metric can take, even while amoc's own metric has no value yet. */
let ownNames: ReadonlyMap<string, string> | undefined;

/** Made at the first use, when the drivers have declared their metrics. */
function makeOwnNames(): ReadonlyMap<string, string> {
  const ofNodes = nodeGauges.map(({ name }) => `amoc_node_${name}`);
  return new Map([
    ...['amoc_run_info', 'amoc_users', ...ofNodes].map((name) => [name, OWN] as const),
    ...builtInMetrics().flatMap(([name, { kind, unit }]) =>
      namesOf(kind, exportedName(kind, name, unit)).map(
        (each) => [each, metricText(kind, name)] as const,
      ),
    ),
  ]);
}

function exportedName(kind: MetricDoc['kind'], name: string, unit: MetricDoc['unit']): string {
  const plain = `amoc_${name.replace(/[^A-Za-z0-9_]/g, '_')}`;
  if (kind === 'counter') return `${plain}_total`;
  if (kind === 'gauge' || unit === 'count') return plain;
  return `${plain}_${unit === 'ms' ? 'seconds' : unit}`;
}

/** The names of all lines of a metric. */
function namesOf(kind: MetricDoc['kind'], name: string): string[] {
  const suffixes = kind === 'histogram' ? ['', '_bucket', '_sum', '_count'] : [''];
  return suffixes.map((suffix) => `${name}${suffix}`);
}

function metricText(kind: MetricDoc['kind'], name: string): string {
  return `${kind} '${name}'`;
}

/** Labels with two underscores in front are Prometheus' own. */
function isReserved(label: string): boolean {
  return reservedLabels.has(label) || label.startsWith('__');
}

function labelName(label: string): string {
  return /^\d/.test(label) ? `_${label}` : label;
}

/** What Prometheus tells series apart by: a label without a value does not count. */
function identityOf(name: string, labels: Record<string, string>): string {
  const pairs = Object.entries(labels).filter(([, value]) => value !== '');
  return JSON.stringify([name, pairs.sort(([a], [b]) => (a < b ? -1 : 1))]);
}
