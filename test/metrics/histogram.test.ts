import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AmocError } from '../../src/lib/errors.ts';
import {
  addHistogram,
  decodeHistogram,
  encodeHistogram,
  encodeSparse,
  HIGHEST_US,
  newHistogram,
  recordInto,
  sparseOf,
} from '../../src/metrics/histogram.ts';

const values = fc.array(fc.integer({ min: 0, max: HIGHEST_US }), { minLength: 1, maxLength: 200 });

const histogramOf = (recorded: readonly number[]): ReturnType<typeof newHistogram> => {
  const histogram = newHistogram();
  for (const value of recorded) histogram.recordValue(value);
  return histogram;
};

describe('a value recorded without logarithms', () => {
  it('counts where HdrHistogram itself would count it', () => {
    const near = fc.integer({ min: 0, max: 31 }).chain((bits) => {
      const power = 2 ** bits;
      return fc.integer({ min: Math.max(0, power - 3), max: Math.min(HIGHEST_US, power + 3) });
    });
    const any = fc.integer({ min: 0, max: HIGHEST_US });
    fc.assert(
      fc.property(fc.array(fc.oneof(near, any), { minLength: 1 }), (recorded) => {
        const ours = newHistogram();
        for (const value of recorded) recordInto(ours, value);
        assert.equal(encodeHistogram(ours), encodeHistogram(histogramOf(recorded)));
        assert.equal(ours.totalCount, recorded.length);
      }),
    );
  });
});

describe('a histogram without its zeros', () => {
  it('is written as the histogram itself, and gives it again', () => {
    fc.assert(
      fc.property(values, (recorded) => {
        const histogram = histogramOf(recorded);
        const sparse = sparseOf(histogram);
        assert.equal(encodeSparse(sparse), encodeHistogram(histogram));
        const again = newHistogram();
        addHistogram(again, sparse);
        assert.deepEqual(again.summary, histogram.summary);
        assert.equal(encodeHistogram(again), encodeHistogram(histogram));
        // What is kept for windows must not change with the histogram that it was taken from.
        histogram.reset();
        assert.equal(encodeSparse(sparse), encodeHistogram(again));
      }),
    );
  });

  it('keeps counts of any size', () => {
    for (const bits of [15, 16, 17, 31, 32, 33, 40]) {
      const histogram = newHistogram();
      histogram.recordValueWithCount(7, 2 ** bits - 1);
      histogram.recordValueWithCount(8, 2 ** bits);
      histogram.recordValue(HIGHEST_US);
      assert.equal(encodeSparse(sparseOf(histogram)), encodeHistogram(histogram), `${bits} bits`);
    }
  });
});

describe('a histogram as text', () => {
  it('has no value above 0 where all are 0', () => {
    const total = newHistogram();
    addHistogram(total, decodeHistogram(encodeHistogram(histogramOf([0, 0]))));
    assert.deepEqual([total.totalCount, total.maxValue, total.mean], [2, 0, 0]);
  });

  it('is the same histogram when it is read, added to others or taken away', () => {
    fc.assert(
      fc.property(values, values, (first, second) => {
        const total = newHistogram();
        for (const part of [first, second]) {
          addHistogram(total, decodeHistogram(encodeHistogram(histogramOf(part))));
        }
        const whole = histogramOf([...first, ...second]);
        assert.deepEqual(total.summary, whole.summary);
        assert.equal(total.mean, whole.mean);
        assert.equal(encodeHistogram(total), encodeHistogram(whole));
        addHistogram(total, decodeHistogram(encodeHistogram(histogramOf(second))), -1);
        assert.equal(total.totalCount, first.length);
        assert.equal(total.getValueAtPercentile(50), histogramOf(first).getValueAtPercentile(50));
      }),
    );
  });

  it('is as long as it has different values, not as its range', () => {
    const histogram = histogramOf(Array.from({ length: 10_000 }, (_, at) => 400 + (at % 50)));
    assert.ok(encodeHistogram(histogram).length < 300);
  });

  it('keeps counts beyond 32 bits', () => {
    const histogram = newHistogram();
    histogram.recordValueWithCount(1000, 2 ** 40);
    const { counts } = decodeHistogram(encodeHistogram(histogram));
    assert.equal(counts[1], 2 ** 40);
  });

  it('that is damaged is refused or is another histogram, and nothing worse', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          const total = newHistogram();
          addHistogram(total, decodeHistogram(Buffer.from(bytes).toString('base64')));
          assert.ok(total.totalCount > 0 && Number.isFinite(total.getValueAtPercentile(99)));
        } catch (error) {
          assert.ok(error instanceof AmocError && error.code === 'PROTOCOL', String(error));
        }
      }),
      { numRuns: 5000 },
    );
  });
});
