import type { ObservableResult } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { legible, severalLines } from '../lib/text/foreign-text.ts';
import { docOf } from '../metrics/catalogue.ts';
import { exportLabels, parseSeries } from '../metrics/labels.ts';
import type { MetricsTotals } from '../metrics/totals.ts';
import { userEntries } from '../record/second.ts';
import type { RunDefinition } from '../record/definition.ts';
import type { RunObserver } from '../record/observer.ts';
import type { SecondRow } from '../record/second.ts';

const quantiles = {
  '0.5': 'p50',
  '0.95': 'p95',
  '0.99': 'p99',
  '0.999': 'p999',
  '1': 'max',
} as const;

const reservedLabels = new Set(['cluster', 'run', 'scenario', 'quantile']);

/**
 * A run as an OpenTelemetry source, over OTLP/HTTP with the official SDK: counters, gauges, users, and the
 * quantiles of times (their histograms are merged already, and the SDK accepts single values only).
 */
export class OtlpOutput implements RunObserver, AsyncDisposable {
  readonly #provider: MeterProvider;
  readonly #known = new Set<string>();
  readonly #cluster: string;
  #definition: RunDefinition | undefined;
  #row: SecondRow | undefined;
  #totals: MetricsTotals | undefined;

  /** @param url of the metrics, as in `http://127.0.0.1:4318/v1/metrics` */
  constructor(url: string, cluster: string, intervalMs: number, version: string) {
    this.#cluster = cluster;
    const reader = new PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter({ url, timeoutMillis: 5000 }),
      exportIntervalMillis: intervalMs,
      exportTimeoutMillis: Math.min(intervalMs, 5000),
    });
    this.#provider = new MeterProvider({
      readers: [reader],
      resource: resourceFromAttributes({ 'service.name': 'amoc', 'service.version': version }),
    });
    const meter = this.#provider.getMeter('amoc');
    meter
      .createObservableGauge('amoc.users', { description: 'users in each state' })
      .addCallback((result) => {
        for (const [state, value] of this.#row === undefined ? [] : userEntries(this.#row.users)) {
          result.observe(value, { ...this.#attributes(), state });
        }
      });
    meter
      .createObservableGauge('amoc.nodes.saturated', {
        description:
          'saturated processes: their figures reflect the load generator, not the server',
      })
      .addCallback((result) => {
        const nodes = this.#row?.nodes ?? [];
        const saturated = nodes.filter((node) => node.saturated !== undefined).length;
        result.observe(saturated, this.#attributes());
      });
  }

  started(definition: RunDefinition): void {
    this.#definition = definition;
    this.#totals = undefined;
  }

  second(row: SecondRow, totals: MetricsTotals): void {
    this.#row = row;
    this.#totals = totals;
    const { counters, gauges, times } = totals.summary();
    for (const series of Object.keys(counters)) this.#observe('counters', series);
    for (const series of Object.keys(gauges)) this.#observe('gauges', series);
    for (const series of Object.keys(times)) this.#observe('times', series);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A collector that is unavailable must not delay the end of a run, nor make it fail.
    await this.#provider.shutdown({ timeoutMillis: 2000 }).catch(() => {});
  }

  /** The labels of amoc and of a series, where one of the same name becomes `exported_NAME`, as in Prometheus. */
  #attributes(labels: Readonly<Record<string, string>> = {}): Record<string, string> {
    const { id = '', scenario = '' } = this.#definition ?? {};
    const own = { cluster: this.#cluster, run: id, scenario };
    return legible(
      { ...own, ...exportLabels(labels, (name) => reservedLabels.has(name)) },
      severalLines,
    );
  }

  #observe(kind: 'counters' | 'gauges' | 'times', series: string): void {
    const { name } = parseSeries(series);
    const key = `${kind} ${name}`;
    if (this.#known.has(key)) return;
    this.#known.add(key);
    const meter = this.#provider.getMeter('amoc');
    const description = docOf(name)?.description ?? 'a metric of the scenario';
    const make =
      kind === 'counters'
        ? meter.createObservableCounter.bind(meter)
        : meter.createObservableGauge.bind(meter);
    const unit = kind === 'times' ? (this.#totals?.unitOf(series) ?? 'ms') : '';
    make(`amoc.${name.replace(/[^A-Za-z0-9_./-]/g, '_')}`, { description, unit }).addCallback(
      (result) => this.#report(kind, name, result),
    );
  }

  #report(kind: 'counters' | 'gauges' | 'times', name: string, result: ObservableResult): void {
    const summary = this.#totals?.summary();
    if (summary === undefined) return;
    if (kind === 'times') {
      for (const [series, time] of Object.entries(summary.times)) {
        const { name: its, labels } = parseSeries(series);
        if (its !== name) continue;
        const attributes = this.#attributes(labels);
        for (const [quantile, key] of Object.entries(quantiles)) {
          result.observe(time[key], { ...attributes, quantile });
        }
      }
      return;
    }
    for (const [series, value] of Object.entries(summary[kind])) {
      const { name: its, labels } = parseSeries(series);
      // JSON has no NaN: a collector may refuse the entire message because of one.
      if (its === name && Number.isFinite(value)) result.observe(value, this.#attributes(labels));
    }
  }
}
