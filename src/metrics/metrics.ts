import type { Float64Histogram } from 'hdr-histogram-js';
import { AmocError } from '../lib/errors.ts';
import { quote } from '../lib/text/quote.ts';
import { docOf, MAX_METRICS_OF_AMOC, units } from './catalogue.ts';
import type { Unit } from './catalogue.ts';
import { encodeHistogram, HIGHEST_US, newHistogram, recordInto } from './histogram.ts';
import { metricOf, otherKey, seriesKey } from './labels.ts';
import type { Labels } from './labels.ts';

/** Maximum number of names in one registry: metrics are kinds of things, not things. */
const MAX_METRICS = 500;
/** Maximum number of series with labels of one metric; further ones count as `other`. */
const MAX_SERIES = 100;

/**
 * Maximum number of counters, gauges or histograms of one process: those of the scenario, and amoc's own with
 * all the labels that a scenario may give them.
 */
export const MAX_PER_PROCESS = 2 * MAX_METRICS + (MAX_SERIES + 2) * MAX_METRICS_OF_AMOC;

/** Beyond this, sums over many processes would no longer be finite numbers. */
export const MAX_METRIC_VALUE = 1e30;

/** What one process counted since its last report. */
export interface MetricsDelta {
  counters: Record<string, number>;
  /** As {@link encodeHistogram} encodes them, values in microseconds or in the unit of `units`. */
  histograms: Record<string, string>;
  /** Current values, not changes. */
  gauges?: Record<string, number> | undefined;
  /** The units of those histograms here that are not times, by their names without labels. */
  units?: Record<string, Unit> | undefined;
  /**
   * Everything that the process has counted and timed in this run so far, this delta included: what is
   * missing from it where it is added up has been lost.
   */
  recorded?: number | undefined;
}

/** A number that only grows. */
export class Counter {
  /** The count since the last {@link MetricsRegistry.drain}. */
  value = 0;

  constructor(readonly name: string) {}

  /**
   * @param count 1 when left out; below 0 nothing is counted
   * @throws {AmocError} `ARGUMENT` when it is not a finite number, or above 1e30
   */
  add(count = 1): void {
    if (!isMetricValue(count)) throw badValue('counter', this.name, count);
    if (count > 0) this.value += count;
  }
}

/** A number that goes up and down; the cluster's value is the sum over its processes. */
export class Gauge {
  value = 0;

  constructor(readonly name: string) {}

  /** @throws {AmocError} `ARGUMENT` when the value is not a finite number, or not within ±1e30 */
  set(value: number): void {
    if (!isMetricValue(value)) throw badValue('gauge', this.name, value);
    this.value = value;
  }

  /**
   * @param change 1 when left out
   * @throws {AmocError} `ARGUMENT` when the change or the sum is not a finite number within ±1e30
   */
  add(change = 1): void {
    if (!isMetricValue(change)) throw badValue('gauge', this.name, change);
    this.set(this.value + change);
  }
}

/** A distribution of times, or of sizes. */
export class Histogram {
  readonly values: Float64Histogram = newHistogram();
  count = 0;
  readonly #scale: number;

  constructor(
    readonly name: string,
    readonly unit: Unit = 'ms',
  ) {
    this.#scale = scaleOf(unit);
  }

  /**
   * @param value milliseconds, 0 to 3,600,000; or bytes or a count, 0 to 3,600,000,000. A value outside
   * counts as the nearest valid one
   * @throws {AmocError} `ARGUMENT` when it is not a number
   */
  record(value: number): void {
    if (typeof value !== 'number' || Number.isNaN(value)) {
      throw badValue('histogram', this.name, value);
    }
    const whole = Math.round(value * this.#scale);
    recordInto(this.values, whole > 0 ? (whole > HIGHEST_US ? HIGHEST_US : whole) : 0);
    this.count++;
  }
}

function isMetricValue(value: unknown): value is number {
  return typeof value === 'number' && value >= -MAX_METRIC_VALUE && value <= MAX_METRIC_VALUE;
}

function badValue(kind: string, name: string, value: unknown): AmocError {
  return new AmocError(
    'ARGUMENT',
    `${kind} '${name}': ${quote(value)} is not a finite number within ±${MAX_METRIC_VALUE}`,
  );
}

/** How many stored units of a histogram make one of its own unit. */
export function scaleOf(unit: Unit): number {
  return unit === 'ms' ? 1000 : 1;
}

/** The counters, gauges and histograms of one slave process. */
export class MetricsRegistry {
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();
  /** The number of series with labels, by metric. */
  readonly #labelled = new Map<string, number>();
  #recorded = 0;

  /**
   * The counter with that name, created when it is first asked for.
   *
   * @throws {AmocError} `ARGUMENT` when the name is invalid, or there are too many
   */
  counter(name: string, labels?: Labels): Counter {
    return this.#get(this.#counters, name, labels, (key) => new Counter(key));
  }

  /**
   * The gauge with that name, created when it is first asked for.
   *
   * @throws {AmocError} `ARGUMENT` when the name is invalid, or there are too many
   */
  gauge(name: string, labels?: Labels): Gauge {
    return this.#get(this.#gauges, name, labels, (key) => new Gauge(key));
  }

  /**
   * The histogram with that name, created when it is first asked for.
   *
   * @param unit `ms` when left out
   * @throws {AmocError} `ARGUMENT` when the name is invalid, there are too many, or it has another unit
   */
  histogram(name: string, unit?: Unit, labels?: Labels): Histogram {
    if (unit !== undefined && !units.includes(unit)) {
      throw new AmocError(
        'ARGUMENT',
        `${name}: ${quote(unit)} is not a valid unit; use one of ${units.join(', ')}`,
      );
    }
    const wanted = unit ?? docOf(name)?.unit ?? 'ms';
    const found = this.#get(this.#histograms, name, labels, (key) => new Histogram(key, wanted));
    if (unit !== undefined && found.unit !== unit) {
      throw new AmocError('ARGUMENT', `${name} is recorded in ${found.unit}, not in ${unit}`);
    }
    return found;
  }

  /** Returns what came since the last call, and starts again from zero. */
  drain(): MetricsDelta {
    const delta: MetricsDelta = { counters: {}, histograms: {} };
    for (const [key, counter] of this.#counters) {
      if (counter.value === 0) continue;
      // Many of the greatest values could add up to more than a number can hold.
      counter.value = Math.min(counter.value, Number.MAX_VALUE);
      delta.counters[key] = counter.value;
      this.#recorded += counter.value;
      counter.value = 0;
    }
    for (const [key, histogram] of this.#histograms) {
      if (histogram.count === 0) continue;
      delta.histograms[key] = encodeHistogram(histogram.values);
      if (histogram.unit !== 'ms') {
        (delta.units ??= {})[metricOf(key)] = histogram.unit;
      }
      this.#recorded += histogram.count;
      histogram.values.reset();
      histogram.count = 0;
    }
    if (this.#gauges.size > 0) {
      delta.gauges = Object.fromEntries([...this.#gauges].map(([key, { value }]) => [key, value]));
    }
    if (this.#recorded > 0) delta.recorded = this.#recorded;
    return delta;
  }

  /** Drops everything that was counted: another run begins. */
  reset(): void {
    this.drain();
    this.#recorded = 0;
    for (const gauge of this.#gauges.values()) gauge.value = 0;
  }

  #get<T>(
    map: Map<string, T>,
    name: string,
    labels: Labels | undefined,
    make: (key: string) => T,
  ): T {
    // The usual case: no labels, and known.
    if (labels === undefined) {
      const known = map.get(name);
      if (known !== undefined) return known;
    }
    let key = seriesKey(name, labels);
    const known = map.get(key);
    if (known !== undefined) return known;
    if (labels !== undefined) {
      const series = this.#labelled.get(name) ?? 0;
      if (series >= MAX_SERIES) key = otherKey(name, labels);
      else this.#labelled.set(name, series + 1);
      const other = map.get(key);
      if (other !== undefined) return other;
    }
    // A scenario that uses up the limit must not silence amoc's own metrics.
    const isFull = map.size >= (labels === undefined ? MAX_METRICS : 2 * MAX_METRICS);
    if (map.size >= MAX_PER_PROCESS || (isFull && docOf(name) === undefined)) {
      throw new AmocError(
        'ARGUMENT',
        `more than ${MAX_METRICS} metrics; '${name}' is not recorded`,
      );
    }
    const made = make(key);
    map.set(key, made);
    return made;
  }
}
