import { count } from '../lib/text/plural.ts';
import { metricOf, parseSeries } from '../metrics/labels.ts';

const METRIC = 'connection_by';

/** Logins of a run by kind (`new`, `resumed` …), the most frequent first. */
export function loginsIn(
  times: Iterable<readonly [string, { readonly count: number }]>,
): [string, number][] {
  return [...times]
    .filter(([series, { count: of }]) => of > 0 && metricOf(series) === METRIC)
    .map(([series, { count: of }]): [string, number] => [
      parseSeries(series).labels['kind'] ?? '',
      of,
    ])
    .sort(([, a], [, b]) => b - a);
}

/** `2,000: 1,000 resumed (50 %), 500 new (25 %), 500 by token (25 %)` */
export function sayLogins(logins: readonly (readonly [string, number])[]): string {
  const total = logins.reduce((sum, [, of]) => sum + of, 0);
  const shares = logins.map(([kind, of]) => `${count(of)} ${kind} (${share(of / total)})`);
  return `${count(total)}: ${shares.join(', ')}`;
}

/** Few among many must not look like none. */
function share(part: number): string {
  const percent = Math.round(part * 100);
  if (percent === 0) return '< 1 %';
  return percent === 100 && part < 1 ? '> 99 %' : `${percent} %`;
}
