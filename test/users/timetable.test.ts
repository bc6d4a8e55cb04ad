import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../src/lib/ids/random.ts';
import { TimerWheel } from '../../src/lib/time/timer-wheel.ts';
import { MetricsRegistry } from '../../src/metrics/metrics.ts';
import { timetable } from '../../src/users/timetable.ts';
import type { TimetableEntry } from '../../src/users/timetable.ts';
import { PooledUser } from '../../src/users/user.ts';
import { FakeClock } from '../support/fake-clock.ts';

const nothing = (): void => {};

function setUp(id = 7, seed = 1): { user: PooledUser; clock: FakeClock } {
  const clock = new FakeClock();
  const user = new PooledUser(id, {
    ...{ node: 'test/1', seed, settings: {} },
    wheel: new TimerWheel(clock),
    metrics: new MetricsRegistry(),
    drivers: [],
    opened: [],
    log: nothing,
  });
  return { user, clock };
}

/** When a user does what, in milliseconds of the fake clock. */
async function timesOf(
  { user, clock }: ReturnType<typeof setUp>,
  entries: Record<string, Omit<TimetableEntry, 'do'>>,
): Promise<[name: string, at: number, due: number][]> {
  const done: [string, number, number][] = [];
  const all = Object.entries(entries).map(([name, entry]) => ({
    ...entry,
    do: (due: number) => done.push([name, clock.monotonic(), due]),
  }));
  await clock.resolve(user.timetable(all), 3_600_000);
  return done;
}

describe('a timetable', () => {
  it('does each thing at its times, merged into one order', async () => {
    const done = await timesOf(setUp(), {
      a: { count: 3, every: '5s', after: '1s' },
      b: { count: 2, every: 5000, after: 1000 },
      c: { count: 1, every: 0, after: 0 },
      never: { count: 0, every: '1s' },
    });
    assert.deepEqual(
      done.map(([name, , due]) => `${name} ${due}`),
      ['c 0', 'a 1000', 'b 1000', 'a 6000', 'b 6000', 'a 11000'],
    );
    // The wheel fires no earlier than it is due, and a tick after it at most.
    for (const [, at, due] of done) assert.ok(at >= due && at < due + 50, `${at}, due ${due}`);
  });

  it('begins at a random time within the interval, the same for the same user and seed', async () => {
    const entries = { a: { count: 2, every: '10s' }, b: { count: 2, every: '10s' } };
    const [first, again, other] = await Promise.all([
      timesOf(setUp(1), entries),
      timesOf(setUp(1), entries),
      timesOf(setUp(2), entries),
    ]);
    assert.deepEqual(first, again);
    assert.notDeepEqual(first, other);
    const due = (name: string): number[] =>
      first.filter(([each]) => each === name).map(([, , at]) => at);
    const [a, b] = [due('a'), due('b')];
    assert.notEqual(a[0], b[0]);
    for (const [begin, next] of [a, b]) {
      assert.ok(begin! >= 0 && begin! < 10_000, String(begin));
      assert.equal(next, begin! + 10_000);
    }
  });

  it('waits for what takes long, catches up at once, and says when each was due', async () => {
    const { user, clock } = setUp();
    const seen: [index: number, late: number][] = [];
    const work = user.timetable([
      {
        count: 5,
        every: '1s',
        after: 0,
        do: async (due, index) => {
          seen.push([index, Math.round((clock.monotonic() - due) / 100) * 100]);
          if (index === 1) await user.sleep('2500ms');
        },
      },
    ]);
    await clock.resolve(work);
    assert.deepEqual(seen, [
      ...[
        [0, 0],
        [1, 0],
        [2, 1500],
        [3, 500],
        [4, 0],
      ],
    ]);
  });

  it('ends when the user is removed, while it waits and while it is late', async () => {
    const { user, clock } = setUp();
    let count = 0;
    const endless = { count: Infinity, every: '1s', after: 0, do: () => ++count };
    const waiting = assert.rejects(user.timetable([endless]), { name: 'UserRemoved' });
    await clock.advance(3500);
    assert.equal(count, 4);
    user.remove();
    await waiting;
    assert.equal(clock.pending, 0);
    await assert.rejects(user.timetable([endless]), { name: 'UserRemoved' });
    assert.equal(count, 4);
  });

  it('ends with what one of its events throws', async () => {
    const { user, clock } = setUp();
    const failing = { count: 1, every: 0, do: () => Promise.reject(new Error('no')) };
    const later = { count: 1, every: 0, after: '1s', do: () => assert.fail('it goes on') };
    await assert.rejects(clock.resolve(user.timetable([later, failing])), { message: 'no' });
  });

  it('refuses what is no count and no time before anything is done', async () => {
    const { user } = setUp();
    const first = { count: 1, every: 0, after: 0, do: () => assert.fail('it was done') };
    for (const [wrong, message] of [
      [{ count: -1, every: 0 }, /count is -1, not a whole number/],
      [{ count: 1.5, every: 0 }, /count is 1\.5/],
      [{ count: 1, every: '5 parsecs' }, /not a time span/],
      [{ count: Infinity, every: 0 }, /interval above 0/],
    ] as const) {
      const entry = { ...wrong, do: nothing };
      await assert.rejects(user.timetable([first, entry]), { code: 'ARGUMENT', message });
    }
  });

  it('has each event once, in the order of time (property)', () => {
    const row = fc.record({
      count: fc.integer({ min: 0, max: 20 }),
      every: fc.integer({ min: 0, max: 50 }),
      after: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 6 }), fc.integer(), (rows, seed) => {
        const entries = rows.map(({ count, every, after }) => ({
          ...{ count, every, do: nothing },
          ...(after === undefined ? {} : { after }),
        }));
        const events = [...timetable(entries, seededRandom(seed))];
        assert.deepEqual(
          events.map(({ at }) => at),
          events.map(({ at }) => at).sort((one, other) => one - other),
        );
        for (const entry of entries) {
          const own = events.filter((event) => event.entry === entry);
          assert.deepEqual(
            own.map(({ index }) => index),
            Array.from({ length: entry.count }, (_, index) => index),
          );
        }
      }),
    );
  });
});
