import type { Float64Histogram } from 'hdr-histogram-js';
import { AmocError } from '../lib/errors.ts';
import {
  addHistogram,
  decodeHistogram,
  encodeHistogram,
  HIGHEST_US,
  newHistogram,
  recordInto,
} from './histogram.ts';

/** Bound on the names of one registry: metrics are kinds of things, not things. */
const MOST_METRICS = 500;

/** What one process counted since its last report. */
export interface MetricsDelta {
  counters: Record<string, number>;
  /** As {@link encodeHistogram} writes them, values in microseconds. */
  histograms: Record<string, string>;
}

/** A number that only grows. */
export class Counter {
  /** Since the last {@link MetricsRegistry.take}. */
  value = 0;

  /** @param count 1 when left out */
  add(count = 1): void {
    this.value += count;
  }
}

/** A distribution of times. */
export class TimeHistogram {
  readonly values: Float64Histogram = newHistogram();
  count = 0;

  /** @param ms 0 to 3,600,000; values outside count as the nearest that fits */
  record(ms: number): void {
    const us = Math.round(ms * 1000);
    recordInto(this.values, us < 0 ? 0 : us > HIGHEST_US ? HIGHEST_US : us);
    this.count++;
  }
}

/** The counters and histograms of one slave process. */
export class MetricsRegistry {
  readonly #counters = new Map<string, Counter>();
  readonly #histograms = new Map<string, TimeHistogram>();

  /** The counter of that name, made at its first mention. */
  counter(name: string): Counter {
    return this.#get(this.#counters, name, () => new Counter());
  }

  /** The histogram of that name, made at its first mention. */
  histogram(name: string): TimeHistogram {
    return this.#get(this.#histograms, name, () => new TimeHistogram());
  }

  /** What came since the last call, and starts anew. */
  take(): MetricsDelta {
    const delta: MetricsDelta = { counters: {}, histograms: {} };
    for (const [name, counter] of this.#counters) {
      if (counter.value === 0) continue;
      delta.counters[name] = counter.value;
      counter.value = 0;
    }
    for (const [name, histogram] of this.#histograms) {
      if (histogram.count === 0) continue;
      delta.histograms[name] = encodeHistogram(histogram.values);
      histogram.values.reset();
      histogram.count = 0;
    }
    return delta;
  }

  #get<T>(map: Map<string, T>, name: string, make: () => T): T {
    const known = map.get(name);
    if (known !== undefined) return known;
    if (!/^[A-Za-z_][A-Za-z0-9_.]{0,99}$/.test(name)) {
      throw new AmocError(
        'ARGUMENT',
        `'${name}' is no name for a metric; use letters, digits, _ and .`,
      );
    }
    if (map.size >= MOST_METRICS) {
      throw new AmocError(
        'ARGUMENT',
        `more than ${MOST_METRICS} metrics; '${name}' is not recorded`,
      );
    }
    const made = make();
    map.set(name, made);
    return made;
  }
}

/** What is told of a distribution; times in milliseconds. */
export interface TimeSummary {
  count: number;
  mean: number;
  p50: number;
  p95: number;
  p99: number;
  p999: number;
  max: number;
}

/** The sum of what all processes reported in a run; histograms are merged, percentiles never averaged. */
export class MetricsTotals {
  readonly #counters = new Map<string, number>();
  readonly #histograms = new Map<string, Float64Histogram>();

  /**
   * @throws {AmocError} `PROTOCOL` when a histogram cannot be decoded; nothing of it is counted.
   */
  add(delta: MetricsDelta): void {
    const decoded = Object.entries(delta.histograms).map(([name, text]) => {
      try {
        return [name, decodeHistogram(text)] as const;
      } catch (cause) {
        throw new AmocError('PROTOCOL', `histogram '${name}' is damaged`, { cause });
      }
    });
    for (const [name, count] of Object.entries(delta.counters)) {
      this.#counters.set(name, (this.#counters.get(name) ?? 0) + count);
    }
    for (const [name, values] of decoded) {
      const total = this.#histograms.get(name) ?? newHistogram();
      addHistogram(total, values);
      this.#histograms.set(name, total);
    }
  }

  /** Everything, as {@link add} takes it in. */
  export(): MetricsDelta {
    const histograms = [...this.#histograms].map(
      ([name, values]) => [name, encodeHistogram(values)] as const,
    );
    return {
      counters: Object.fromEntries(this.#counters),
      histograms: Object.fromEntries(histograms),
    };
  }

  /** The total of a counter; 0 when nothing was counted. */
  counter(name: string): number {
    return this.#counters.get(name) ?? 0;
  }

  /** What was timed under that name, or `undefined`. */
  time(name: string): TimeSummary | undefined {
    const values = this.#histograms.get(name);
    return values === undefined ? undefined : summarise(values);
  }

  /** Everything, as plain objects. */
  summary(): { counters: Record<string, number>; times: Record<string, TimeSummary> } {
    const times = [...this.#histograms].map(([name, values]) => [name, summarise(values)] as const);
    return { counters: Object.fromEntries(this.#counters), times: Object.fromEntries(times) };
  }
}

function summarise(values: Float64Histogram): TimeSummary {
  const at = (percentile: number): number => values.getValueAtPercentile(percentile) / 1000;
  return {
    count: values.totalCount,
    mean: values.mean / 1000,
    p50: at(50),
    p95: at(95),
    p99: at(99),
    p999: at(99.9),
    max: values.maxValue / 1000,
  };
}
