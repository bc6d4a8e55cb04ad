import { AmocError } from '../lib/errors.ts';
import { didYouMean } from '../lib/text/nearest.ts';
import type { MetricsTotals } from '../metrics/totals.ts';
import { parseWindow } from './threshold-window.ts';
import type { UserTotals } from './second.ts';
import type { Verdict } from './verdict.ts';

/** Names that a threshold can have in addition to those of metrics. */
const special = ['errors', 'users_crashed', 'users_lost'] as const;

const counterStats = ['total', 'rate'] as const;
const timeStats = ['min', 'mean', 'max', 'count', 'rate'] as const;

/** A checked threshold. */
export interface Threshold {
  readonly text: string;
  readonly metric: string;
  readonly stat: string | undefined;
  /** How long the window is that it is judged over; the whole run when left out. */
  readonly overMs?: number;
  readonly operator: '<' | '<=' | '>' | '>=';
  readonly limit: number;
  readonly unit: Verdict['unit'];
}

/** What a threshold is judged by: the figures of a run so far, or of a part of it. */
export interface Standing {
  totals: MetricsTotals;
  users: Pick<UserTotals, 'crashed' | 'lost'>;
  /** Users that were started, including those that were started again elsewhere; of a part, those that ran in it. */
  started: number;
  /** How long the run has lasted, or the part is. */
  seconds: number;
  /** Of a part: all figures so far. What they have counted, and the part has not, is 0 there, not unknown. */
  run?: MetricsTotals;
}

const FORM =
  /^\s*([A-Za-z_][\w.]*(?:\{[^}]*\})?)(?:\s+(?!over\b)([A-Za-z][\w.]*))?(?:\s+over\b([^<>]*?))?\s*(<=?|>=?)\s*(\d+(?:\.\d+)?)\s*(us|ms|s|m|%|\/s)?\s*$/;

/**
 * Reads `message_ttd p99 < 200ms`, `errors < 0.1%`, `messages_sent rate over 30s > 100/s`.
 *
 * @throws {AmocError} `ARGUMENT` that says what is wrong and how it is written
 */
export function parseThreshold(text: string): Threshold {
  const parts = FORM.exec(text);
  if (parts === null) {
    const hint = /[<>].*\sover\b/.test(text) ? "; 'over TIME' comes before the limit" : '';
    throw new AmocError(
      'ARGUMENT',
      `invalid threshold '${text}'${hint}; write it as 'message_ttd p99 < 200ms', 'errors < 0.1%' or 'messages_sent rate over 30s > 100/s'`,
    );
  }
  const [, metric = '', stat, over, operator = '<', number = '', unit = ''] = parts;
  if (stat !== undefined && !isStat(stat)) {
    const all = ['p50', 'p95', 'p99', 'p99.9', ...timeStats, 'total'];
    throw new AmocError(
      'ARGUMENT',
      `'${text}': unknown statistic '${stat}'${didYouMean(stat, all)}; use ${all.join(', ')}, or any other percentile`,
    );
  }
  const scale = { us: 0.001, ms: 1, s: 1000, m: 60_000 }[unit] ?? 1;
  return {
    text: text.trim().replace(/\s+/g, ' '),
    metric,
    stat: stat?.toLowerCase(),
    ...(over === undefined ? {} : { overMs: parseWindow(text, over.trim()) }),
    operator: operator as Threshold['operator'],
    limit: Number(number) * scale,
    unit: unit === '%' || unit === '/s' ? unit : unit === '' ? '' : 'ms',
  };
}

/**
 * Reads the thresholds of a scenario or a command: metrics with their limits.
 *
 * @throws {AmocError} `ARGUMENT` on the first invalid one
 */
export function parseThresholds(thresholds: Readonly<Record<string, string>>): Threshold[] {
  return Object.entries(thresholds).map(([what, limit]) => parseThreshold(`${what} ${limit}`));
}

/** Judges a run, or a part of it, by its figures. */
export function judge(threshold: Threshold, standing: Standing): Verdict {
  const value = valueOf(threshold, standing);
  const { text, limit, unit } = threshold;
  return {
    threshold: text,
    // A threshold must not pass because nothing was measured.
    passed: value !== undefined && meets(value, threshold),
    value,
    limit,
    unit,
  };
}

/** A value of a threshold, in its unit, for people to read. */
export function showValue(value: number | undefined, unit: Verdict['unit']): string {
  if (value === undefined) return 'nothing was recorded';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 2 : 4;
  return `${Number(value.toFixed(digits))}${unit === '' || unit === '/s' || unit === '%' ? unit : ` ${unit}`}`;
}

/** A verdict as a sentence: the value, and by how much the limit was missed. */
export function sayVerdict({ threshold, passed, value, limit, unit, window }: Verdict): string {
  if (value === undefined) return `${threshold}: ${showValue(value, unit)}`;
  const isWorst = window !== undefined && window.judged > 0;
  const is = isWorst
    ? `it was ${showValue(value, unit)} at worst`
    : `it is ${showValue(value, unit)}`;
  if (passed) return `${threshold}: ${is}`;
  const seconds = isWorst ? `; missed in ${window.missed} of ${window.judged} s` : '';
  if (value === limit) return `${threshold}: ${is}, which is the limit${seconds}`;
  const by = limit === 0 ? '' : `, ${Number((value / limit).toPrecision(3))} times the limit`;
  return `${threshold}: ${is}, off by ${showValue(Math.abs(value - limit), unit)}${by}${seconds}`;
}

function isStat(stat: string): boolean {
  const lower = stat.toLowerCase();
  const known: readonly string[] = [...counterStats, ...timeStats];
  if (known.includes(lower)) return true;
  const percentile = percentileOf(lower);
  return percentile !== undefined && percentile <= 100;
}

function percentileOf(stat: string): number | undefined {
  if (stat === 'p999') return 99.9;
  const number = /^p(\d{1,3}(?:\.\d+)?)$/.exec(stat)?.[1];
  return number === undefined ? undefined : Number(number);
}

function valueOf({ metric, stat, unit }: Threshold, standing: Standing): number | undefined {
  const { totals, users, started, seconds, run } = standing;
  const rate = (count: number): number => count / Math.max(seconds, 0.001);
  if ((special as readonly string[]).includes(metric)) {
    const count = metric === 'users_lost' ? users.lost : users.crashed;
    const failed = metric === 'errors' ? users.crashed + users.lost : count;
    if (unit === '%') return started === 0 ? undefined : (100 * failed) / started;
    return stat === 'rate' || unit === '/s' ? rate(failed) : failed;
  }
  const time = totals.time(metric);
  if (time === undefined) {
    const kind = totals.kindOf(metric) ?? run?.kindOf(metric);
    const isCount = stat === 'count' || stat === 'total' || stat === 'rate';
    // A part without values has no percentile, but it has a count: none.
    if (kind === undefined || (kind === 'histogram' && !isCount)) return undefined;
    const gauge = totals.gauge(metric);
    if (kind === 'gauge' && gauge === undefined) return undefined;
    const count = gauge ?? totals.counter(metric);
    return stat === 'rate' || unit === '/s' ? rate(count) : count;
  }
  switch (stat) {
    case undefined:
      return totals.percentile(metric, 95);
    case 'min':
    case 'mean':
    case 'max':
    case 'count':
      return time[stat];
    case 'total':
      return time.count;
    case 'rate':
      return rate(time.count);
    default:
      return totals.percentile(metric, percentileOf(stat) ?? 95);
  }
}

/** Whether a value is on the right side of the limit. */
export function meets(value: number, { operator, limit }: Threshold): boolean {
  switch (operator) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
  }
}
