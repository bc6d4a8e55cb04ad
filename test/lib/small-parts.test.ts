import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { attempt, sleep, withTimeout } from '../../src/lib/time/async.ts';
import { backoffMs } from '../../src/lib/time/backoff.ts';
import { every } from '../../src/lib/time/clock.ts';
import { AmocError, errorName, messageOf } from '../../src/lib/errors.ts';
import { didYouMean, nearest } from '../../src/lib/text/nearest.ts';
import { seededRandom } from '../../src/lib/ids/random.ts';
import { show } from '../../src/lib/text/quote.ts';
import { FakeClock } from '../support/fake-clock.ts';

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

describe('backoffMs', () => {
  it('never exceeds its bounds', () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempts, random) => {
          const ms = backoffMs(attempts, { firstMs: 200, mostMs: 30_000 }, random);
          assert.ok(ms >= 0 && ms <= 30_000);
        },
      ),
    );
  });
});

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

describe('messageOf', () => {
  it('has a text for everything that can be thrown', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => assert.equal(typeof messageOf(thrown), 'string')),
    );
    assert.equal(messageOf(new Error('')), 'Error');
    assert.match(messageOf({ a: 1 }), /non-Error was thrown: \{"a":1\}/);
    assert.match(messageOf(undefined), /non-Error was thrown: undefined/);
  });
});

describe('errorName', () => {
  it('prefers the code of the system', () => {
    assert.equal(errorName(Object.assign(new Error('x'), { code: 'ECONNRESET' })), 'ECONNRESET');
    assert.equal(errorName(new TypeError('x')), 'TypeError');
    assert.equal(errorName(new AmocError('TIMEOUT', 'x')), 'TIMEOUT');
    assert.equal(errorName('text'), 'string');
    assert.equal(errorName(null), 'null');
  });
});

describe('nearest', () => {
  it('finds what was meant', () => {
    assert.deepEqual(nearest('my_scenari', ['my_scenario', 'sleeper']), ['my_scenario']);
    assert.deepEqual(nearest('forc', ['force', 'ids']), ['force']);
    assert.deepEqual(nearest('xyz', ['force', 'ids']), []);
  });
  it('lists what there is when nothing is near', () => {
    assert.equal(didYouMean('xyzzy', ['force', 'ids']), '; there are force, ids');
  });
});

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

describe('show', () => {
  it('quotes any value within its bound', () => {
    fc.assert(fc.property(fc.anything(), (value) => assert.ok(show(value).length <= 201)));
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    assert.equal(show(circular), '{"self":"[circular]"}');
  });
});
