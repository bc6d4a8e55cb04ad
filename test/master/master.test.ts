import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { User } from '../../src/users/user.ts';
import type { IdSet } from '../../src/lib/ids/id-set.ts';
import { MemoryCluster } from '../support/memory-cluster.ts';

/** Notes who runs where; a user sleeps for `ms`. */
function sleeper(ms = 1_000_000): {
  exports: Record<string, unknown>;
  running: Map<number, string>;
  twice: number[];
} {
  const running = new Map<number, string>();
  const twice: number[] = [];
  const start = async (id: number, user: User): Promise<void> => {
    if (running.has(id)) twice.push(id);
    running.set(id, user.node);
    try {
      await user.sleep(ms);
    } finally {
      if (running.get(id) === user.node) running.delete(id);
    }
  };
  return { exports: { start, connectionsPerUser: 0 }, running, twice };
}

const idsOf = (running: ReadonlyMap<number, string>): number[] =>
  [...running.keys()].sort((a, b) => a - b);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

describe('do', () => {
  it('starts each user once, round robin, at the pace of the machine', async () => {
    const { exports, running } = sleeper();
    const cluster = new MemoryCluster({ scenario: exports });
    await cluster.joinMany(3);
    const result = await cluster.run(cluster.master.do('scenario', 1, 30));
    assert.deepEqual(
      { ...result, run: 'one' },
      {
        run: 'one',
        scenario: 'scenario',
        from: 1,
        to: 30,
        users: 30,
        processes: 3,
        interarrival: 50,
      },
    );
    const before = cluster.clock.monotonic();
    await cluster.clock.advance(750);
    assert.ok(running.size >= 15 && running.size <= 17, `${running.size} after 750 ms`);
    await cluster.clock.until(() => running.size === 30, 2000);
    const elapsed = cluster.clock.monotonic() - before;
    assert.ok(elapsed >= 1400 && elapsed <= 1600, `${elapsed} ms for 30 users`);
    for (const id of upTo(30)) assert.equal(running.get(id), `local/${((id - 1) % 3) + 1}`);
    await cluster.clock.advance(1100);
    assert.match(cluster.said, /scenario all 30 users are running/);
  });

  it('runs setup once, init in every process before its users, terminate and teardown after them', async () => {
    const calls: string[] = [];
    const exports = {
      connectionsPerUser: 0,
      setup: () => (calls.push('setup'), { token: 7 }),
      init: (context: { node: string; setup: unknown }) => {
        calls.push(`init ${context.node} ${JSON.stringify(context.setup)}`);
        return context.node;
      },
      start: (id: number, _user: User, state: string) => calls.push(`start ${id} ${state}`),
      terminate: (state: string) => calls.push(`terminate ${state}`),
      teardown: (setup: unknown) => calls.push(`teardown ${JSON.stringify(setup)}`),
    };
    const cluster = new MemoryCluster({ scenario: exports });
    await cluster.joinMany(2);
    await cluster.run(cluster.master.do('scenario', 1, 2));
    await cluster.clock.advance(500);
    await cluster.run(cluster.master.stop());
    assert.deepEqual(calls, [
      'setup',
      'init local/1 {"token":7}',
      'init local/2 {"token":7}',
      'start 1 local/1',
      'start 2 local/2',
      'terminate local/1',
      'terminate local/2',
      'teardown {"token":7}',
    ]);
    assert.equal(cluster.master.state.is, 'idle');
  });

  it('refuses a second run, and names the state', async () => {
    const cluster = new MemoryCluster({ scenario: sleeper().exports });
    await cluster.join('local/1');
    await cluster.run(cluster.master.do('scenario', 1, 1));
    await assert.rejects(cluster.master.do('scenario', 1, 1), {
      code: 'BUSY',
      message: /scenario is running/,
    });
  });

  for (const [what, broken, message] of [
    [
      'throws',
      { init: () => Promise.reject(new Error('no database')) },
      /init failed on local\/1: no database/,
    ],
    [
      'hangs',
      { init: () => new Promise(() => {}) },
      /init failed on local\/1: init did not finish within 30 s/,
    ],
  ] as const) {
    it(`starts nothing when init ${what}, and the next do works`, async () => {
      const { exports, running } = sleeper();
      const scenarios: Record<string, Record<string, unknown>> = {
        scenario: { ...exports, ...broken },
      };
      const cluster = new MemoryCluster(scenarios);
      await cluster.joinMany(2);
      await assert.rejects(cluster.run(cluster.master.do('scenario', 1, 10)), { message });
      assert.equal(cluster.master.state.is, 'idle');
      assert.equal(running.size, 0);
      scenarios['scenario'] = exports;
      await cluster.run(cluster.master.do('scenario', 1, 10));
      await cluster.clock.until(() => running.size === 10, 2000);
    });
  }

  it('lists every wrong setting before anything starts', async () => {
    let inits = 0;
    const exports = {
      init: () => inits++,
      start: () => {},
      variables: {
        pause: { description: 'a pause', default: 1, check: (n: number) => n > 0 || 'above 0' },
      },
    };
    const cluster = new MemoryCluster({ scenario: exports });
    await cluster.join('local/1');
    cluster.environment = { AMOC_INTERARRIVAL: 'soon' };
    await assert.rejects(
      cluster.run(cluster.master.do('scenario', 1, 1, { settings: { pause: -1, repeat: 3 } })),
      (error: Error) =>
        /pause: -1 is not above 0/.test(error.message) &&
        /repeat is not a setting/.test(error.message) &&
        /interarrival: "soon"/.test(error.message),
    );
    assert.equal(inits, 0);
  });

  it('says that a scenario has no start', async () => {
    const cluster = new MemoryCluster({ scenario: { init() {} } });
    await cluster.join('local/1');
    await assert.rejects(
      cluster.run(cluster.master.do('scenario', 1, 1)),
      /scenario has no start; add: export/,
    );
  });

  it('says that no process is there', async () => {
    const cluster = new MemoryCluster({ scenario: sleeper().exports });
    await assert.rejects(cluster.run(cluster.master.do('scenario', 1, 1)), { code: 'NO_NODES' });
  });

  it('uses the nodes and the placement that it is told', async () => {
    const { exports, running } = sleeper();
    const cluster = new MemoryCluster({ scenario: exports });
    await cluster.joinMany(3);
    const nodes = ['local/2', 'local/3'];
    const options = { nodes, placement: 'block', interarrival: 0 } as const;
    await cluster.run(cluster.master.do('scenario', 1, 4, options));
    await cluster.clock.until(() => running.size === 4, 1000);
    assert.deepEqual(
      [...running],
      [
        [1, 'local/2'],
        [2, 'local/2'],
        [3, 'local/3'],
        [4, 'local/3'],
      ],
    );
    await cluster.run(cluster.master.stop({ force: true }));
    await assert.rejects(
      cluster.run(cluster.master.do('scenario', 1, 1, { nodes: ['lokal'] })),
      /no process matches 'lokal'; did you mean 'local'/,
    );
  });

  it('takes no placement that loses users', async () => {
    const { exports } = sleeper();
    const cluster = new MemoryCluster({ scenario: exports });
    await cluster.join('local/1');
    const placement = (): Map<string, IdSet> => new Map();
    await assert.rejects(
      cluster.run(cluster.master.do('scenario', 1, 4, { placement })),
      /0 of 4 users were placed/,
    );
    assert.equal(cluster.master.state.is, 'idle');
  });
});

describe('add and remove', () => {
  it('are exact, whatever is asked in whatever order, and no user runs twice', async () => {
    const step = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant('add' as const),
          count: fc.integer({ min: 1, max: 20 }),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant('remove' as const),
          count: fc.integer({ min: 1, max: 20 }),
          force: fc.boolean(),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constant('wait' as const),
          ms: fc.integer({ min: 0, max: 3000 }),
        }),
      },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(step, { maxLength: 20 }),
        async (nodes, steps) => {
          const { exports, running, twice } = sleeper(700);
          const cluster = new MemoryCluster({ scenario: exports });
          await cluster.joinMany(nodes);
          const settings = { repeatInterval: 300, interarrival: 7 };
          await cluster.run(cluster.master.do('scenario', 1, 10, { settings }));
          let wanted = 10;
          for (const each of steps) {
            if (each.do === 'wait') await cluster.clock.advance(each.ms);
            else if (each.do === 'add') {
              const { users, remain } = await cluster.run(cluster.master.add(each.count));
              assert.equal(users, each.count);
              wanted += each.count;
              assert.equal(remain, wanted);
            } else {
              const { users, remain } = await cluster.run(
                cluster.master.remove(each.count, { force: each.force }),
              );
              assert.equal(users, Math.min(each.count, wanted));
              wanted -= users;
              assert.equal(remain, wanted);
            }
          }
          await cluster.clock.advance(20_000);
          const status = await cluster.run(cluster.master.status());
          assert.equal(status.present, wanted);
          const { users } = await cluster.run(cluster.master.users({ limit: 10_000 }));
          assert.equal(users.length, wanted);
          assert.equal(new Set(users.map(({ id }) => id)).size, wanted);
          assert.deepEqual(twice, []);
          assert.ok(running.size <= wanted);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('add goes on after the highest id that is there, so that accounts are used again', async () => {
    const { exports, running } = sleeper();
    const cluster = new MemoryCluster({ scenario: exports });
    await cluster.joinMany(2);
    await cluster.run(cluster.master.do('scenario', 1, 20, { interarrival: 0 }));
    await cluster.clock.advance(100);
    await cluster.run(cluster.master.remove(10, { force: true }));
    const { ids } = await cluster.run(cluster.master.add(4));
    assert.deepEqual(ids, [[11, 14]]);
    await cluster.clock.advance(2000);
    assert.deepEqual(idsOf(running), upTo(14));
  });

  it('add never goes back to ids that have ended by themselves, nor below the first', async () => {
    const start = async (id: number, user: User): Promise<void> => {
      if (id <= 4400) throw new Error('no account');
      await user.sleep(1_000_000);
    };
    const cluster = new MemoryCluster({ scenario: { start, connectionsPerUser: 0 } });
    await cluster.joinMany(2);
    await cluster.run(cluster.master.do('scenario', 4201, 4400, { interarrival: 0 }));
    await cluster.clock.advance(2000);
    assert.equal((await cluster.run(cluster.master.status())).present, 0);
    const added = await cluster.run(cluster.master.add(20));
    assert.deepEqual(added.ids, [[4401, 4420]]);
    await cluster.clock.advance(2000);
    // These are free again, and no account below the first was ever asked for.
    await cluster.run(cluster.master.remove(20, { force: true }));
    const again = await cluster.run(cluster.master.add(5));
    assert.deepEqual(again.ids, [[4401, 4405]]);
  });

  it('remove takes the highest ids, and says when there were not so many', async () => {
    const { exports, running } = sleeper();
    const cluster = new MemoryCluster({ scenario: exports });
    await cluster.joinMany(2);
    await cluster.run(cluster.master.do('scenario', 1, 10, { interarrival: 0 }));
    await cluster.clock.advance(100);
    await cluster.run(cluster.master.remove(3, { force: true }));
    await cluster.clock.advance(10);
    assert.deepEqual(idsOf(running), upTo(7));
    const rest = await cluster.run(cluster.master.remove(50, { force: true }));
    assert.deepEqual([rest.users, rest.ids, rest.remain], [7, [[1, 7]], 0]);
  });

  it('remove takes ids that are named', async () => {
    const { exports, running } = sleeper();
    const cluster = new MemoryCluster({ scenario: exports });
    await cluster.joinMany(2);
    await cluster.run(cluster.master.do('scenario', 1, 20, { interarrival: 0 }));
    await cluster.clock.advance(100);
    const result = await cluster.run(cluster.master.remove({ ids: [[3, 9], 17, 99], force: true }));
    assert.equal(result.users, 8);
    await cluster.clock.advance(10);
    assert.deepEqual(idsOf(running), [1, 2, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20]);
  });

  it('take effect while users are still being started', async () => {
    const { exports, running } = sleeper();
    const cluster = new MemoryCluster({ scenario: exports });
    await cluster.joinMany(2);
    await cluster.run(cluster.master.do('scenario', 1, 1000));
    await cluster.clock.advance(500);
    await cluster.run(cluster.master.remove(990, { force: true }));
    await cluster.clock.advance(60_000);
    assert.deepEqual(idsOf(running), upTo(10));
  });

  it('in a burst are followed by one word that all users run, and one more behind the burst', async () => {
    const { exports } = sleeper();
    const cluster = new MemoryCluster({ scenario: exports });
    await cluster.joinMany(2);
    const settings = { interarrival: 40 };
    await cluster.run(cluster.master.do('scenario', 1, 10, { settings }));
    await cluster.clock.advance(5000);
    const told = (): string[] =>
      cluster.notices.flatMap(({ text }) => /all \d+ users are running/.exec(text) ?? []);
    assert.deepEqual(told(), ['all 10 users are running']);
    for (let at = 0; at < 6; at++) {
      await cluster.run(cluster.master.add(5));
      await cluster.clock.advance(300);
      await cluster.run(cluster.master.remove(2));
      await cluster.clock.advance(300);
    }
    await cluster.clock.advance(5000);
    assert.deepEqual(told().slice(1), ['all 15 users are running', 'all 28 users are running']);
    // A command by itself is answered at once.
    await cluster.run(cluster.master.add(2));
    await cluster.clock.advance(1000);
    assert.equal(told().at(-1), 'all 30 users are running');
  });

  it('are followed by the word that nobody is left, though all were never there at a time', async () => {
    const cluster = new MemoryCluster({ scenario: { start: () => {} } });
    await cluster.joinMany(2);
    const settings = { interarrival: 500, repeatCount: 1 };
    const told = (): string[] =>
      cluster.notices.flatMap(({ text }) => /no users left \(\d+ finished/.exec(text) ?? []);
    await cluster.run(cluster.master.do('scenario', 1, 4, { settings }));
    await cluster.clock.advance(10_000);
    assert.deepEqual(told(), ['no users left (4 finished']);
    await cluster.run(cluster.master.add(3));
    await cluster.clock.advance(10_000);
    assert.deepEqual(told(), ['no users left (4 finished', 'no users left (7 finished']);
    assert.doesNotMatch(cluster.said, /users are running/);
  });

  it('name the state when nothing runs', () => {
    const cluster = new MemoryCluster({});
    assert.throws(() => cluster.master.add(1), {
      code: 'NO_RUN',
      message: /add: no scenario is running/,
    });
    assert.throws(() => cluster.master.remove(1), { code: 'NO_RUN' });
  });
});

describe('stop', () => {
  it('waits for users, then removes them by force, and says how many', async () => {
    const cluster = new MemoryCluster({ scenario: sleeper(100_000).exports });
    await cluster.joinMany(2);
    await cluster.run(cluster.master.do('scenario', 1, 10, { interarrival: 0 }));
    await cluster.clock.advance(100);
    const before = cluster.clock.monotonic();
    const result = await cluster.run(cluster.master.stop());
    assert.ok(cluster.clock.monotonic() - before >= 10_000);
    assert.deepEqual([result.forced, result.users.removed], [10, 10]);
  });

  it('can be hurried', async () => {
    const cluster = new MemoryCluster({ scenario: sleeper(100_000).exports });
    await cluster.joinMany(2);
    await cluster.run(cluster.master.do('scenario', 1, 10, { interarrival: 0 }));
    await cluster.clock.advance(100);
    const before = cluster.clock.monotonic();
    const stopping = cluster.master.stop();
    await cluster.clock.advance(500);
    cluster.master.forceStop();
    await cluster.run(stopping);
    assert.ok(cluster.clock.monotonic() - before < 2000);
  });
});

describe('the loss of a process', () => {
  it('starts its users again on the others, each once, within the recovery time', async () => {
    const { exports, running, twice } = sleeper();
    const cluster = new MemoryCluster({ scenario: exports });
    const [first] = await cluster.joinMany(3);
    await cluster.run(cluster.master.do('scenario', 1, 300, { interarrival: 0 }));
    await cluster.clock.until(() => running.size === 300, 5000);
    first!.die();
    for (const [id, node] of running) if (node === 'local/1') running.delete(id);
    await cluster.clock.advance(20);
    assert.match(
      cluster.said,
      /warn: local\/1 is gone \(its process died\); its 100 users are started again on local\/2, local\/3 within 5 s/,
    );
    await cluster.clock.until(() => running.size === 300, 6000);
    assert.deepEqual(idsOf(running), upTo(300));
    assert.deepEqual(twice, []);
    const status = await cluster.run(cluster.master.status());
    assert.deepEqual([status.present, status.users.lost], [300, 100]);
  });

  it('keeps users that nobody can take until a process comes', async () => {
    const { exports, running } = sleeper();
    const cluster = new MemoryCluster({ scenario: exports });
    const [only] = await cluster.joinMany(1);
    await cluster.run(cluster.master.do('scenario', 1, 10, { interarrival: 0 }));
    await cluster.clock.until(() => running.size === 10, 1000);
    only!.die();
    running.clear();
    await cluster.clock.advance(1000);
    assert.equal((await cluster.run(cluster.master.status())).present, 10);
    assert.deepEqual((await cluster.run(cluster.master.remove(3, { force: true }))).remain, 7);
    await cluster.join('local/1');
    await cluster.clock.until(() => running.size === 7, 10_000);
    assert.deepEqual(idsOf(running), upTo(7));
  });

  it('gives up when processes die again and again', async () => {
    const { exports } = sleeper();
    const cluster = new MemoryCluster({ scenario: exports });
    const slaves = await cluster.joinMany(4);
    await cluster.run(cluster.master.do('scenario', 1, 40, { interarrival: 0 }));
    for (const slave of slaves.slice(0, 3)) {
      await cluster.clock.advance(1000);
      slave.die();
    }
    await cluster.clock.advance(1000);
    assert.equal(cluster.master.state.is, 'failed');
    assert.match(cluster.said, /error: scenario has failed: its processes crash again and again/);
    await assert.rejects(async () => cluster.master.add(1), /scenario has failed/);
    await cluster.run(cluster.master.do('scenario', 1, 5));
  });

  it('sets up a process that joins in mid-run, which takes its share of the next users', async () => {
    const { exports, running } = sleeper();
    const cluster = new MemoryCluster({ scenario: exports });
    await cluster.joinMany(1);
    await cluster.run(cluster.master.do('scenario', 1, 4, { interarrival: 0 }));
    await cluster.join('local/2');
    await cluster.clock.advance(100);
    assert.match(cluster.said, /local\/2 joined and takes users/);
    await cluster.run(cluster.master.add(4));
    await cluster.clock.advance(1000);
    assert.deepEqual(
      [5, 6, 7, 8].map((id) => running.get(id)),
      ['local/1', 'local/2', 'local/1', 'local/2'],
    );
  });
});

describe('update, pause and resume', () => {
  it('change a running test in all processes or in none', async () => {
    const seen: number[] = [];
    const exports = {
      connectionsPerUser: 0,
      variables: {
        pause: { description: 'p', default: '1s', unit: 'duration', update: true },
        fixed: { description: 'f', default: 1 },
      },
      start: async (
        _id: number,
        user: User<{ pause: { description: string; default: string; unit: 'duration' } }>,
      ) => {
        for (;;) {
          seen.push(user.settings.pause);
          await user.sleep(user.settings.pause);
        }
      },
    };
    const cluster = new MemoryCluster({ scenario: exports });
    await cluster.joinMany(2);
    await cluster.run(cluster.master.do('scenario', 1, 2, { interarrival: 0 }));
    await cluster.clock.advance(1500);
    await assert.rejects(
      cluster.run(cluster.master.update({ pause: '10ms', fixed: 2 })),
      /fixed cannot change while users run/,
    );
    assert.deepEqual(await cluster.run(cluster.master.update({ pause: '100ms' })), { pause: 100 });
    await cluster.clock.advance(3000);
    assert.ok(seen.filter((ms) => ms === 100).length > 30);
    assert.ok(!seen.includes(10));
  });

  it('hold new starts back and let them go on', async () => {
    const { exports, running } = sleeper();
    const cluster = new MemoryCluster({ scenario: exports });
    await cluster.joinMany(2);
    await cluster.run(cluster.master.do('scenario', 1, 100));
    await cluster.clock.advance(500);
    cluster.master.pause();
    await cluster.clock.advance(10);
    const atPause = running.size;
    await cluster.clock.advance(10_000);
    assert.equal(running.size, atPause);
    assert.equal((await cluster.run(cluster.master.status())).paused, true);
    cluster.master.resume();
    await cluster.clock.until(() => running.size === 100, 10_000);
  });

  it('change the arrival rate while users are started', async () => {
    const { exports, running } = sleeper();
    const cluster = new MemoryCluster({ scenario: exports });
    await cluster.joinMany(2);
    await cluster.run(cluster.master.do('scenario', 1, 2000, { interarrival: '1s' }));
    await cluster.clock.advance(3000);
    assert.ok(running.size <= 4);
    await cluster.run(cluster.master.update({ interarrival: '5ms' }));
    await cluster.clock.advance(5000);
    assert.ok(running.size > 900 && running.size < 1100, `${running.size}`);
    // Rates are those of the last five full seconds, as they were reported.
    await cluster.clock.advance(1500);
    const { startRate } = await cluster.run(cluster.master.status());
    assert.equal(startRate.wanted, 200);
    assert.ok(Math.abs(startRate.achieved - 200) < 40, `${startRate.achieved}`);
  });
});

describe('users', () => {
  it('shows who crashed, and of what', async () => {
    const exports = {
      connectionsPerUser: 0,
      start: (id: number) => {
        if (id % 2 === 0) throw new Error(`user_${id} has no account`);
      },
    };
    const cluster = new MemoryCluster({ scenario: exports });
    await cluster.joinMany(2);
    await cluster.run(cluster.master.do('scenario', 1, 10, { interarrival: 0 }));
    await cluster.clock.advance(2000);
    const { users, errors } = await cluster.run(cluster.master.users({ state: 'crashed' }));
    assert.deepEqual(
      users.map(({ id }) => id),
      [2, 4, 6, 8, 10],
    );
    assert.match(users[0]!.error ?? '', /user_2 has no account/);
    assert.deepEqual(
      errors.map(({ count }) => count),
      [5],
    );
    const { users: counts } = await cluster.run(cluster.master.status());
    assert.deepEqual([counts.crashed, counts.waiting], [5, 5]);
  });
});

describe('join', () => {
  it('refuses a second node of the same name', async () => {
    const cluster = new MemoryCluster({});
    await cluster.join('local/1');
    await cluster.join('local/1').catch(() => {});
    await cluster.clock.advance(10);
    assert.match(cluster.said, /refused local\/1.*a process called local\/1 has joined already/);
    assert.equal(cluster.master.nodes.size, 1);
  });
});
