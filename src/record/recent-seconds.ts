import { countOf } from '../metrics/histogram.ts';
import { MetricsTotals } from '../metrics/totals.ts';
import type { DecodedDelta } from '../metrics/totals.ts';
import { countedStates } from '../lib/user-states.ts';
import type { UserTotals } from './second.ts';
import { MAX_WINDOW_MS } from './threshold-window.ts';

/**
 * The seconds of a run are kept in at most this much memory; beyond it the oldest are dropped. A bucket that has
 * values takes 4 bytes, or 8: ten minutes with 20 counters and 5 histograms take 17 MB at 2,000 values of each a
 * second, and 2.4 MB at 100.
 */
export const MAX_WINDOW_BYTES = 64 * 1024 * 1024;

/** About what V8 takes for an entry, in addition to the counts of its histogram. */
const BYTES_OF_ENTRY = 64;
const BYTES_OF_HISTOGRAM = 320;

/** What came in one second, or in a longer time if the master was late. */
export interface PastSecond {
  /** Milliseconds since the run began. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly delta: DecodedDelta;
  /** At its end. */
  readonly users: UserTotals;
}

/** The figures of a part of a run: counters and HDR histograms, as of a run of its own. */
export class FigureWindow {
  readonly #seconds: readonly PastSecond[];
  readonly #before: UserTotals;
  readonly #after: UserTotals;

  /** @param before the users at its beginning */
  constructor(seconds: readonly PastSecond[], before: UserTotals) {
    this.#seconds = seconds;
    this.#before = before;
    this.#after = seconds.at(-1)?.users ?? before;
  }

  /** How much of the run it covers: less than what was asked for where there are no figures, or none yet. */
  get lengthMs(): number {
    const [first] = this.#seconds;
    const last = this.#seconds.at(-1);
    return first === undefined || last === undefined ? 0 : last.toMs - first.fromMs;
  }

  /**
   * All its figures, added up; of a gauge, the mean over the seconds that have it.
   *
   * @param series only this one, which is cheaper
   */
  totals(series?: string): MetricsTotals {
    const totals = new MetricsTotals();
    const gauges = new Map<string, { sum: number; seconds: number }>();
    for (const { delta } of this.#seconds) {
      const wanted = series === undefined ? delta : only(series, delta);
      totals.addDecoded({ ...wanted, gauges: undefined });
      for (const [name, value] of Object.entries(delta.gauges ?? {})) {
        const { sum, seconds } = gauges.get(name) ?? { sum: 0, seconds: 0 };
        gauges.set(name, { sum: sum + value, seconds: seconds + 1 });
      }
    }
    const means = [...gauges].map(([name, { sum, seconds }]) => [name, sum / seconds] as const);
    totals.addDecoded({ counters: {}, histograms: [], gauges: Object.fromEntries(means) });
    return totals;
  }

  /** How often a counter was counted, or how many values a histogram got. */
  count(series: string): number {
    return this.#seconds.reduce((sum, { delta }) => sum + countIn(delta, series), 0);
  }

  /** Users that ended in it, by how they ended. */
  get ended(): Pick<UserTotals, 'finished' | 'removed' | 'crashed' | 'lost'> {
    const of = (how: keyof UserTotals): number => this.#after[how] - this.#before[how];
    return {
      finished: of('finished'),
      removed: of('removed'),
      crashed: of('crashed'),
      lost: of('lost'),
    };
  }

  /** Users that ran in it: those that ran when it began, and those that started in it. */
  get ran(): number {
    const { running, waiting, leaving } = this.#before;
    return running + waiting + leaving + this.count('users_started');
  }
}

/** The last ten minutes of a run, second by second. */
export class RecentSeconds {
  #seconds: PastSecond[] = [];
  /** The users at the beginning of the oldest second. */
  #before = noUsers;
  #bytes = 0;

  /** Takes in the next second; the oldest one may have to go. */
  push(second: PastSecond): void {
    this.#seconds.push(second);
    this.#bytes += bytesOf(second);
    while (this.#isTooMuch(second.toMs)) {
      const oldest = this.#seconds.shift() as PastSecond;
      this.#before = oldest.users;
      this.#bytes -= bytesOf(oldest);
    }
  }

  /** How much memory the seconds take, about. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#seconds.length;
  }

  /**
   * The figures of a part of the run, in milliseconds since it began. A second belongs to the part that has its
   * middle, so that parts that adjoin have no second in common and leave none out.
   */
  window(fromMs: number, toMs: number): FigureWindow {
    const isIn = (second: PastSecond): boolean => {
      const middle = (second.fromMs + second.toMs) / 2;
      return middle >= fromMs && middle < toMs;
    };
    const first = this.#seconds.findIndex(isIn);
    if (first < 0) return new FigureWindow([], this.#seconds.at(-1)?.users ?? this.#before);
    const rest = this.#seconds.slice(first);
    const beyond = rest.findIndex((second) => !isIn(second));
    return new FigureWindow(
      beyond < 0 ? rest : rest.slice(0, beyond),
      this.#seconds[first - 1]?.users ?? this.#before,
    );
  }

  /** How many values of a metric came per second, over the last `seconds`. */
  rate(series: string, seconds: number): number {
    const last = this.#seconds.slice(-seconds);
    const lengthMs = (last.at(-1)?.toMs ?? 0) - (last[0]?.fromMs ?? 0);
    const count = last.reduce((sum, { delta }) => sum + countIn(delta, series), 0);
    return lengthMs === 0 ? 0 : (count * 1000) / lengthMs;
  }

  #isTooMuch(nowMs: number): boolean {
    const [oldest] = this.#seconds;
    if (oldest === undefined || this.#seconds.length === 1) return false;
    return this.#bytes > MAX_WINDOW_BYTES || oldest.fromMs < nowMs - MAX_WINDOW_MS - SLACK_MS;
  }
}

/** So that a window of the full length has all its seconds, although ticks come some milliseconds early or late. */
const SLACK_MS = 1000;

const noUsers = Object.fromEntries(countedStates.map((state) => [state, 0])) as UserTotals;

function countIn({ counters, histograms }: DecodedDelta, series: string): number {
  if (Object.hasOwn(counters, series)) return counters[series] as number;
  const found = histograms.find(([name]) => name === series);
  return found === undefined ? 0 : countOf(found[1]);
}

function only(series: string, { counters, histograms, units }: DecodedDelta): DecodedDelta {
  return {
    counters: Object.hasOwn(counters, series) ? { [series]: counters[series] as number } : {},
    histograms: histograms.filter(([name]) => name === series),
    units,
  };
}

function bytesOf({ delta }: PastSecond): number {
  const { counters, histograms, gauges = {} } = delta;
  let bytes = BYTES_OF_ENTRY * (Object.keys(counters).length + Object.keys(gauges).length + 8);
  for (const [, { counts }] of histograms) {
    const width = ArrayBuffer.isView(counts) ? (counts as Float64Array).BYTES_PER_ELEMENT : 8;
    bytes += BYTES_OF_HISTOGRAM + counts.length * width;
  }
  return bytes;
}
