import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Saturation } from '../../../src/master/run/saturation.ts';
import { saturationOf } from '../../../src/record/saturation.ts';

const idle = { cpu: 0.2, loopDelayMs: 3, rssBytes: 1 };
const busy = { cpu: 0.97, loopDelayMs: 3, rssBytes: 1 };
const late = { cpu: 0.5, loopDelayMs: 140, rssBytes: 1 };

describe('a load generator that is the bottleneck', () => {
  it('is told by its CPU or by its event loop', () => {
    assert.equal(saturationOf(idle), undefined);
    assert.equal(saturationOf(busy), 'its CPU is at 97 %');
    assert.equal(saturationOf(late), 'its event loop is 140 ms late');
  });

  it('is told once it lasts, again when it begins again, and counted by seconds', () => {
    const saturation = new Saturation();
    const told = [idle, busy, late, busy, busy, idle, busy, busy, busy].map((load) =>
      saturation.note('slave1/1', load),
    );
    assert.deepEqual(
      told.flatMap((each, at) => (each ? [at] : [])),
      [3, 8],
    );
    saturation.note('slave2/1', idle);
    assert.deepEqual(saturation.all(), [{ node: 'slave1/1', seconds: 7, inARow: 4 }]);
  });
});
