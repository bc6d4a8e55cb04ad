import { builtInMetrics, docOf } from '../metrics/catalogue.ts';
import { metricOf } from '../metrics/labels.ts';

/** A chart of a report: the rates of these counters. */
export interface CounterChart {
  title: string;
  names: string[];
}

/** The charts of a report that show rates of counters. */
export interface CounterCharts {
  /** Those of the headlines, which come before the times. */
  first: CounterChart[];
  others: CounterChart[];
  /** The scenario's own counters. */
  own: string[];
}

/**
 * Sorts counters into charts, as their declarations say.
 *
 * @param rates names of the counters that a run has
 */
export function counterCharts(rates: readonly string[]): CounterCharts {
  const first = new Map<string, string[]>();
  const others = new Map<string, string[]>();
  for (const [name, { chart, isHeadline }] of builtInMetrics()) {
    if (chart === undefined || !rates.includes(name)) continue;
    const charts = isHeadline === true ? first : others;
    charts.set(chart, [...(charts.get(chart) ?? []), name]);
  }
  const listed = (charts: ReadonlyMap<string, string[]>): CounterChart[] =>
    [...charts].map(([title, names]) => ({ title, names }));
  return {
    first: listed(first),
    others: listed(others),
    own: rates.filter((name) => docOf(metricOf(name)) === undefined),
  };
}
