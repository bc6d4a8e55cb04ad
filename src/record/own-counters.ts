import { docOf } from '../metrics/catalogue.ts';
import { metricOf } from '../metrics/labels.ts';
import type { RunResult } from './result.ts';

/**
 * The scenario's own counters, by name: those that amoc itself does not define.
 *
 * @param most the rest is only counted
 */
export function ownCounters(
  { metrics }: Pick<RunResult, 'metrics'>,
  most: number,
): { counters: [name: string, value: number][]; more: number } {
  const own = Object.entries(metrics.counters)
    .filter(([name]) => docOf(metricOf(name)) === undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return { counters: own.slice(0, most), more: Math.max(0, own.length - most) };
}
