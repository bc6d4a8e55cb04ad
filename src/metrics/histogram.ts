import hdr from 'hdr-histogram-js';
import type { Float64Histogram } from 'hdr-histogram-js';
import { AmocError } from '../lib/errors.ts';

/** Values are kept in microseconds, from 1 µs to one hour, to three significant digits. */
export const HIGHEST_US = 3_600_000_000;
const DIGITS = 3;

/** Each byte has seven bits of a number; the eighth says whether more follow (LEB128). */
const BASE = 128;
const MAX_NUMBER_BYTES = 8;

/** An empty histogram; its counts are exact up to 2^53. */
export function newHistogram(): Float64Histogram {
  return new hdr.Float64Histogram(1, HIGHEST_US, DIGITS);
}

/** Three digits take 2,048 steps, and half as many for each power of two above (HdrHistogram's layout). */
const STEPS = 2048;
const STEP_BITS = 10;

/**
 * Records one value, as `recordValue` does, but without its logarithms.
 *
 * @param us whole microseconds, 0 to {@link HIGHEST_US}
 */
export function recordInto(histogram: Float64Histogram, us: number): void {
  // Above 31 bits, the shifts below would overflow.
  if (us >= 2 ** 31) {
    histogram.recordValue(us);
    return;
  }
  const power = us < STEPS ? 0 : 21 - Math.clz32(us);
  histogram.incrementCountAtIndex((power << STEP_BITS) + (us >> power));
  histogram.incrementTotalCount();
  if (us > histogram.maxValue || us < histogram.minNonZeroValue) histogram.updateMinAndMax(us);
}

/** The output of the codec, in a buffer that is reused, so that no number needs an allocation. */
let written = Buffer.allocUnsafeSlow(4096);
let length = 0;

function write(value: number): void {
  if (length + MAX_NUMBER_BYTES > written.length) {
    const grown = Buffer.allocUnsafeSlow(written.length * 2);
    written.copy(grown);
    written = grown;
  }
  let rest = value;
  while (rest >= BASE) {
    written[length++] = (rest % BASE) + BASE;
    rest = Math.floor(rest / BASE);
  }
  written[length++] = rest;
}

/**
 * A histogram as text: the least value except 0, the greatest value, then its counts in order, each doubled;
 * a row of n zeros is written as 2n + 1. A second of one process has a few hundred counts at most, in an
 * array of 24,000: HDR's own form decompresses into the entire array, which takes the master three times as
 * long and more.
 */
export function encodeHistogram(values: Float64Histogram): string {
  length = 0;
  const { maxValue, minNonZeroValue } = values;
  write(Math.min(minNonZeroValue, HIGHEST_US));
  write(maxValue);
  const last = values.countsArrayIndex(maxValue);
  let zeros = 0;
  for (let index = 0; index <= last; index++) {
    const count = values.getCountAtIndex(index);
    if (count === 0) {
      zeros++;
      continue;
    }
    if (zeros > 0) write(2 * zeros + 1);
    zeros = 0;
    write(2 * count);
  }
  return written.toString('base64', 0, length);
}

/** The counts of a histogram without its zeros, as they travel inside a process. */
export interface SparseHistogram {
  /** The least value except 0. */
  least: number;
  greatest: number;
  /** Pairs of index and count, in the order of the indices. */
  counts: ArrayLike<number>;
}

/** The counts of a histogram that is not empty. */
export function sparseOf(values: Float64Histogram): SparseHistogram {
  const { maxValue, minNonZeroValue } = values;
  const last = values.countsArrayIndex(maxValue);
  let size = 0;
  let greatestCount = 0;
  for (let index = 0; index <= last; index++) {
    const count = values.getCountAtIndex(index);
    if (count === 0) continue;
    pairs[size++] = index;
    pairs[size++] = count;
    if (count > greatestCount) greatestCount = count;
  }
  const found = pairs.subarray(0, size);
  // Windows keep minutes of these, so they are as narrow as the counts permit; an index has 15 bits.
  const counts =
    greatestCount < 2 ** 16
      ? new Uint16Array(found)
      : greatestCount < 2 ** 32
        ? new Uint32Array(found)
        : found.slice();
  return { least: Math.min(minNonZeroValue, HIGHEST_US), greatest: maxValue, counts };
}

/** The text that {@link encodeHistogram} gives for the histogram with these counts. */
export function encodeSparse({ least, greatest, counts }: SparseHistogram): string {
  length = 0;
  write(least);
  write(greatest);
  let next = 0;
  for (let at = 0; at < counts.length; at += 2) {
    const index = counts[at] as number;
    if (index > next) write(2 * (index - next) + 1);
    write(2 * (counts[at + 1] as number));
    next = index + 1;
  }
  return written.toString('base64', 0, length);
}

/** How many values a histogram has. */
export function countOf({ counts }: SparseHistogram): number {
  let sum = 0;
  for (let at = 1; at < counts.length; at += 2) sum += counts[at] as number;
  return sum;
}

/**
 * Reads what {@link encodeHistogram} wrote.
 *
 * @throws {AmocError} `PROTOCOL` when it is damaged
 */
export function decodeHistogram(text: string): SparseHistogram {
  const bytes = Buffer.from(text, 'base64');
  let at = 0;
  const read = (): number => {
    let value = 0;
    let scale = 1;
    for (let digits = 0; digits < MAX_NUMBER_BYTES; digits++) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value += (byte % BASE) * scale;
      if (byte < BASE) return value;
      scale *= BASE;
    }
    throw new AmocError('PROTOCOL', 'a histogram is damaged');
  };
  const [least, greatest] = [read(), read()];
  const counts: number[] = [];
  let index = 0;
  let total = 0;
  while (at < bytes.length) {
    const next = read();
    if (next % 2 === 1) index += (next - 1) / 2;
    else {
      counts.push(index++, next / 2);
      total += next / 2;
    }
    if (next === 0 || index > LAST_INDEX + 1 || total > MAX_VALUES) {
      throw new AmocError('PROTOCOL', 'a histogram is damaged');
    }
  }
  if (counts.length === 0 || greatest > HIGHEST_US || least > HIGHEST_US) {
    throw new AmocError('PROTOCOL', 'a histogram is damaged');
  }
  return { least, greatest, counts };
}

/** Adds a decoded histogram; with -1, subtracts it. */
export function addHistogram(
  total: Float64Histogram,
  { least, greatest, counts }: SparseHistogram,
  sign: 1 | -1 = 1,
): void {
  let sum = 0;
  for (let at = 0; at < counts.length; at += 2) {
    const count = sign * (counts[at + 1] as number);
    total.addToCountAtIndex(counts[at] as number, count);
    sum += count;
  }
  total.addToTotalCount(sum);
  total.updateMinAndMax(greatest);
  // Where all values are 0, `least` is only a placeholder.
  if (least <= greatest) total.updateMinAndMax(least);
}

/** Far below the limit of exact whole numbers, however many processes report. */
const MAX_VALUES = 2 ** 43;
const LAST_INDEX = newHistogram().countsArrayIndex(HIGHEST_US);
/** Pairs of index and count that {@link sparseOf} has found so far. */
const pairs = new Float64Array(2 * (LAST_INDEX + 1));
