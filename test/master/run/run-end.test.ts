import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { User } from '../../../src/users/user.ts';
import { MemoryCluster } from '../../support/memory-cluster.ts';
import type { Exports } from '../../support/memory-cluster.ts';

/** Users that sleep for `ms` in each start(). */
const sleeping = (ms: number, more: Exports = {}): Exports => ({
  connectionsPerUser: 0,
  start: (_id: number, user: User): Promise<void> => user.sleep(ms),
  ...more,
});

async function running(exports: Exports, settings: object = {}): Promise<MemoryCluster> {
  const cluster = new MemoryCluster({ scenario: exports });
  await cluster.joinMany(2);
  const options = { settings: { interarrival: 0, ...settings } };
  await cluster.run(cluster.master.do('scenario', 1, 6, options));
  await cluster.clock.advance(500);
  return cluster;
}

const fail = (message: string) => (): never => {
  throw new Error(message);
};

describe('stop()', () => {
  it('tells what failed in terminate and teardown, once for all processes', async () => {
    const cluster = await running(
      sleeping(10, { terminate: fail('no end'), teardown: fail('the room still exists') }),
      { repeatCount: 1 },
    );
    const { problems, users } = await cluster.run(cluster.master.stop());
    assert.deepEqual(problems, [
      'terminate on local/1, local/2: no end',
      'teardown: the room still exists',
    ]);
    assert.equal(users.finished, 6);
    assert.match(cluster.said, /error: teardown: the room still exists/);
    assert.deepEqual(cluster.master.lastResult?.problems, problems);
    await cluster.run(cluster.master.do('scenario', 1, 1));
  });

  it('has the figures of the last moment although terminate failed', async () => {
    const terminate = fail('no end');
    const start = async (_id: number, user: User): Promise<void> => {
      await user.sleep(100_000).catch(() => {});
      user.metrics.counter('last').add();
    };
    const cluster = await running({ connectionsPerUser: 0, start, terminate });
    const { metrics } = await cluster.run(cluster.master.stop({ force: true }));
    assert.equal(metrics.counters['last'], 6);
  });

  it('tells of a process that joined and could take no users', async () => {
    let joined = 0;
    const init = (): void => {
      if (++joined > 2) throw new Error('no database here');
    };
    const cluster = await running(sleeping(1_000_000, { init }));
    await cluster.join('local/3');
    await cluster.clock.advance(1000);
    const { problems } = await cluster.run(cluster.master.stop({ force: true }));
    assert.deepEqual(problems, [
      'local/3 joined, but cannot take users: init failed on local/3: no database here',
    ]);
  });

  it('gives the same result to those who call it while it goes on', async () => {
    const cluster = await running(sleeping(3000));
    const [first, second] = await cluster.run(
      Promise.all([cluster.master.stop(), cluster.master.stop()]),
    );
    assert.equal(first, second);
    assert.equal(first.forced, 0);
    await assert.rejects(cluster.master.stop(), /no scenario is running/);
  });

  it('by force cuts a gentle one short: both have the same result, and nobody waits', async () => {
    const cluster = await running(sleeping(1_000_000), { stopTimeout: '10m' });
    const gentle = cluster.master.stop();
    await cluster.clock.advance(2000);
    const before = cluster.clock.monotonic();
    const [first, second, third] = await cluster.run(
      Promise.all([
        gentle,
        cluster.master.stop({ force: true }),
        cluster.master.stop({ force: true }),
      ]),
    );
    assert.ok(cluster.clock.monotonic() - before < 2000);
    assert.equal(first, second);
    assert.equal(first, third);
    assert.deepEqual([first.users.removed, first.forced], [6, 6]);
    const stops = cluster.master.events.filter(({ kind }) => kind === 'stop');
    assert.deepEqual(
      stops.map(({ text }) => text),
      ['stop: 6 users', 'stop at once: 6 users'],
    );
    await cluster.run(cluster.master.do('scenario', 1, 2));
  });

  it('counts those as finished whose last start() ends while it waits', async () => {
    const cluster = await running(sleeping(2000), { repeatCount: 1 });
    const { users, forced, stoppingForMs } = await cluster.run(cluster.master.stop());
    assert.deepEqual([users.finished, users.removed, forced], [6, 0, 0]);
    assert.ok(stoppingForMs >= 1000, String(stoppingForMs));
    const again = await running(sleeping(2000), { repeatCount: 2 });
    const { users: others } = await again.run(again.master.stop());
    assert.deepEqual([others.finished, others.removed], [0, 6]);
  });
});
