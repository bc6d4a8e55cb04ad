import { formatMs } from '../../lib/time/duration.ts';
import { oneLine } from '../../lib/text/foreign-text.ts';
import { count } from '../../lib/text/plural.ts';
import type { Trend } from '../../control/views.ts';
import type { MetricsView, StatusView } from '../../control/views.ts';
import type { RunEvent } from '../../record/types.ts';
import { renderEvents } from './events-view.ts';
import { renderMetrics } from './metrics-view.ts';
import type { Paint } from './paint.ts';
import { renderStatus } from './render.ts';

/** What `watch()` shows. */
export interface Watched {
  status: StatusView;
  metrics: MetricsView;
  trend: readonly Trend[];
  events: readonly RunEvent[];
}

/** Gives a renderer the full terminal until q is pressed. */
export type LendScreen = (
  draw: (columns: number, paint: Paint) => Promise<string>,
) => Promise<void>;

const blocks = '▁▂▃▄▅▆▇█';
const MAX_EVENTS = 6;

/** One picture of `watch()`: the state, small charts of the last seconds, the figures, the last events. */
export function renderWatch(
  { status, metrics, trend, events }: Watched,
  columns: number,
  paint: Paint,
): string {
  const width = Math.max(10, columns - 40);
  const chart = (
    title: string,
    of: (point: Trend) => number,
    words: (value: number) => string,
  ): string => {
    const values = trend.slice(-width).map(of);
    const most = Math.max(0, ...values);
    return `  ${oneLine(title).padEnd(12)}  ${paint.cyan(spark(values, most))}  ${words(values.at(-1) ?? 0)} ${paint.dim(`(max ${words(most)})`)}`;
  };
  const parts = [renderStatus(status, paint)];
  if (trend.length > 0) {
    parts.push(
      chart(
        'users',
        ({ users }) => users,
        (value) => count(value),
      ),
      ...status.headlines.flatMap(({ title, latencyShort }) => [
        chart(
          title,
          ({ traffic }) => traffic[title]?.sent ?? 0,
          (value) => `${count(Math.round(value))}/s`,
        ),
        ...(latencyShort === undefined
          ? []
          : [
              chart(
                `${latencyShort} p99`,
                ({ traffic }) => traffic[title]?.latencyP99 ?? 0,
                formatMs,
              ),
            ]),
      ]),
      chart(
        'CPU',
        ({ cpu }) => cpu,
        (value) => `${Math.round(value * 100)} %`,
      ),
    );
  }
  parts.push(renderMetrics(metrics, paint), renderEvents(events.slice(-MAX_EVENTS), paint));
  return parts.join('\n');
}

/** Values as a row of blocks; the greatest value has the highest block. */
export function spark(values: readonly number[], most: number): string {
  return values
    .map((value) => {
      const step = most <= 0 ? 0 : Math.round((value / most) * (blocks.length - 1));
      return blocks[Math.max(0, Math.min(blocks.length - 1, step))] ?? ' ';
    })
    .join('');
}
