import { formatMs } from '../lib/time/duration.ts';
import { count } from '../lib/text/plural.ts';
import type { TimeSummary } from '../metrics/totals.ts';

/** The traffic of one protocol in a run, in the figures that describe it best. */
export interface HeadlineView {
  /** What is counted, in the plural: `messages`. */
  title: string;
  sent: number;
  /** Left out by protocols that do not count what arrives. */
  received?: number;
  /** Sent per second, over the last seconds. */
  perSecond: number;
  /** Left out while nothing was timed. */
  latency?: TimeSummary;
  /** The histogram of the latency: `message_ttd`. */
  latencyMetric?: string;
  /** `time to delivery` */
  latencyWords?: string;
  /** The same in at most eight letters: `ttd`. */
  latencyShort?: string;
}

/**
 * Messages of a run; `delivery` is the time from creation to arrival, where amoc both sends and receives.
 *
 * The field `messages` of results and of `status()` is older than {@link HeadlineView}. It stays for the programs
 * that read it, and for records that have nothing else.
 */
export interface MessagesView {
  sent: number;
  received: number;
  /** Sent per second, over the last seconds. */
  perSecond: number;
  delivery?: TimeSummary;
}

const MESSAGES = 'messages';

/** The field `messages`, of headlines. */
export function messagesOf(headlines: readonly HeadlineView[]): MessagesView {
  const found = headlines.find(({ title }) => title === MESSAGES);
  const { sent = 0, received = 0, perSecond = 0, latency } = found ?? {};
  return { sent, received, perSecond, ...(latency === undefined ? {} : { delivery: latency }) };
}

/** The headlines of a result, also of one that was recorded before there were any. */
export function headlinesOf({
  headlines,
  messages,
}: {
  headlines?: readonly HeadlineView[];
  messages: MessagesView;
}): readonly HeadlineView[] {
  if (headlines !== undefined) return headlines;
  const { sent, received, perSecond, delivery } = messages;
  if (sent + received === 0) return [];
  const latency =
    delivery === undefined
      ? {}
      : {
          latency: delivery,
          latencyMetric: 'message_ttd',
          latencyWords: 'time to delivery',
          latencyShort: 'ttd',
        };
  return [{ title: MESSAGES, sent, received, perSecond, ...latency }];
}

/** `80 sent, 80 received; time to delivery p50 1 ms, p99 2 ms, max 2 ms` */
export function sayHeadline({ sent, received, latency, latencyWords }: HeadlineView): string {
  const arrived = received === undefined ? '' : `, ${count(received)} received`;
  const time =
    latency === undefined
      ? ''
      : `; ${latencyWords} p50 ${formatMs(latency.p50)}, p99 ${formatMs(latency.p99)}, max ${formatMs(latency.max)}`;
  return `${count(sent)} sent${arrived}${time}`;
}
