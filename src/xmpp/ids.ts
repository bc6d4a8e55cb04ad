import { clusterNow } from '../lib/time/cluster-clock.ts';

let sequence = 0;

/** A stanza id that is unique in this process. */
export function stanzaId(): string {
  sequence = (sequence + 1) & 0x3fffffff;
  return `a${sequence.toString(36)}`;
}

/** The common beginning of the ids of one second; most ids are made in the same second as the one before. */
let secondOf = 0;
let secondText = '';
let stamps = 0;

/**
 * The digits of ids, ready-made. V8 caches the texts of the thousands of numbers that it wrote last: at some
 * thousand ids a second each garbage collection would move them all, and take twice as long.
 */
const THREE_DIGITS = Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, '0'));
/** The same digits, with the dash that follows them. */
const LAST_DIGITS = THREE_DIGITS.map((digits) => `${digits}-`);
const PAIR = 36 * 36;
const PAIRS = Array.from({ length: PAIR }, (_, value) => value.toString(36).padStart(2, '0'));

/** The number of pieces that {@link putStamp} writes. */
export const STAMP_PIECES = 6;

/**
 * Writes the pieces of a {@link stampedId} into `pieces` from `at` on, so that the id alone needs no string.
 */
export function putStamp(pieces: string[], at: number, since?: number): void {
  const now = since === undefined ? clusterNow() : clusterNow() - (performance.now() - since);
  const second = Math.floor(now / 1000);
  if (second !== secondOf) {
    secondOf = second;
    secondText = `amoc-${second}.`;
  }
  stamps = (stamps + 1) & 0x3fffffff;
  const micros = ((now - second * 1000) * 1000) | 0;
  const pairs = (stamps / PAIR) | 0;
  pieces[at] = secondText;
  pieces[at + 1] = THREE_DIGITS[(micros / 1000) | 0] as string;
  pieces[at + 2] = LAST_DIGITS[micros % 1000] as string;
  pieces[at + 3] = PAIRS[(pairs / PAIR) | 0] as string;
  pieces[at + 4] = PAIRS[pairs % PAIR] as string;
  pieces[at + 5] = PAIRS[stamps % PAIR] as string;
}

const stamp: string[] = [];

/**
 * An id that carries its creation time: `amoc-SECONDS.MICROSECONDS-NUMBER`, the number in base 36. Servers
 * pass a message's id on, so the receiver can compute the time to delivery without an extra element in the
 * stanza.
 *
 * @param since the time to carry instead of now, by the clock of `performance.now()`
 */
export function stampedId(since?: number): string {
  putStamp(stamp, 0, since);
  return stamp.join('');
}

const DOT = 0x2e;
const DASH = 0x2d;

/**
 * Milliseconds since the {@link stampedId} in `text` from `start` to `end` was made; `undefined` for other
 * ids.
 */
export function ageAt(text: string, start: number, end: number): number | undefined {
  if (!text.startsWith('amoc-', start)) return undefined;
  let seconds = 0;
  let at = start + 5;
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === DOT) break;
    if (code < 0x30 || code > 0x39) return undefined;
    seconds = seconds * 10 + code - 0x30;
  }
  let micros = 0;
  for (at++; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === DASH) return clusterNow() - seconds * 1000 - micros / 1000;
    if (code < 0x30 || code > 0x39) return undefined;
    micros = micros * 10 + code - 0x30;
  }
  return undefined;
}

/** Milliseconds since a {@link stampedId} was made; `undefined` for other ids. */
export function ageOf(id: string | undefined): number | undefined {
  return id === undefined ? undefined : ageAt(id, 0, id.length);
}
