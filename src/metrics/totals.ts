import type { Float64Histogram } from 'hdr-histogram-js';
import { AmocError } from '../lib/errors.ts';
import { docOf } from './catalogue.ts';
import type { MetricDoc, Unit } from './catalogue.ts';
import {
  addHistogram,
  countOf,
  decodeHistogram,
  encodeHistogram,
  encodeSparse,
  newHistogram,
  sparseOf,
} from './histogram.ts';
import type { SparseHistogram } from './histogram.ts';
import { metricOf } from './labels.ts';
import { scaleOf } from './metrics.ts';
import type { MetricsDelta } from './metrics.ts';

/** The summary of a distribution; times in milliseconds. */
export interface TimeSummary {
  count: number;
  min: number;
  mean: number;
  p50: number;
  p95: number;
  p99: number;
  p999: number;
  max: number;
  /** Left out for times. */
  unit?: Unit;
}

/** Everything measured, as plain objects. */
export interface MetricsSummary {
  counters: Record<string, number>;
  times: Record<string, TimeSummary>;
  gauges: Record<string, number>;
}

/**
 * A {@link MetricsDelta} with its histograms decoded: the form in which figures travel between the objects of one
 * process. Receivers share it, so none of them changes it.
 */
export interface DecodedDelta extends Omit<MetricsDelta, 'histograms'> {
  readonly histograms: readonly (readonly [name: string, values: SparseHistogram])[];
}

/**
 * Reads a delta.
 *
 * @throws {AmocError} `PROTOCOL` when a histogram cannot be decoded
 */
export function decodeDelta(delta: MetricsDelta): DecodedDelta {
  const histograms = Object.entries(delta.histograms).map(([name, text]) => {
    try {
      return [name, decodeHistogram(text)] as const;
    } catch (cause) {
      throw new AmocError('PROTOCOL', `histogram '${name}' is damaged`, { cause });
    }
  });
  return { ...delta, histograms };
}

/** The form that is written to a disk or a wire. */
export function encodeDelta({ histograms, ...rest }: DecodedDelta): MetricsDelta {
  const { counters, ...others } = rest;
  const texts = histograms.map(([name, values]) => [name, encodeSparse(values)] as const);
  return { counters, histograms: Object.fromEntries(texts), ...others };
}

/** How much was recorded in a delta: the sum of its counters, and the number of its values. */
export function sizeOf({ counters, histograms }: DecodedDelta): number {
  let size = 0;
  for (const count of Object.values(counters)) size += count;
  for (const [, values] of histograms) size += countOf(values);
  return size;
}

/** The sum of what all processes reported in a run; histograms are merged, percentiles never averaged. */
export class MetricsTotals {
  readonly #counters = new Map<string, number>();
  readonly #histograms = new Map<string, Float64Histogram>();
  readonly #units = new Map<string, Unit>();
  /** The last gauges of each process. */
  readonly #gauges = new Map<string, Record<string, number>>();

  /**
   * @param source the process that the gauges come from
   * @throws {AmocError} `PROTOCOL` when a histogram cannot be decoded; then nothing of the delta is counted
   */
  add(delta: MetricsDelta, source = ''): void {
    this.addDecoded(decodeDelta(delta), source);
  }

  /** The same for a decoded delta. */
  addDecoded(delta: DecodedDelta, source = ''): void {
    for (const [name, count] of Object.entries(delta.counters)) {
      this.#counters.set(name, (this.#counters.get(name) ?? 0) + count);
    }
    for (const [name, unit] of Object.entries(delta.units ?? {})) this.#units.set(name, unit);
    if (delta.gauges !== undefined) this.#gauges.set(source, delta.gauges);
    for (const [name, values] of delta.histograms) {
      let total = this.#histograms.get(name);
      if (total === undefined) {
        total = newHistogram();
        this.#histograms.set(name, total);
      }
      addHistogram(total, values);
    }
  }

  /** A process is gone, and its gauges with it. */
  forget(source: string): void {
    this.#gauges.delete(source);
  }

  /** Everything, in the form that {@link add} takes. */
  export(): MetricsDelta {
    const histograms = [...this.#histograms]
      .filter(([, values]) => values.totalCount > 0)
      .map(([name, values]) => [name, encodeHistogram(values)] as const);
    const { counters, ...others } = this.#plain();
    return { counters, histograms: Object.fromEntries(histograms), ...others };
  }

  /** Everything since the last call, decoded; gauges stay. */
  drain(): DecodedDelta {
    const histograms = [...this.#histograms]
      .filter(([, values]) => values.totalCount > 0)
      .map(([name, values]) => [name, sparseOf(values)] as const);
    const all = { ...this.#plain(), histograms };
    this.clear();
    return all;
  }

  /** Starts again from zero; gauges stay. */
  clear(): void {
    for (const name of this.#counters.keys()) this.#counters.set(name, 0);
    for (const values of this.#histograms.values()) {
      if (values.totalCount > 0) values.reset();
    }
  }

  /** All counters, by the names of their series. */
  get counters(): ReadonlyMap<string, number> {
    return this.#counters;
  }

  /** The total of a counter; 0 when nothing was counted. */
  counter(name: string): number {
    return this.#counters.get(name) ?? 0;
  }

  /** The sum over the processes; `undefined` when none has it. */
  gauge(name: string): number | undefined {
    return this.#sumOfGauges()[name];
  }

  /** The total of each counter, and the number of values in each histogram. */
  counts(): Map<string, number> {
    const counts = new Map(this.#counters);
    for (const [name, values] of this.#histograms) counts.set(name, values.totalCount);
    return counts;
  }

  /** The summary of the histogram with that name; `undefined` without values. */
  time(name: string): TimeSummary | undefined {
    const values = this.#histograms.get(name);
    if (values === undefined || values.totalCount === 0) return undefined;
    return summarise(values, this.unitOf(name));
  }

  /** Any percentile of a histogram, in its unit. @param percentile 0 to 100 */
  percentile(name: string, percentile: number): number | undefined {
    const values = this.#histograms.get(name);
    if (values === undefined || values.totalCount === 0) return undefined;
    const value = Math.min(values.getValueAtPercentile(percentile), values.maxValue);
    return value / scaleOf(this.unitOf(name));
  }

  /** How many values were at most as great as each of `limits`, in the histogram's unit. */
  cumulated(name: string, limits: readonly number[]): number[] {
    const values = this.#histograms.get(name);
    if (values === undefined) return limits.map(() => 0);
    const scale = scaleOf(this.unitOf(name));
    let index = 0;
    let sum = 0;
    return limits.map((limit) => {
      const last = values.countsArrayIndex(Math.round(limit * scale));
      while (index <= last) sum += values.getCountAtIndex(index++);
      return sum;
    });
  }

  /** What a name belongs to; `undefined` when nothing of that name was recorded. */
  kindOf(name: string): MetricDoc['kind'] | undefined {
    if ((this.#histograms.get(name)?.totalCount ?? 0) > 0) return 'histogram';
    if (this.gauge(name) !== undefined) return 'gauge';
    return this.#counters.has(name) ? 'counter' : undefined;
  }

  unitOf(name: string): Unit {
    const plain = metricOf(name);
    return this.#units.get(plain) ?? docOf(plain)?.unit ?? 'ms';
  }

  /** Everything, as plain objects. */
  summary(): MetricsSummary {
    const times = [...this.#histograms]
      .filter(([, values]) => values.totalCount > 0)
      .map(([name, values]) => [name, summarise(values, this.unitOf(name))] as const);
    return {
      counters: Object.fromEntries(this.#counters),
      times: Object.fromEntries(times),
      gauges: this.#sumOfGauges(),
    };
  }

  /** What {@link export} and {@link drain} say in the same words. */
  #plain(): Omit<MetricsDelta, 'histograms'> {
    const gauges = this.#sumOfGauges();
    return {
      counters: Object.fromEntries([...this.#counters].filter(([, count]) => count !== 0)),
      ...(Object.keys(gauges).length === 0 ? {} : { gauges }),
      ...(this.#units.size === 0 ? {} : { units: Object.fromEntries(this.#units) }),
    };
  }

  #sumOfGauges(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const gauges of this.#gauges.values()) {
      for (const [name, value] of Object.entries(gauges)) sums[name] = (sums[name] ?? 0) + value;
    }
    return sums;
  }
}

function summarise(values: Float64Histogram, unit: Unit): TimeSummary {
  const scale = scaleOf(unit);
  // A percentile is the greatest value of its bucket: that of the last bucket would be above the maximum.
  const at = (percentile: number): number =>
    Math.min(values.getValueAtPercentile(percentile), values.maxValue) / scale;
  return {
    count: values.totalCount,
    min: at(0),
    mean: values.mean / scale,
    p50: at(50),
    p95: at(95),
    p99: at(99),
    p999: at(99.9),
    max: values.maxValue / scale,
    ...(unit === 'ms' ? {} : { unit }),
  };
}
