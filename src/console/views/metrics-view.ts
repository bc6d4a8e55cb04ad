import { formatMs } from '../../lib/time/duration.ts';
import { count } from '../../lib/text/plural.ts';
import type { MetricsView, TimeSummary } from '../../control/views.ts';
import type { Paint } from './paint.ts';
import { table } from './render.ts';

/** `metrics()`: what was counted, and what was timed. */
export function renderMetrics(
  { counters, times, gauges, rates }: MetricsView,
  paint: Paint,
): string {
  const parts: string[] = [];
  // A run that is over has no rate now.
  const isOver = Object.keys(rates).length === 0;
  const rateHead = isOver ? [] : ['rate now'];
  const rate = (name: string): string[] => (isOver ? [] : [rateText(rates[name] ?? 0)]);
  const counts = Object.entries(counters)
    .filter(([, value]) => value > 0)
    .sort(byName)
    .map(([name, value]) => [name, ...rate(name), count(value)]);
  if (counts.length > 0) {
    parts.push(table(['counter', ...rateHead, 'total'], counts, paint, [1, 2]));
  }
  const now = Object.entries(gauges)
    .sort(byName)
    .map(([name, value]) => [name, count(value)]);
  if (now.length > 0) parts.push(table(['gauge', 'now'], now, paint, [1]));
  const rows = Object.entries(times)
    .sort(byName)
    .map(([name, time]) => [
      name,
      ...rate(name),
      count(time.count),
      ...[time.mean, time.p50, time.p95, time.p99, time.p999, time.max].map((value) =>
        valueText(value, time.unit),
      ),
    ]);
  if (rows.length > 0) {
    const head = ['time', ...rateHead, 'total', 'mean', 'p50', 'p95', 'p99', 'p99.9', 'max'];
    parts.push(table(head, rows, paint, [1, 2, 3, 4, 5, 6, 7, 8]));
  }
  return parts.length === 0 ? '  nothing has been counted yet' : parts.join('\n');
}

/** A value of a histogram in its unit. */
export function valueText(value: number, unit: TimeSummary['unit']): string {
  if (unit === undefined) return formatMs(value);
  return unit === 'bytes' ? `${count(Math.round(value))} B` : count(Math.round(value));
}

function rateText(rate: number): string {
  return rate === 0 ? '' : `${rate < 100 ? rate.toFixed(1) : count(Math.round(rate))}/s`;
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
