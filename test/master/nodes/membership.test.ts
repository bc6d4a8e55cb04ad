import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { FileJournal } from '../../../src/master/run/journal.ts';
import type { RunJournal } from '../../../src/master/run/journal.ts';
import { MemoryCluster } from '../../support/memory-cluster.ts';
import type { TestSlave } from '../../support/memory-cluster.ts';

describe('a node of a cluster', () => {
  /** Twelve users, who end their start() once a second, on three machines, when nothing else is said. */
  const running = async (
    names: readonly string[] = ['slave1/1', 'slave2/1', 'slave3/1'],
    interarrival = 1,
    startMs = 1000,
    journal?: RunJournal,
  ): Promise<{ cluster: MemoryCluster; slaves: TestSlave[] }> => {
    const start = (_id: number, user: { sleep: (ms: number) => Promise<void> }): Promise<void> =>
      user.sleep(startMs);
    const options = journal === undefined ? {} : { journal };
    const cluster = new MemoryCluster({ work: { start } }, { leases: true, ...options });
    const slaves: TestSlave[] = [];
    for (const name of names) slaves.push(await cluster.join(name));
    const settings = { repeatInterval: 100, interarrival, recovery: 100, stopTimeout: 5000 };
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
    const { moving } = cluster.master.drain('slave2');
    assert.equal(moving, 4);
    await cluster.clock.advance(3000);
    assert.deepEqual(await usersOf(cluster), { 'slave1/1': 6, 'slave2/1': 0, 'slave3/1': 6 });
    await cluster.run(cluster.master.add(4));
    await cluster.clock.advance(1500);
    assert.equal((await usersOf(cluster))['slave2/1'], 0);
    const { users, present } = await cluster.run(cluster.master.status());
    assert.deepEqual([present, users.removed, users.crashed, users.lost], [16, 0, 0, 0]);
    cluster.master.drain('slave1/1');
    assert.throws(() => cluster.master.drain('slave3'), /no other process can take/);
    assert.throws(() => cluster.master.drain('slave9'), /no process matches 'slave9'/);
  });

  it('that is drained runs the users that never end until their time is over; they go on elsewhere then', async () => {
    const { cluster, slaves } = await running(['slave1/1', 'slave2/1', 'slave3/1'], 1, 1e9);
    const counts = async (): Promise<Record<string, number>> => {
      const { users, present } = await cluster.run(cluster.master.status());
      const { running: run, moving, leaving, removed, crashed, lost } = users;
      return { present, run, moving, other: leaving + removed + crashed + lost };
    };
    const { moving, withinMs } = cluster.master.drain('slave2');
    assert.deepEqual([moving, withinMs], [4, 5000]);
    await cluster.clock.advance(4000);
    assert.deepEqual(await counts(), { present: 12, run: 12, moving: 4, other: 0 });
    await cluster.clock.advance(2000);
    assert.deepEqual(await counts(), { present: 12, run: 12, moving: 0, other: 0 });
    assert.deepEqual(await usersOf(cluster), { 'slave1/1': 6, 'slave2/1': 0, 'slave3/1': 6 });
    assert.ok(
      cluster.logs.some(({ msg }) => /^4 users did not end start\(\) within 5 s/.test(msg ?? '')),
    );
    // So a machine that is to be switched off need not be waited for.
    await cluster.run(slaves[0]!.leave());
    await cluster.clock.advance(1000);
    assert.deepEqual(await usersOf(cluster), { 'slave2/1': 0, 'slave3/1': 12 });
    assert.deepEqual(await counts(), { present: 12, run: 12, moving: 0, other: 0 });
  });

  it('lets go of users that never end when they are evened out, and of those only that are too many', async () => {
    const { cluster } = await running(['slave1/1', 'slave2/1'], 1, 1e9);
    await cluster.join('slave3/1');
    await cluster.clock.advance(1000);
    const { moving } = cluster.master.rebalance();
    assert.equal(moving, 4);
    assert.equal(cluster.master.rebalance().moving, 0, 'they move already');
    // Those that are removed meanwhile move no more.
    await cluster.run(cluster.master.remove(2, { force: true }));
    await cluster.clock.advance(6000);
    const { users, present } = await cluster.run(cluster.master.status());
    const { running: run, moving: left, removed, lost } = users;
    assert.deepEqual([present, run, left, removed, lost], [10, 10, 0, 2, 0]);
    assert.equal((await usersOf(cluster))['slave3/1'], 2);
  });

  it('that was drained takes users again after undrain, and both are events', async () => {
    const { cluster } = await running();
    cluster.master.drain('slave2');
    await cluster.clock.advance(3000);
    assert.deepEqual(cluster.master.undrain('slave2'), { nodes: ['slave2/1'] });
    await cluster.run(cluster.master.add(9));
    await cluster.clock.advance(2000);
    assert.deepEqual(await usersOf(cluster), { 'slave1/1': 9, 'slave2/1': 3, 'slave3/1': 9 });
    cluster.master.rebalance();
    await cluster.clock.advance(3000);
    assert.deepEqual(await usersOf(cluster), { 'slave1/1': 7, 'slave2/1': 7, 'slave3/1': 7 });
    const told = cluster.master.events.filter(({ kind }) => /drain/.test(kind));
    assert.deepEqual(
      told.map(({ kind, text }) => [kind, text]),
      [
        ['drain', 'drain slave2/1: 4 users move'],
        ['node_drained', 'slave2/1 is drained: it has no users'],
        ['undrain', 'undrain slave2/1'],
      ],
    );
  });

  it('takes users again although those that it had are still about to move', async () => {
    const { cluster } = await running();
    cluster.master.drain('slave2');
    cluster.master.undrain('slave2');
    await cluster.run(cluster.master.add(3));
    await cluster.clock.advance(5000);
    const { users, present } = await cluster.run(cluster.master.status());
    assert.deepEqual([present, users.leaving, users.removed, users.lost], [15, 0, 0, 0]);
    assert.equal(
      Object.values(await usersOf(cluster)).reduce((sum, each) => sum + each, 0),
      15,
    );
  });

  it('that is drained, or is about to leave, before it has been set up has no users', async () => {
    const { cluster } = await running(['slave1/1', 'slave2/1']);
    const late = await cluster.join('slave3/1');
    const { master } = cluster;
    assert.deepEqual(master.drain('slave3').nodes, ['slave3/1']);
    const going = await cluster.join('slave4/1');
    const leaving = going.leave();
    await cluster.clock.advance(1000);
    assert.match(cluster.said, /slave3\/1 joined and is drained, and takes no users/);
    await cluster.run(cluster.master.add(4));
    await cluster.clock.advance(1000);
    await cluster.run(leaving);
    assert.deepEqual(await usersOf(cluster), { 'slave1/1': 8, 'slave2/1': 8, 'slave3/1': 0 });
    master.undrain('slave3');
    await cluster.run(cluster.master.add(3));
    await cluster.clock.advance(1000);
    assert.equal((await usersOf(cluster))['slave3/1'], 1);
    late.die();
  });

  it('that is not drained, or leaves, is not undrained', async () => {
    const { cluster, slaves } = await running();
    const { master } = cluster;
    assert.throws(() => master.undrain('slave1'), /undrain: "slave1" is not drained; nodes\(\)/);
    assert.throws(() => master.undrain('slave9'), /no process matches 'slave9'/);
    const leaving = slaves[1]!.leave();
    await cluster.clock.advance(20);
    assert.throws(
      () => master.undrain('slave2/1'),
      /undrain: slave2\/1 is about to leave, and takes no more users/,
    );
    await cluster.run(leaving);
    await cluster.run(cluster.master.stop({ force: true }));
    assert.throws(() => master.undrain('slave1'), /undrain: no scenario is running/);
  });

  it('is named with undrain where it alone could take users, and takes them then', async () => {
    const { cluster, slaves } = await running(['slave1/1', 'slave2/1']);
    const { master } = cluster;
    master.drain('slave1');
    await cluster.clock.advance(3000);
    const hint = /slave1\/1 is drained: undrain\('slave1\/1'\) lets it take users again/;
    assert.throws(() => master.drain('slave2'), hint);
    const leaving = slaves[1]!.leave();
    await cluster.clock.advance(20);
    assert.match(
      cluster.said,
      /slave2\/1 is about to leave, and no other process .* 12 users \(slave1/,
    );
    master.undrain('slave1/1');
    await cluster.run(leaving);
    await cluster.clock.advance(2000);
    assert.deepEqual(await usersOf(cluster), { 'slave1/1': 12 });
    const { users } = await cluster.run(cluster.master.status());
    assert.deepEqual([users.lost, users.removed], [0, 0]);
  });

  it('that is drained gets the users of one that has died, once it is undrained', async () => {
    const { cluster } = await running(['slave1/1', 'slave2/1']);
    cluster.master.drain('slave1');
    await cluster.clock.advance(3000);
    await cluster.run(cluster.master.evict('slave2'));
    assert.match(cluster.said, /its 12 users wait for a process \(slave1\/1 is drained: undrain/);
    cluster.master.undrain('slave1');
    await cluster.clock.advance(2000);
    assert.deepEqual(await usersOf(cluster), { 'slave1/1': 12 });
  });

  it('that ended its users by the last repetition while it was drained has them finished, not moved', async () => {
    const starts: number[] = [];
    const start = (id: number, user: { sleep: (ms: number) => Promise<void> }): Promise<void> => {
      starts.push(id);
      return user.sleep(1000);
    };
    const cluster = new MemoryCluster({ work: { start } }, { leases: true });
    for (const name of ['slave1/1', 'slave2/1']) await cluster.join(name);
    const settings = { repeatCount: 1, interarrival: 0, recovery: 100 };
    await cluster.run(cluster.master.do('work', 1, 4, { settings }));
    await cluster.clock.advance(200);
    cluster.master.drain('slave2');
    await cluster.clock.advance(5000);
    const { users } = await cluster.run(cluster.master.status());
    assert.deepEqual([users.finished, users.removed, starts.length], [4, 0, 4]);
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

  it('that leaves tells so to a master that was restarted meanwhile, which empties it as well', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'amoc-leaving-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const journal = new FileJournal(join(folder, 'master.journal'), (text) => {
      assert.fail(text);
    });
    const { cluster, slaves } = await running(['slave1/1', 'slave2/1'], 1, 1000, journal);
    // Of before the slave was told to end.
    const memory = journal.read();
    assert.ok(memory !== undefined);
    const leaving = slaves[1]!.leave();
    await cluster.clock.advance(20);
    await cluster.restartMaster(memory);
    await cluster.run(leaving);
    await cluster.clock.advance(15_000);
    assert.match(
      cluster.said,
      /slave2\/1 is about to leave; its 6 users will continue elsewhere[^]*slave2\/1 has left/,
    );
    assert.deepEqual(await usersOf(cluster), { 'slave1/1': 12 });
    const { users, present } = await cluster.run(cluster.master.status());
    assert.deepEqual(
      [present, users.removed, users.crashed, users.lost, users.away],
      [12, 0, 0, 0, 0],
    );
  });

  it('that is evicted is gone at once, and its users run elsewhere', async () => {
    const { cluster } = await running();
    const { users } = await cluster.run(cluster.master.evict('slave3'));
    assert.equal(users, 4);
    await cluster.clock.advance(2000);
    assert.deepEqual(await usersOf(cluster), { 'slave1/1': 6, 'slave2/1': 6 });
    assert.match(cluster.said, /slave3\/1 is gone \(was evicted\)/);
    assert.doesNotMatch(cluster.said, /out of reach/, 'it is said once');
  });

  it('is told by the lines that it logged', async () => {
    const { cluster } = await running();
    assert.deepEqual(cluster.master.log('slave1'), []);
  });
});
