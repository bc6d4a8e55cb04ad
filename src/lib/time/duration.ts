import parse from 'ms';
import { AmocError } from '../errors.ts';
import { quote } from '../text/quote.ts';

/** A time span: milliseconds as a number, or a text such as `'250ms'`, `'20s'`, `'1.5m'`, `'2h'`. */
export type Duration = number | string;

/**
 * Converts a {@link Duration} to milliseconds.
 *
 * @throws {AmocError} `ARGUMENT` when it is not a time span of zero or more.
 */
export function toMs(duration: Duration): number {
  // The shell and settings can pass any value.
  const given: unknown = duration;
  const ms = typeof given === 'string' ? parseText(given) : typeof given === 'number' ? given : NaN;
  if (!Number.isFinite(ms) || ms < 0) {
    throw new AmocError(
      'ARGUMENT',
      `${quote(duration)} is not a time span; write milliseconds (250) or '250ms', '20s', '5m', '2h'`,
    );
  }
  return ms;
}

/** A time span as a person writes it: `850 ms`, `12 s`, `3 min 5 s`, `2 h 4 min`. */
export function formatMs(ms: number): string {
  if (ms < 1000) return `${round(ms)} ms`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min${seconds % 60 === 0 ? '' : ` ${seconds % 60} s`}`;
  const hours = Math.floor(minutes / 60);
  return `${hours} h${minutes % 60 === 0 ? '' : ` ${minutes % 60} min`}`;
}

function parseText(text: string): number {
  const trimmed = text.trim();
  return /^\d/.test(trimmed) && trimmed.length < 30 ? parse(trimmed as parse.StringValue) : NaN;
}

function round(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 100) / 100;
}
