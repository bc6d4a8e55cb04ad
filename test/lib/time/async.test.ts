import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attempt, sleep, withTimeout } from '../../../src/lib/time/async.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('sleep', () => {
  it('ends with the reason of its signal, and leaves no timer', async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const controller = new AbortController();
    const waiting = sleep(1000, { clock, signal: controller.signal });
    controller.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
    assert.equal(clock.pending, 0);
    await clock.resolve(sleep(1000, { clock, signal }));
    assert.equal(clock.monotonic(), 1000);
  });
});

describe('withTimeout', () => {
  it('says what did not finish', async () => {
    const clock = new FakeClock();
    const never = new Promise(() => {});
    await assert.rejects(clock.resolve(withTimeout(never, 2000, 'init', clock)), {
      code: 'TIMEOUT',
      message: 'init did not finish within 2 s',
    });
  });
});

describe('attempt', () => {
  it('turns what is thrown at once into a rejection', async () => {
    await assert.rejects(
      attempt(() => {
        throw new Error('at once');
      }),
      /at once/,
    );
  });
});
