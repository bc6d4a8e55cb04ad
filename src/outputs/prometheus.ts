import { Counter, Gauge, Registry } from 'prom-client';
import type { Histogram } from 'prom-client';
import { docOf } from '../metrics/catalogue.ts';
import { parseSeries } from '../metrics/labels.ts';
import type { MetricsTotals } from '../metrics/totals.ts';
import { userEntries } from '../record/types.ts';
import type { RunDefinition, RunObserver, SecondRow } from '../record/types.ts';

/** Upper bounds of the buckets of times, in seconds: from a quarter of a millisecond to ten minutes. */
const secondBuckets = [
  0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
  600,
];
/** Of sizes and counts: powers of four. */
const plainBuckets = Array.from({ length: 16 }, (_, power) => 4 ** power);

interface Sample {
  labels: Record<string, string | number>;
  value: number;
  metricName?: string;
}

/** What Prometheus sees of one cluster: that of its last second, also after the run. */
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

  event(): void {}
  ended(): void {}

  /** Everything, by the name of the metric. */
  addTo(families: Families): void {
    const cluster = this.#cluster;
    const definition = this.#definition;
    if (definition === undefined) return;
    const { id, scenario, comment = '' } = definition;
    families.gauge('amoc_run_info', 'the run at hand, or the last one', {
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
      const gauge = (name: string, help: string, value: number): void =>
        families.gauge(`amoc_node_${name}`, help, { labels, value });
      gauge('users', 'users of a slave process', node.users);
      gauge('cpu_ratio', 'share of a core that a slave process uses', node.cpu);
      gauge(
        'event_loop_delay_seconds',
        'p99 of the event-loop delay in the last second',
        node.loopDelayMs / 1000,
      );
      gauge('resident_memory_bytes', 'memory of a slave process', node.rssBytes);
      gauge(
        'gc_seconds',
        'time in garbage collections in the last second',
        (node.gcMs ?? 0) / 1000,
      );
      gauge(
        'clock_offset_seconds',
        "the master's clock minus the node's",
        (node.clockOffsetMs ?? 0) / 1000,
      );
      gauge(
        'saturated',
        "1: its figures are its own, not the server's",
        node.saturated === undefined ? 0 : 1,
      );
    }
  }

  #addTotals(families: Families, totals: MetricsTotals): void {
    const { counters, gauges, times } = totals.summary();
    const cluster = this.#cluster;
    for (const [series, value] of Object.entries(counters)) {
      const { name, labels } = parseSeries(series);
      families.counter(`amoc_${promName(name)}_total`, helpOf(name), {
        labels: { cluster, ...labels },
        value,
      });
    }
    for (const [series, value] of Object.entries(gauges)) {
      const { name, labels } = parseSeries(series);
      families.gauge(`amoc_${promName(name)}`, helpOf(name), {
        labels: { cluster, ...labels },
        value,
      });
    }
    for (const [series, { count, mean, unit }] of Object.entries(times)) {
      const { name, labels: own } = parseSeries(series);
      const labels = { cluster, ...own };
      const isTime = unit === undefined;
      const full = `amoc_${promName(name)}${isTime ? '_seconds' : unit === 'bytes' ? '_bytes' : ''}`;
      const limits = isTime ? secondBuckets : plainBuckets;
      const scale = isTime ? 1000 : 1;
      const sums = totals.cumulated(
        series,
        limits.map((limit) => limit * scale),
      );
      families.histogram(full, helpOf(name), [
        ...limits.map((le, at) => ({
          labels: { ...labels, le },
          value: sums[at] ?? 0,
          metricName: `${full}_bucket`,
        })),
        { labels: { ...labels, le: '+Inf' }, value: count, metricName: `${full}_bucket` },
        { labels, value: (mean * count) / scale, metricName: `${full}_sum` },
        { labels, value: count, metricName: `${full}_count` },
      ]);
    }
  }
}

/** Metrics by name, for one answer. */
export class Families {
  readonly registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Sample[]>();

  counter(name: string, help: string, { labels, value }: Sample): void {
    const metric =
      this.#counters.get(name) ??
      new Counter({ name, help, labelNames: Object.keys(labels), registers: [this.registry] });
    this.#counters.set(name, metric);
    metric.inc(labels, value);
  }

  gauge(name: string, help: string, { labels, value }: Sample): void {
    const metric =
      this.#gauges.get(name) ??
      new Gauge({ name, help, labelNames: Object.keys(labels), registers: [this.registry] });
    this.#gauges.set(name, metric);
    metric.set(labels, value);
  }

  histogram(name: string, help: string, samples: Sample[]): void {
    const known = this.#histograms.get(name);
    if (known !== undefined) {
      known.push(...samples);
      return;
    }
    this.#histograms.set(name, samples);
    // prom-client's own histogram takes single values; these are merged already.
    const merged = {
      name,
      get: () => Promise.resolve({ name, help, type: 'histogram', values: samples }),
    };
    this.registry.registerMetric(merged as unknown as Histogram);
  }
}

function promName(name: string): string {
  return name.replace(/[^A-Za-z0-9_]/g, '_');
}

function helpOf(name: string): string {
  return docOf(name)?.description ?? 'of the scenario';
}
