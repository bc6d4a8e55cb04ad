import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TimerWheel } from '../../../src/lib/time/timer-wheel.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('TimerWheel', () => {
  it('fires each timer once, never early, at most 1 % or two ticks late, whatever is cancelled', async () => {
    const plan = fc.array(
      fc.record({ delay: fc.integer({ min: 0, max: 300_000 }), cancelled: fc.boolean() }),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(plan, async (timers) => {
        const clock = new FakeClock();
        const wheel = new TimerWheel(clock);
        const fired = timers.map((): number[] => []);
        const handles = timers.map(({ delay }, at) => {
          return wheel.schedule(delay, () => fired[at]?.push(clock.monotonic()));
        });
        timers.forEach(({ cancelled }, at) => {
          if (cancelled) wheel.cancel(handles[at]!);
        });
        await clock.advance(310_000);
        timers.forEach(({ delay, cancelled }, at) => {
          const times = fired[at]!;
          assert.equal(times.length, cancelled ? 0 : 1);
          if (!cancelled)
            assert.ok(times[0]! >= delay && times[0]! <= delay + 20, `${delay}: ${times[0]}`);
        });
        assert.equal(wheel.size, 0);
        assert.equal(clock.pending, 0, 'nothing is left planned');
      }),
      { numRuns: 50 },
    );
  });

  it('fires what a callback plans', async () => {
    const clock = new FakeClock();
    const wheel = new TimerWheel(clock);
    const times: number[] = [];
    const again = (): void => {
      times.push(clock.monotonic());
      if (times.length < 5) wheel.schedule(10, again);
    };
    wheel.schedule(10, again);
    await clock.advance(200);
    assert.equal(times.length, 5);
  });

  it('spreads those that would march in step, and none is more than two ticks late', async () => {
    const clock = new FakeClock();
    const wheel = new TimerWheel(clock);
    const perMoment = new Map<number, number>();
    let late = 0;
    for (let user = 0; user < 600; user++) {
      let due = 250;
      const again = (): void => {
        const now = clock.monotonic();
        perMoment.set(now, (perMoment.get(now) ?? 0) + 1);
        late = Math.max(late, now - due);
        due = now + 250;
        wheel.schedule(250, again);
      };
      wheel.schedule(250, again);
    }
    const most = async (ms: number): Promise<number> => {
      perMoment.clear();
      await clock.advance(ms);
      return Math.max(...perMoment.values());
    };
    assert.ok((await most(300)) >= 290, 'they begin together');
    await clock.advance(20_000);
    // Spread evenly it would be ten in each tick.
    const later = await most(1000);
    assert.ok(later <= 40, `${later} at once`);
    assert.ok(late <= 8, `${late} ms late`);
    wheel.clear();
  });

  it('survives a cancel from a timer of the same moment', async () => {
    const clock = new FakeClock();
    const wheel = new TimerWheel(clock);
    const fired: string[] = [];
    const second = { timer: wheel.schedule(8, () => fired.push('second')) };
    wheel.schedule(8, () => fired.push('third'));
    wheel.cancel(second.timer);
    wheel.cancel(second.timer);
    await clock.advance(50);
    assert.deepEqual(fired, ['third']);
  });

  it('plans a timer again, never early, whatever it did before', async () => {
    const step = fc.record({
      delay: fc.integer({ min: 0, max: 3000 }),
      at: fc.integer({ min: 0, max: 3000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        const clock = new FakeClock();
        const wheel = new TimerWheel(clock);
        const fired: { wanted: number; at: number }[] = [];
        const timer = wheel.schedule(1, () => {});
        for (const { delay, at } of steps) {
          await clock.advance(at);
          const wanted = clock.monotonic() + delay;
          wheel.reschedule(timer, delay, () => fired.push({ wanted, at: clock.monotonic() }));
          assert.equal(wheel.size, 1);
        }
        await clock.advance(10_000);
        assert.ok(fired.length >= 1);
        for (const { wanted, at } of fired) assert.ok(at >= wanted && at <= wanted + 20);
        assert.equal(wheel.size, 0);
        assert.equal(clock.pending, 0);
      }),
      { numRuns: 50 },
    );
  });

  it('does not fire what a timer of the same moment has planned again', async () => {
    const clock = new FakeClock();
    const wheel = new TimerWheel(clock);
    const fired: number[] = [];
    const others = { timer: wheel.schedule(50, () => {}) };
    wheel.cancel(others.timer);
    wheel.schedule(8, () => {
      wheel.reschedule(others.timer, 100, () => fired.push(clock.monotonic()));
    });
    wheel.reschedule(others.timer, 8, () => fired.push(clock.monotonic()));
    await clock.advance(50);
    assert.deepEqual(fired, []);
    await clock.advance(100);
    assert.equal(fired.length, 1);
    assert.ok(fired.every((at) => at >= 108));
  });

  it('keeps no hold of what is over', async () => {
    const clock = new FakeClock();
    const wheel = new TimerWheel(clock);
    const timers = [1, 2, 3].map((user) => wheel.schedule(8 * user, () => {}));
    for (const timer of timers) timer.giveUp = () => {};
    wheel.cancel(timers[1]!);
    await clock.advance(100);
    for (const timer of timers) {
      assert.deepEqual([timer.fire, timer.giveUp], [undefined, undefined]);
      assert.ok(timer.previous === timer && timer.next === timer);
    }
  });
});
