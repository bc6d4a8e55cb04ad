import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RateMeter } from '../../../src/lib/time/rate-meter.ts';

describe('RateMeter', () => {
  it('tells the rate of counts that come once a second', () => {
    const meter = new RateMeter(5000);
    for (let second = 1; second <= 10; second++) meter.add(20, second * 1000);
    assert.equal(meter.perSecond(10_000), 20);
    assert.equal(meter.perSecond(30_000), 0);
  });
});
