import { parseSeries } from '../metrics/labels.ts';
import type { MetricsTotals, TimeSummary } from '../metrics/totals.ts';

/** A value on its way to Graphite, without its prefix and time. */
export type NamedValue = readonly [path: string, value: number];

/** The percentiles of a time, under the names that the Erlang amoc gave them. */
const timeNames = {
  mean: 'mean',
  min: 'min',
  max: 'max',
  median: 'p50',
  '95': 'p95',
  '99': 'p99',
  '999': 'p999',
  count: 'count',
} as const satisfies Record<string, keyof TimeSummary>;

/** The longest part of a path, in characters: each part is a file or a folder in Graphite. */
const MAX_PART_LENGTH = 200;

/** A part of a path: dots would separate folders in Graphite, and a part must not be empty. */
export function pathPart(text: string): string {
  return text.slice(0, MAX_PART_LENGTH).replace(/[^A-Za-z0-9_-]/g, '_') || '_';
}

/** A path as an operator gives it: its parts stay parts. */
export function pathPrefix(text: string): string {
  return text.split('.').map(pathPart).join('.');
}

/** `requests{kind="get"}` → `requests.get`: the labels' values, in the order of their names. */
export function pathOf(series: string): string {
  const { name, labels } = parseSeries(series);
  return [pathPrefix(name), ...Object.values(labels).map(pathPart)].join('.');
}

/**
 * A line of carbon's plaintext form, `path value seconds`, without its end: one line of three words, whatever the
 * arguments are. `undefined` for a value that is not a number.
 */
export function graphiteLine(path: string, value: number, seconds: number): string | undefined {
  if (!Number.isFinite(value)) return undefined;
  return `${pathPrefix(path)} ${Number(value.toFixed(6))} ${seconds}`;
}

/** At most this many series that are left out are named. */
const MAX_NAMED = 100;

/** The paths of a run's series. A path belongs to one series: of two values, only the later one would be kept. */
export class SeriesPaths {
  readonly #tell: (text: string) => void;
  readonly #output: string;
  readonly #owners = new Map<string, string>();
  readonly #leftOut = new Set<string>();

  /**
   * @param tell called once for each series that is left out: says which, and why
   * @param output the name of the output, for what is told
   */
  constructor(tell: (text: string) => void, output = 'Graphite') {
    this.#tell = tell;
    this.#output = output;
  }

  /** @param under the folder of its kind. @returns `undefined` when another series has the path */
  of(under: string, series: string): string | undefined {
    const path = `${under}.${pathOf(series)}`;
    const owner = this.#owners.get(path);
    if (owner === series) return path;
    if (owner === undefined) {
      this.#owners.set(path, series);
      return path;
    }
    this.#sayLeftOut(series, `its path, ${path}, is taken by ${owner}`);
    return undefined;
  }

  #sayLeftOut(series: string, why: string): void {
    if (this.#leftOut.has(series) || this.#leftOut.size > MAX_NAMED) return;
    this.#leftOut.add(series);
    this.#tell(
      this.#leftOut.size > MAX_NAMED
        ? `${this.#output}: more series are left out; they are not named`
        : `${this.#output}: ${series} is left out: ${why}`,
    );
  }
}

/** The counters: their totals, and their increases since the last time. */
export function counterValues(
  totals: ReadonlyMap<string, number>,
  before: ReadonlyMap<string, number>,
  paths: SeriesPaths,
): NamedValue[] {
  return [...totals].flatMap(([series, total]): NamedValue[] => {
    const path = paths.of('amoc.counters', series);
    if (path === undefined) return [];
    return [
      [`${path}.count`, total],
      [`${path}.one`, total - (before.get(series) ?? 0)],
    ];
  });
}

/** The gauges: their values now. */
export function gaugeValues(
  gauges: Readonly<Record<string, number>>,
  paths: SeriesPaths,
): NamedValue[] {
  return Object.entries(gauges).flatMap(([series, value]): NamedValue[] => {
    const path = paths.of('amoc.gauges', series);
    return path === undefined ? [] : [[`${path}.value`, value]];
  });
}

/** The times. @param under the folder; `amoc.times`, as in the Erlang amoc, when left out */
export function timeValues(
  totals: MetricsTotals,
  paths: SeriesPaths,
  under = 'amoc.times',
): NamedValue[] {
  return Object.entries(totals.summary().times).flatMap(([series, time]) => {
    const path = paths.of(under, series);
    if (path === undefined) return [];
    return Object.entries(timeNames).map(([name, key]): NamedValue => [
      `${path}.${name}`,
      time[key],
    ]);
  });
}
