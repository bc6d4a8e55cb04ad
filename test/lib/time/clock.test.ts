import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { every } from '../../../src/lib/time/clock.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('every', () => {
  it('goes on until it is cancelled', async () => {
    const clock = new FakeClock();
    let calls = 0;
    const cancel = every(clock, 100, () => calls++);
    await clock.advance(1050);
    cancel();
    await clock.advance(1000);
    assert.equal(calls, 10);
  });
});
