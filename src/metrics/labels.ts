import { AmocError } from '../lib/errors.ts';

/** Labels of a metric: what its values are told apart by. */
export type Labels = Readonly<Record<string, string | number | boolean>>;

/** A longer value is cut: labels are kinds of things, not texts. */
const LONGEST_VALUE = 100;

/** What a label's value is when a metric has too many of them. */
export const OTHER = 'other';

/**
 * The name of one series of a metric: `requests{kind="get"}`, as Prometheus writes it; the labels in
 * the order of their names.
 *
 * @throws {AmocError} `ARGUMENT` when a name is none
 */
export function seriesKey(name: string, labels: Labels | undefined): string {
  if (!/^[A-Za-z_][A-Za-z0-9_.]{0,99}$/.test(name)) {
    throw new AmocError(
      'ARGUMENT',
      `'${name}' is no name for a metric; use letters, digits, _ and .`,
    );
  }
  if (labels === undefined) return name;
  const pairs = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => {
      if (!/^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(label)) {
        throw new AmocError('ARGUMENT', `${name}: '${label}' is no name for a label`);
      }
      const text = String(value).slice(0, LONGEST_VALUE);
      return `${label}="${text.replace(/["\\\n{}=,]/g, '_')}"`;
    });
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
}

/** The series that stands for all those past the bound. */
export function otherKey(name: string, labels: Labels): string {
  return seriesKey(name, Object.fromEntries(Object.keys(labels).map((label) => [label, OTHER])));
}

/** The metric that a series is of: its name without labels. */
export function metricOf(series: string): string {
  return series.split('{', 1)[0] as string;
}

/** Takes what {@link seriesKey} made apart. */
export function parseSeries(key: string): { name: string; labels: Record<string, string> } {
  const [name = '', rest = ''] = key.split('{', 2);
  const labels: Record<string, string> = {};
  for (const [, label, value] of rest.matchAll(/([A-Za-z0-9_]+)="([^"]*)"/g)) {
    labels[label as string] = value as string;
  }
  return { name, labels };
}
