import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../../src/lib/ids/random.ts';

describe('seededRandom', () => {
  it('repeats with the same seeds and differs with others', () => {
    const draw = (...seeds: number[]): number[] => {
      const random = seededRandom(...seeds);
      return Array.from({ length: 20 }, () => random.integer(1, 1_000_000));
    };
    assert.deepEqual(draw(1, 7), draw(1, 7));
    assert.notDeepEqual(draw(1, 7), draw(1, 8));
    assert.notDeepEqual(draw(1, 7), draw(2, 7));
  });
  it('spreads evenly over neighbouring ids', () => {
    const firsts = Array.from({ length: 10_000 }, (_, id) => seededRandom(99, id).float());
    const mean = firsts.reduce((sum, value) => sum + value, 0) / firsts.length;
    assert.ok(Math.abs(mean - 0.5) < 0.02, `mean ${mean}`);
    assert.ok(new Set(firsts).size > 9990);
  });
  it('draws waiting times of the mean asked for', () => {
    const random = seededRandom(5);
    const times = Array.from({ length: 20_000 }, () => random.exponential(100));
    const mean = times.reduce((sum, value) => sum + value, 0) / times.length;
    assert.ok(Math.abs(mean - 100) < 5, `mean ${mean}`);
  });
});
