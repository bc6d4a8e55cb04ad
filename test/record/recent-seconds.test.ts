import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MetricsRegistry } from '../../src/metrics/metrics.ts';
import { decodeDelta, MetricsTotals } from '../../src/metrics/totals.ts';
import type { DecodedDelta } from '../../src/metrics/totals.ts';
import { MAX_WINDOW_BYTES, RecentSeconds } from '../../src/record/recent-seconds.ts';
import { countedStates } from '../../src/lib/user-states.ts';
import type { UserTotals } from '../../src/record/second.ts';
import { MAX_WINDOW_MS } from '../../src/record/threshold-window.ts';

const usersOf = (some: Partial<UserTotals>): UserTotals => ({
  ...(Object.fromEntries(countedStates.map((state) => [state, 0])) as UserTotals),
  ...some,
});

/** What a process reports that counted once for each time. */
function deltaOf(times: readonly number[], open = 0): DecodedDelta {
  const registry = new MetricsRegistry();
  for (const ms of times) {
    registry.counter('sent').add();
    registry.counter('users_started').add();
    registry.histogram('took').record(ms);
  }
  registry.gauge('open').set(open);
  return decodeDelta(registry.drain());
}

function secondsOf(perSecond: readonly (readonly number[])[]): RecentSeconds {
  const recent = new RecentSeconds();
  perSecond.forEach((times, at) => {
    const users = usersOf({ running: 10 * (at + 1), crashed: at });
    const span = { fromMs: at * 1000, toMs: (at + 1) * 1000 };
    recent.push({ ...span, delta: deltaOf(times, at), users });
  });
  return recent;
}

describe('the last seconds of a run', () => {
  it('give the figures of any part, as if only that part had been measured', () => {
    const time = fc.integer({ min: 0, max: 60_000 });
    const seconds = fc.array(fc.array(time, { maxLength: 20 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(seconds, fc.nat(30), fc.nat(30), (perSecond, from, length) => {
        const part = perSecond.slice(from, from + length).flat();
        const window = secondsOf(perSecond).window(from * 1000, (from + length) * 1000);
        const alone = new MetricsTotals();
        alone.addDecoded(deltaOf(part));
        const { counters, times } = alone.summary();
        assert.deepEqual(window.totals().summary().times, times);
        assert.deepEqual(window.totals().summary().counters, counters);
        assert.deepEqual(window.totals('took').summary().times, times);
        assert.equal(window.totals('took').counter('sent'), 0);
        assert.equal(window.count('took'), part.length);
        assert.equal(window.count('sent'), part.length);
      }),
    );
  });

  it('give each second to one of two parts that adjoin, although ticks come early and late', () => {
    const recent = new RecentSeconds();
    let began = 0;
    for (let at = 1; at <= 20; at++) {
      const toMs = at * 1000 + (at % 2 === 0 ? 120 : -90);
      recent.push({ fromMs: began, toMs, delta: deltaOf([at]), users: usersOf({}) });
      began = toMs;
    }
    assert.equal(recent.window(0, 10_000).count('sent'), 10);
    assert.equal(recent.window(10_000, 20_120).count('sent'), 10);
    assert.equal(recent.window(15_000, 20_120).lengthMs, 20_120 - 14_910);
  });

  it('count the users that ran and ended in a part, and the mean of a gauge', () => {
    const window = secondsOf([[1], [1, 1], [1], []]).window(1000, 3000);
    // Ten ran before, three started.
    assert.equal(window.ran, 13);
    assert.equal(window.ended.crashed, 2);
    assert.equal(window.totals().gauge('open'), 1.5);
    assert.equal(window.lengthMs, 2000);
    const whole = secondsOf([[1], [1, 1]]).window(0, 2000);
    assert.deepEqual([whole.ran, whole.ended.crashed], [3, 1]);
  });

  it('are ten minutes, or what fits into the memory', () => {
    const delta = deltaOf([5]);
    const recent = new RecentSeconds();
    for (let at = 0; at < 700; at++) {
      recent.push({ fromMs: at * 1000, toMs: (at + 1) * 1000, delta, users: usersOf({}) });
    }
    assert.ok(recent.size >= MAX_WINDOW_MS / 1000 && recent.size <= 602, String(recent.size));
    assert.equal(recent.window(100_000, 700_000).count('sent'), 600);
    const wide = new MetricsRegistry();
    for (let name = 0; name < 200; name++) {
      for (let ms = 1; ms < 2000; ms++) wide.histogram(`h${name}`).record(ms);
    }
    const totals = new MetricsTotals();
    totals.add(wide.drain());
    const big = totals.drain();
    const full = new RecentSeconds();
    for (let at = 0; at < 60; at++) {
      full.push({ fromMs: at * 1000, toMs: (at + 1) * 1000, delta: big, users: usersOf({}) });
    }
    assert.ok(full.size < 60 && full.size > 5, String(full.size));
    assert.ok(full.bytes <= MAX_WINDOW_BYTES);
    assert.equal(full.window(0, 60_000).lengthMs, full.size * 1000);
  });

  it('give rates over the seconds that there are', () => {
    const recent = secondsOf([[1, 1], [1, 1, 1, 1], []]);
    assert.equal(recent.rate('sent', 5), 2);
    assert.equal(recent.rate('took', 2), 2);
    assert.equal(recent.rate('never', 5), 0);
    assert.equal(new RecentSeconds().rate('sent', 5), 0);
  });
});
