import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toPerSecond } from '../../../src/lib/time/rate.ts';

describe('a rate', () => {
  it('is a number a second', () => {
    const rates = ['500/s', '30/min', '36/h', ' 2.5 / s ', 7];
    assert.deepEqual(rates.map(toPerSecond), [500, 0.5, 0.01, 2.5, 7]);
  });

  it('is refused with the forms that it has', () => {
    for (const bad of ['', '5', '5/day', '-5/s', 0, -1, NaN, Infinity, '2000000/s']) {
      assert.throws(() => toPerSecond(bad), { code: 'ARGUMENT', message: /'500\/s'/ });
    }
    assert.throws(() => toPerSecond({} as number), { code: 'ARGUMENT' });
  });
});
