import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RunSettings } from '../../src/config/run-variables.ts';
import { IdSet } from '../../src/lib/ids/id-set.ts';
import { TimerWheel } from '../../src/lib/time/timer-wheel.ts';
import { MetricsRegistry } from '../../src/metrics/metrics.ts';
import { checkScenario } from '../../src/scenario/contract.ts';
import { noUsers } from '../../src/users/lifecycle.ts';
import type { UserState } from '../../src/users/lifecycle.ts';
import { UserRemoved } from '../../src/users/user.ts';
import type { User } from '../../src/users/user.ts';
import { UserPool } from '../../src/users/user-pool.ts';
import { FakeClock } from '../support/fake-clock.ts';

interface Setup {
  clock: FakeClock;
  pool: UserPool;
  told: string[];
}

function setUp(
  start: (id: number, user: User, state: unknown) => unknown,
  changes: Partial<RunSettings> & { intervalMs?: number } = {},
): Setup {
  const { intervalMs = 0, ...settings } = changes;
  const clock = new FakeClock();
  const told: string[] = [];
  const pool = new UserPool({
    scenario: checkScenario<User>('test', { start }),
    state: 'state of init',
    environment: {
      node: 'test/1',
      seed: 1,
      settings: {},
      wheel: new TimerWheel(clock),
      metrics: new MetricsRegistry(),
      drivers: [],
      opened: [],
      log: (_level, id, message) => told.push(`${id}: ${message}`),
    },
    settings: {
      ...{ repeatCount: 0, repeatInterval: 60_000, stopTimeout: 10_000 },
      ...settings,
    } as RunSettings,
    clock,
    intervalMs,
    onNewError: ({ error, message }, _cause, id) => told.push(`${id}: ${error}: ${message}`),
    onEnded() {},
    onOverdue: (users) => told.push(`${users} overdue`),
  });
  return { clock, pool, told };
}

/** What JavaScript lets through as an error, each with what it is counted under. */
const oddErrors: [what: string, thrown: () => unknown, counted: RegExp][] = [
  [
    'an error without a message',
    () => Object.assign(new Error('x'), { message: undefined }),
    /^Error: Error$/,
  ],
  [
    'an error with a number as message',
    () => Object.assign(new Error('x'), { message: 5 }),
    /^Error: 5$/,
  ],
  [
    'an error with a symbol as name',
    () => Object.assign(new Error('x'), { name: Symbol('n') }),
    /^Error: x$/,
  ],
  [
    'an error with a number as name',
    () => Object.assign(new Error('x'), { name: 5 }),
    /^Error: x$/,
  ],
  [
    'an error of megabytes',
    () => Object.assign(new Error('m'.repeat(3e6)), { name: 'N'.repeat(1e5) }),
    /^N{100}: m+$/,
  ],
  [
    'a message that throws',
    () =>
      Object.defineProperty(new Error('x'), 'message', {
        get: () => {
          throw new Error('got');
        },
      }),
    /^Error: an error was thrown that cannot be read$/,
  ],
  [
    'a stack that throws',
    () =>
      Object.defineProperty(new Error('x'), 'stack', {
        get: () => {
          throw new Error('got');
        },
      }),
    /^Error: x$/,
  ],
  [
    'a proxy that refuses everything',
    () =>
      new Proxy(new Error('x'), {
        getPrototypeOf: () => {
          throw new Error('no');
        },
      }),
    /^unknown: an error was thrown that cannot be read$/,
  ],
  ['a symbol', () => Symbol('s'), /^symbol: a non-Error was thrown: a symbol$/],
  ['null', () => null, /^null: a non-Error was thrown: null$/],
  ['nothing', () => undefined, /^undefined: a non-Error was thrown: undefined$/],
  [
    'an object without a prototype',
    () => Object.create(null) as unknown,
    /^object: a non-Error was thrown: \{\}$/,
  ],
  [
    'an object that holds itself',
    () => {
      const self: Record<string, unknown> = {};
      self['self'] = self;
      return self;
    },
    /circular/,
  ],
  [
    'many errors in one',
    () => new AggregateError(Array.from({ length: 100 }, (_, at) => new Error(`e${at}`))),
    /^AggregateError: e0; e1; .*92 more$/,
  ],
];

const nameOf = (error: unknown): string => (error as Error).name;

async function nameOfFailure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    return nameOf(error);
  }
}

describe('UserPool', () => {
  it('gives each id its own row of a list, and begins again at its end', async () => {
    const rows: unknown[] = [];
    const { clock, pool, told } = setUp((id, user) => {
      rows.push([id, user.row(['a', 'b', 'c'])]);
      if (id === 7) user.row([]);
      if (id === 8) user.row('text' as never);
    });
    pool.add(IdSet.range(1, 8), {});
    await clock.advance(1000);
    assert.deepEqual(rows, [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
      [4, 'a'],
      [5, 'b'],
      [6, 'c'],
      [7, 'a'],
      [8, 'b'],
    ]);
    assert.deepEqual(told, [
      '7: ARGUMENT: row: the list is empty',
      '8: ARGUMENT: row: "text" is not a list',
    ]);
  });

  it('runs a user, and again after the interval, with what init returned', async () => {
    const runs: [number, unknown][] = [];
    const { clock, pool } = setUp((_id, _user, state) => runs.push([clock.monotonic(), state]));
    pool.add(IdSet.range(1, 1), {});
    await clock.advance(130_000);
    assert.equal(runs.length, 3);
    assert.ok(runs[1]![0] >= 60_000 && runs[1]![0] < 60_100);
    assert.equal(runs[0]![1], 'state of init');
    assert.equal(pool.counts.waiting, 1);
  });

  for (const [what, thrown, counted] of oddErrors) {
    for (const how of ['throws', 'rejects with'] as const) {
      it(`counts a user as crashed that ${how} ${what}`, async () => {
        const { clock, pool } = setUp((): unknown => {
          if (how === 'throws') throw thrown();
          return Promise.resolve().then(() => {
            throw thrown();
          });
        });
        pool.add(IdSet.range(1, 3), {});
        await clock.advance(100);
        assert.deepEqual([pool.counts.crashed, pool.size], [3, 0]);
        const [kind, ...others] = pool.errors.all();
        assert.deepEqual([kind?.count, others], [3, []]);
        const [line] = pool.list('crashed', 1);
        assert.match(line?.error ?? '', counted);
        assert.ok((kind?.message.length ?? 0) <= 2000);
      });
    }
  }

  it('counts a user as crashed whose start returns what throws when it is looked at', async () => {
    const { clock, pool } = setUp(() =>
      Object.defineProperty({}, 'then', {
        get: () => {
          throw new Error('not a promise');
        },
      }),
    );
    pool.add(IdSet.range(1, 2), {});
    await clock.advance(100);
    assert.deepEqual([pool.counts.crashed, pool.size], [2, 0]);
  });

  it('counts a user as crashed although the scenario has used all metrics up', async () => {
    const { clock, pool } = setUp((_id, user) => {
      for (let at = 0; at < 2000; at++) user.metrics.counter(`kind_${at}`).add();
    });
    pool.add(IdSet.range(1, 2), {});
    await clock.advance(100);
    assert.deepEqual([pool.counts.crashed, pool.size], [2, 0]);
    assert.match(pool.list('crashed', 1)[0]?.error ?? '', /more than 500 metrics/);
  });

  it('tells what no start answers for apart from crashed users', async () => {
    const { clock, pool } = setUp(() => {
      throw new Error('x');
    });
    pool.add(IdSet.range(1, 2), {});
    await clock.advance(100);
    for (let at = 0; at < 3; at++) pool.strayError(new Error('x'));
    // That a removal by force ended a wait is no error.
    pool.strayError(new UserRemoved(7));
    const refuse = (): never => {
      throw new Error('no');
    };
    pool.strayError(new Proxy(new Error('x'), { getPrototypeOf: refuse, get: refuse }));
    const all = pool.errors.all();
    assert.deepEqual(
      all.filter(({ error }) => error !== 'unknown'),
      [
        { error: 'Error', message: 'x', count: 3, isStray: true },
        { error: 'Error', message: 'x', count: 2 },
      ],
    );
    assert.equal(all.length, 3, 'one that throws when it is looked at');
  });

  it('ends a user after its last repetition', async () => {
    const { clock, pool } = setUp((_id, user) => user.sleep(100), {
      repeatCount: 2,
      repeatInterval: 1000,
    });
    pool.add(IdSet.range(1, 3), {});
    await clock.advance(5000);
    assert.equal(pool.size, 0);
    assert.equal(pool.counts.finished, 3);
    assert.deepEqual(pool.takeEnded().finished.toArray(), [1, 2, 3]);
    assert.equal(pool.hasEnded, false);
  });

  it('counts a crash under its name, tells it once, and remembers who', async () => {
    const { clock, pool, told } = setUp((id) => {
      throw new TypeError(`user ${id} is lost`);
    });
    pool.add(IdSet.range(1, 50), {});
    await clock.advance(100);
    assert.equal(pool.counts.crashed, 50);
    assert.deepEqual(told, ['1: TypeError: user 1 is lost']);
    assert.equal(pool.list('crashed', 3)[2]?.error, 'TypeError: user 3 is lost');
    assert.deepEqual(pool.errors.all(), [
      { error: 'TypeError', message: 'user 1 is lost', count: 50 },
    ]);
  });

  it('takes a thrown value that is no Error', async () => {
    const { clock, pool, told } = setUp(() => {
      const words: unknown = 'just words';
      throw words;
    });
    pool.add(IdSet.range(1, 1), {});
    await clock.advance(100);
    assert.deepEqual(told, ['1: string: just words']);
    assert.equal(pool.counts.crashed, 1);
  });

  it('lets a gently removed user finish its start, and starts it no more', async () => {
    let ended = 0;
    const { clock, pool } = setUp(async (_id, user) => {
      await user.sleep(1000);
      ended++;
    });
    pool.add(IdSet.range(1, 2), {});
    await clock.advance(500);
    pool.remove(IdSet.range(1, 2), false);
    assert.equal(pool.counts.leaving, 2);
    await clock.advance(100_000);
    assert.equal(ended, 2);
    assert.equal(pool.counts.removed, 2);
    assert.equal(pool.size, 0);
  });

  /** Three users move: 1 ends its start() in time, 2 never ends it, 3 has yet to begin. */
  const moving = async (): Promise<Setup> => {
    const setup = setUp((id, user) => user.sleep(id === 1 ? 2000 : 1e9), { intervalMs: 600 });
    setup.pool.add(IdSet.range(1, 3), {});
    await setup.clock.advance(1000);
    setup.pool.move(IdSet.range(1, 3));
    return setup;
  };

  it('lets a user that moves end its start, and ends it by force when its time is over', async () => {
    const { clock, pool, told } = await moving();
    assert.deepEqual(pool.takeEnded().moved.toArray(), [3]);
    const listed = (state: UserState): number[] => pool.list(state, 10).map(({ id }) => id);
    assert.deepEqual(
      [listed('running'), listed('moving')],
      [
        [1, 2],
        [1, 2],
      ],
    );
    // Told again, it has no more time than before.
    await clock.advance(6000);
    assert.deepEqual(pool.takeEnded().moved.toArray(), [1]);
    pool.move(IdSet.range(1, 3));
    await clock.advance(3990);
    assert.equal(pool.counts.moving, 1);
    await clock.advance(50);
    assert.deepEqual(pool.takeEnded().moved.toArray(), [2]);
    assert.deepEqual(told, ['1 overdue']);
    assert.deepEqual(pool.counts, { ...noUsers, moved: 3 });
  });

  it('lets users stay that were about to move, when the master wants them here', async () => {
    const { clock, pool, told } = await moving();
    const desired = { leaving: IdSet.empty, moving: IdSet.empty, gone: [], withinMs: 0 };
    pool.reconcile({ ...desired, staying: IdSet.range(1, 2) }, []);
    assert.deepEqual([pool.counts.running, pool.counts.moving], [2, 0]);
    assert.equal(pool.digest().count, 2);
    await clock.advance(20_000);
    assert.deepEqual(told, []);
    assert.deepEqual([pool.counts.running, pool.counts.waiting], [1, 1]);
  });

  it('tells a user as moved that is to move and is not here, once', async () => {
    const { clock, pool } = setUp(() => {});
    const desired = { staying: IdSet.empty, leaving: IdSet.empty, gone: [], withinMs: 0 };
    pool.reconcile({ ...desired, moving: IdSet.range(1, 4) }, [IdSet.range(4, 4)]);
    pool.reconcile({ ...desired, moving: IdSet.range(1, 4) }, [IdSet.range(4, 4)]);
    await clock.advance(100);
    assert.deepEqual(pool.takeEnded().moved.toArray(), [1, 2, 3]);
    assert.equal(pool.hasEnded, false);
  });

  it('rejects the waits of a user that is removed by force, and aborts its signal', async () => {
    const reasons: unknown[] = [];
    const { clock, pool } = setUp(async (_id, user) => {
      const { signal } = user;
      try {
        await Promise.all([user.sleep(1000), user.sleep(2000)]);
      } catch (error) {
        reasons.push(nameOf(error), signal.aborted, await nameOfFailure(user.sleep(1)));
      }
    });
    pool.add(IdSet.range(7, 7), {});
    await clock.advance(10);
    pool.remove(IdSet.range(7, 7), true);
    assert.equal(pool.size, 0);
    await clock.advance(10);
    assert.deepEqual(reasons, ['UserRemoved', true, 'UserRemoved']);
    assert.deepEqual(pool.takeEnded().removed.toArray(), [7]);
  });

  it('ignores what a killed user still does', async () => {
    const { clock, pool, told } = setUp(async (_id, user) => {
      await user.sleep(1000).catch(() => {});
      throw new Error('too late to matter');
    });
    pool.add(IdSet.range(1, 1), {});
    await clock.advance(10);
    pool.remove(IdSet.range(1, 1), true);
    await clock.advance(5000);
    assert.deepEqual(told, []);
    assert.deepEqual(pool.counts, { ...noUsers, removed: 1 });
  });

  it('closes what a user opened, at the end of each start and at a removal', async () => {
    const closed: number[] = [];
    const { clock, pool } = setUp(async (id, user) => {
      user.onEnd(() => closed.push(id));
      await user.sleep(id === 1 ? 100 : 100_000);
    });
    pool.add(IdSet.range(1, 2), {});
    await clock.advance(200);
    assert.deepEqual(closed, [1]);
    pool.remove(IdSet.range(2, 2), true);
    await clock.advance(1);
    assert.deepEqual(closed, [1, 2]);
  });

  it('gives user.random the same numbers in every run', async () => {
    const draw = async (): Promise<number[]> => {
      const numbers: number[] = [];
      const { clock, pool } = setUp((_id, user) => numbers.push(user.random.integer(1, 1e9)), {
        repeatCount: 1,
      });
      pool.add(IdSet.range(1, 5), {});
      await clock.advance(10);
      return numbers;
    };
    assert.deepEqual(await draw(), await draw());
  });

  it('says which ended users are here again', async () => {
    const { clock, pool } = setUp((_id, user) => user.sleep(1000));
    pool.add(IdSet.range(1, 3), {});
    await clock.advance(10);
    pool.remove(IdSet.range(2, 3), true);
    pool.add(IdSet.range(3, 3), {});
    const { removed, back } = pool.takeEnded();
    assert.deepEqual([removed.toArray(), back.toArray()], [[2, 3], [3]]);
  });

  it('keeps its counts right whatever happens in whatever order', async () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('add' as const),
        from: fc.integer({ min: 1, max: 30 }),
        size: fc.integer({ min: 1, max: 10 }),
      }),
      fc.record({
        do: fc.constant('remove' as const),
        from: fc.integer({ min: 1, max: 30 }),
        size: fc.integer({ min: 1, max: 10 }),
        force: fc.boolean(),
      }),
      fc.record({
        do: fc.constant('move' as const),
        from: fc.integer({ min: 1, max: 30 }),
        size: fc.integer({ min: 1, max: 10 }),
      }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 3000 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const { clock, pool } = setUp(
          async (id, user) => {
            await user.sleep(id * 40);
            if (id % 7 === 0) throw new Error('seven');
          },
          { repeatInterval: 500, repeatCount: 3, intervalMs: 20, stopTimeout: 600 },
        );
        let added = 0;
        for (const each of steps) {
          if (each.do === 'wait') await clock.advance(each.ms);
          else {
            const ids = IdSet.range(each.from, each.from + each.size - 1);
            if (each.do === 'add') {
              const here = new Set(pool.list(undefined, 100_000).map(({ id }) => id));
              const fresh = IdSet.of(ids.toArray().filter((id) => !here.has(id)));
              added += fresh.size;
              pool.add(fresh, {});
            } else if (each.do === 'move') pool.move(ids);
            else pool.remove(ids, each.force);
          }
          const { starting, running, waiting, leaving, moving, ...gone } = pool.counts;
          const ended = Object.values(gone).reduce((sum, number) => sum + number, 0);
          assert.equal(starting + running + waiting + leaving + moving, pool.size);
          assert.equal(pool.size + ended, added);
          assert.ok(Math.min(starting, running, waiting, leaving, moving) >= 0);
        }
        pool.removeAll(true);
        await clock.advance(10_000);
        assert.equal(pool.size, 0);
        assert.equal(clock.pending, 0, 'nothing is left planned');
      }),
      { numRuns: 100 },
    );
  });
});
