import { count, plural } from '../lib/text/plural.ts';
import { metricOf, parseSeries } from '../metrics/labels.ts';

const METRIC = 'connections_lost_by';

/** Sessions that were lost in a run, by reason, the most frequent first. */
export function lossesIn(counters: Iterable<readonly [string, number]>): [string, number][] {
  return [...counters]
    .filter(([series, count]) => count > 0 && metricOf(series) === METRIC)
    .map(([series, count]): [string, number] => [parseSeries(series).labels['reason'] ?? '', count])
    .sort(([, a], [, b]) => b - a);
}

/** `12 sessions: 8 conflict, 4 closed by the server`; at most five reasons. */
export function sayLosses(losses: readonly (readonly [string, number])[]): string {
  const total = losses.reduce((sum, [, of]) => sum + of, 0);
  const shown = losses.slice(0, MAX_SHOWN).map(([reason, of]) => `${count(of)} ${reason}`);
  const more = losses.length - MAX_SHOWN;
  if (more > 0) shown.push(plural(more, 'more reason'));
  return `${plural(total, 'session')}: ${shown.join(', ')}`;
}

const MAX_SHOWN = 5;
