import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryCluster } from '../support/memory-cluster.ts';
import type { TestSlave } from '../support/memory-cluster.ts';

describe('a node of a cluster', () => {
  /** Twelve users, who end their start() once a second, on three machines when left out. */
  const running = async (
    names: readonly string[] = ['slave1/1', 'slave2/1', 'slave3/1'],
    interarrival = 1,
  ): Promise<{ cluster: MemoryCluster; slaves: TestSlave[] }> => {
    const start = (_id: number, user: { sleep: (ms: number) => Promise<void> }): Promise<void> =>
      user.sleep(1000);
    const cluster = new MemoryCluster({ work: { start } }, { leases: true });
    const slaves: TestSlave[] = [];
    for (const name of names) slaves.push(await cluster.join(name));
    const settings = { repeatInterval: 100, interarrival, recovery: 100 };
    await cluster.run(cluster.master.do('work', 1, 12, { settings }));
    await cluster.clock.advance(2000);
    return { cluster, slaves };
  };
  const usersOf = async (cluster: MemoryCluster): Promise<Record<string, number>> => {
    const nodes = await cluster.run(cluster.master.listNodes());
    return Object.fromEntries(nodes.map(({ name, users }) => [name, users]));
  };

  it('that is drained loses its users to the others when their start() has ended, and gets no more', async () => {
    const { cluster } = await running();
    const { moving } = cluster.master.members.drain('slave2');
    assert.equal(moving, 4);
    await cluster.clock.advance(3000);
    assert.deepEqual(await usersOf(cluster), { 'slave1/1': 6, 'slave2/1': 0, 'slave3/1': 6 });
    await cluster.run(cluster.master.add(4));
    await cluster.clock.advance(1500);
    assert.equal((await usersOf(cluster))['slave2/1'], 0);
    const { users, present } = await cluster.run(cluster.master.status());
    assert.deepEqual([present, users.removed, users.crashed, users.lost], [16, 0, 0, 0]);
    cluster.master.members.drain('slave1/1');
    assert.throws(() => cluster.master.members.drain('slave3'), /no other process is there/);
    assert.throws(() => cluster.master.members.drain('slave9'), /no node is called 'slave9'/);
  });

  it('reports on while nothing runs, whatever the journal, and leaves at once', async () => {
    const journal = { isDue: true, save: () => true, clear: () => {} };
    const cluster = new MemoryCluster({}, { leases: true, journal });
    const slave = await cluster.join('slave1/1');
    await cluster.clock.advance(200_000);
    cluster.load = { cpu: 0.5, loopDelayMs: 0, rssBytes: 1 };
    await cluster.clock.advance(2000);
    const [node] = await cluster.run(cluster.master.listNodes());
    assert.equal(node?.cpu, 0.5);
    const before = cluster.clock.monotonic();
    await cluster.run(slave.leave());
    assert.ok(cluster.clock.monotonic() - before < 1000, 'it waited for nothing');
  });

  for (const laterMs of [0, 20, 40, 60, 80]) {
    it(`that leaves has told who ended and what it measured before it is gone (${laterMs} ms later)`, async () => {
      // All end their start() at the same moment.
      const { cluster, slaves } = await running(['slave1/1', 'slave2/1'], 0);
      await cluster.clock.advance(laterMs);
      await cluster.run(slaves[1]!.leave());
      await cluster.clock.advance(3000);
      assert.deepEqual(await usersOf(cluster), { 'slave1/1': 12 });
      const { users, present } = await cluster.run(cluster.master.status());
      assert.deepEqual(
        [present, users.removed, users.crashed, users.lost, users.away],
        [12, 0, 0, 0, 0],
      );
      assert.match(cluster.said, /slave2\/1 has left/);
    });
  }

  it('that is evicted is gone at once, and its users run elsewhere', async () => {
    const { cluster } = await running();
    const { users } = await cluster.run(cluster.master.members.evict('slave3'));
    assert.equal(users, 4);
    await cluster.clock.advance(2000);
    assert.deepEqual(await usersOf(cluster), { 'slave1/1': 6, 'slave2/1': 6 });
  });

  it('is told by the lines that it logged', async () => {
    const { cluster } = await running();
    assert.deepEqual(cluster.master.members.log('slave1'), []);
    assert.throws(() => cluster.master.members.log(7), /as in log\('slave1'\)/);
  });
});
