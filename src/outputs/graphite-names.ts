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

/** Each part of a path is a file or a folder there. */
const LONGEST_PART = 200;

/** A part of a path: dots part folders there, and nothing is no part. */
export function pathPart(text: string): string {
  return text.slice(0, LONGEST_PART).replace(/[^A-Za-z0-9_-]/g, '_') || '_';
}

/** A path as a person gives it: its parts stay parts. */
export function pathPrefix(text: string): string {
  return text.split('.').map(pathPart).join('.');
}

/** `requests{kind="get"}` → `requests.get`: the labels' values, in the order of their names. */
export function pathOf(series: string): string {
  const { name, labels } = parseSeries(series);
  return [pathPrefix(name), ...Object.values(labels).map(pathPart)].join('.');
}

/**
 * A line of carbon's plaintext form, `path value seconds`, without its end: whatever it is given, one line
 * of three words. `undefined` for a value that is no number.
 */
export function graphiteLine(path: string, value: number, seconds: number): string | undefined {
  if (!Number.isFinite(value)) return undefined;
  return `${pathPrefix(path)} ${Number(value.toFixed(6))} ${seconds}`;
}

/** The counters: their totals, and what came since the last time. */
export function counterValues(
  totals: ReadonlyMap<string, number>,
  before: ReadonlyMap<string, number>,
): NamedValue[] {
  return [...totals].flatMap(([series, total]): NamedValue[] => [
    [`amoc.counters.${pathOf(series)}.count`, total],
    [`amoc.counters.${pathOf(series)}.one`, total - (before.get(series) ?? 0)],
  ]);
}

/** What was timed. @param under `amoc.times` as the original has it */
export function timeValues(totals: MetricsTotals, under = 'amoc.times'): NamedValue[] {
  return Object.entries(totals.summary().times).flatMap(([series, time]) =>
    Object.entries(timeNames).map(([name, key]): NamedValue => [
      `${under}.${pathOf(series)}.${name}`,
      time[key],
    ]),
  );
}
