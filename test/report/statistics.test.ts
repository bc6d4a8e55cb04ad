import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../src/lib/ids/random.ts';
import { holm, mannWhitney, median } from '../../src/report/statistics.ts';

const SEED = 20_261_125;

describe('statistics', () => {
  it('the Mann–Whitney U test gives the p of the textbook', () => {
    // The example of R's wilcox.test (permeability constants of the human chorioamnion): W = 35, so
    // z = (35 - 25 - 0.5) / 8.165 with the correction for continuity; exact, p is 0.2544.
    const a = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
    const b = [1.15, 0.88, 0.9, 0.74, 1.21];
    const { p, delta } = mannWhitney(a, b);
    assert.ok(Math.abs(p - 0.2446) < 0.001, String(p));
    assert.ok(Math.abs(delta + 0.4) < 1e-9, String(delta));
  });

  it('calls equal samples equal, and apart what is apart', () => {
    assert.equal(mannWhitney([1, 1, 1, 1], [1, 1, 1, 1]).p, 1);
    const low = Array.from({ length: 20 }, (_, at) => at);
    const high = low.map((value) => value + 100);
    const { p, delta } = mannWhitney(low, high);
    assert.ok(p < 1e-6);
    assert.equal(delta, 1);
    assert.equal(mannWhitney(high, low).delta, -1);
  });

  it(`errs about as often as it says (seed ${SEED})`, () => {
    const random = seededRandom(SEED, 1);
    const sample = (): number[] => Array.from({ length: 15 }, () => random.float());
    let wrong = 0;
    for (let each = 0; each < 2000; each++) if (mannWhitney(sample(), sample()).p < 0.05) wrong++;
    assert.ok(wrong > 50 && wrong < 140, `${wrong} of 2000 at 0.05`);
  });

  it('tests several together (Holm)', () => {
    assert.deepEqual(holm([0.04, 0.001, 0.02], 0.05), [true, true, true]);
    assert.deepEqual(holm([0.04, 0.001, 0.03], 0.05), [false, true, false]);
    assert.deepEqual(holm([], 0.05), []);
  });

  it('has a middle', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.ok(Number.isNaN(median([])));
  });
});
