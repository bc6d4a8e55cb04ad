import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunMemory } from '../../../src/master/run/journal.ts';
import type { User } from '../../../src/users/user.ts';
import { MemoryCluster } from '../../support/memory-cluster.ts';
import type { TestSlave } from '../../support/memory-cluster.ts';

type Start = (id: number, user: User) => unknown;

interface SetUp {
  cluster: MemoryCluster;
  slaves: TestSlave[];
  /** The journal of the master, as it is on disk. */
  memory: () => RunMemory;
}

/** A cluster of two processes; odd users are in the first one. */
async function setUp(users: number, start: Start): Promise<SetUp> {
  let memory: unknown;
  const journal = {
    isDue: true,
    save: (state: () => unknown) => {
      memory = JSON.parse(JSON.stringify(state()));
      return true;
    },
    clear: () => (memory = undefined),
  };
  const work = { connectionsPerUser: 0, start };
  const cluster = new MemoryCluster({ work }, { leases: true, journal });
  const slaves = [await cluster.join('slave1/1'), await cluster.join('slave2/1')];
  const settings = { interarrival: 0, repeatCount: 1, recovery: 100 };
  await cluster.run(cluster.master.do('work', 1, users, { settings }));
  await cluster.clock.advance(100);
  return { cluster, slaves, memory: () => memory as RunMemory };
}

/** The errors of crashed users, by id. */
async function crashes({ cluster }: SetUp): Promise<Record<number, string>> {
  const { users } = await cluster.run(cluster.master.users({ state: 'crashed', limit: 10_000 }));
  return Object.fromEntries(users.map(({ id, error }) => [id, error ?? '']));
}

describe('user.once', () => {
  it('lets one user of all processes do the work, and gives its value to all', async () => {
    const works: number[] = [];
    const values = new Map<number, unknown>();
    const { cluster } = await setUp(20, async (id, user) => {
      const value = await user.once('room', async () => {
        works.push(id);
        await user.sleep('2s');
        return { room: 'lobby', by: id };
      });
      values.set(id, value);
    });
    assert.equal(values.size, 0);
    await cluster.clock.advance(2100);
    assert.equal(works.length, 1);
    assert.equal(values.size, 20);
    for (const value of values.values()) assert.deepEqual(value, { room: 'lobby', by: works[0] });
    await cluster.run(cluster.master.add(4));
    await cluster.clock.advance(1000);
    assert.equal(values.size, 24);
    assert.deepEqual(values.get(24), { room: 'lobby', by: works[0] });
    assert.equal(works.length, 1);
  });

  it('gives a frozen value: what a user changes, no other may see', async () => {
    const set = await setUp(1, async (_id, user) => {
      const value = await user.once('list', () => ({ inner: [1] }));
      value.inner.push(2);
    });
    assert.match((await crashes(set))[1] ?? '', /^TypeError/);
  });

  it('takes work that returns nothing', async () => {
    const values: unknown[] = [];
    await setUp(4, async (_id, user) => {
      values.push(await user.once<unknown>('room', () => undefined));
    });
    assert.deepEqual(values, [undefined, undefined, undefined, undefined]);
  });

  it('keeps names apart', async () => {
    const values: string[] = [];
    await setUp(6, async (id, user) => {
      values.push(await user.once(`room_${id % 3}`, () => `of ${id % 3}`));
    });
    assert.deepEqual(values.sort(), ['of 0', 'of 0', 'of 1', 'of 1', 'of 2', 'of 2']);
  });

  it('lets another user do the work when the first one is removed or ends before', async () => {
    const works: number[] = [];
    const values = new Map<number, unknown>();
    const set = await setUp(4, async (id, user) => {
      const value = user.once('room', async () => {
        works.push(id);
        if (works.length < 3) await user.sleep('1h');
        return id;
      });
      values.set(id, await value);
    });
    const { cluster } = set;
    assert.equal(works.length, 1);
    const remove = async (id: number): Promise<void> => {
      await cluster.run(cluster.master.remove({ ids: [id], force: true }));
      await cluster.clock.advance(1000);
    };
    await remove(works[0] as number);
    assert.equal(works.length, 2);
    await remove(works[1] as number);
    assert.equal(works.length, 3);
    assert.equal(values.size, 2);
    assert.deepEqual([...new Set(values.values())], [works[2]]);
    assert.deepEqual(await crashes(set), {});
  });

  it('lets a waiter leave that does not wait to the end', async () => {
    const works: number[] = [];
    const set = await setUp(2, async (id, user) => {
      const value = user.once('room', async () => {
        works.push(id);
        await user.sleep('10s');
        return id;
      });
      value.catch(() => {});
      await user.sleep('1s');
      if (works.includes(id)) await user.sleep('1h');
    });
    await set.cluster.clock.advance(20_000);
    assert.equal(works.length, 1);
    const { users } = await set.cluster.run(set.cluster.master.status());
    assert.equal(users.finished, 1);
    assert.deepEqual(await crashes(set), {});
  });

  it('lets a user of another process do the work when that process is lost', async () => {
    const works: { id: number; node: string }[] = [];
    const values: unknown[] = [];
    const { cluster, slaves } = await setUp(6, async (id, user) => {
      const value = await user.once('room', async () => {
        works.push({ id, node: user.node });
        if (works.length === 1) await user.sleep('1h');
        return works.length;
      });
      values.push(value);
    });
    const [first] = works;
    slaves.find(({ name }) => name === first?.node)?.die();
    // Until its lease is over, the process may be doing the work.
    await cluster.clock.advance(5000);
    assert.equal(works.length, 1);
    await cluster.clock.advance(10_000);
    assert.equal(works.length, 2);
    assert.notEqual(works[1]?.node, first?.node);
    // Those that were lost are started again elsewhere, and get the value too.
    assert.deepEqual(values, [2, 2, 2, 2, 2, 2]);
  });

  it('gives the error of a work to its user, and lets the next one try', async () => {
    const works: number[] = [];
    const values = new Map<number, unknown>();
    const set = await setUp(6, async (id, user) => {
      const value = await user.once('room', () => {
        works.push(id);
        if (works.length <= 2) throw new Error(`no room for ${id}`);
        return 'a room';
      });
      values.set(id, value);
    });
    await set.cluster.clock.advance(1000);
    assert.equal(works.length, 3);
    assert.deepEqual([...values.values()], ['a room', 'a room', 'a room', 'a room']);
    const failed = await crashes(set);
    assert.deepEqual(
      failed,
      Object.fromEntries(works.slice(0, 2).map((id) => [id, `Error: no room for ${id}`])),
    );
  });

  it('lets users ask again when all have failed', async () => {
    let tries = 0;
    const values: unknown[] = [];
    await setUp(2, async (_id, user) => {
      for (;;) {
        const value = await user
          .once('room', () => {
            if (++tries < 7) throw new Error('not yet');
            return tries;
          })
          .catch(() => undefined);
        if (value !== undefined) values.push(value);
        if (value !== undefined) return;
        await user.sleep(10);
      }
    });
    assert.deepEqual(values, [7, 7]);
  });

  it('says what is wrong with a value, and with a name', async () => {
    const deep = (levels: number): unknown => (levels === 0 ? 0 : [deep(levels - 1)]);
    const values: [value: unknown, why: RegExp][] = [
      [new Date(), /^SCENARIO: once 'room': the value has a Date/],
      [{ at: [1, new Map()] }, /the value has a Map at \.at\[1\]/],
      [{ n: Number.NaN }, /the number NaN at \.n/],
      [() => 1, /a function/],
      [[undefined], /an empty place at \[0\]/],
      [10n, /a bigint/],
      [deep(17), /more than 16 levels/],
      ['x'.repeat(16_383), /16,385 characters as JSON; at most 16,384/],
    ];
    const set = await setUp(values.length, (id, user) => {
      return user.once('room', () => values[id - 1]?.[0]);
    });
    const failed = await crashes(set);
    values.forEach(([, why], at) => assert.match(failed[at + 1] ?? 'it did not fail', why));
    const names = ['', '1st', 'with space', '__proto__', 'n'.repeat(101), 7, undefined];
    const named = await setUp(names.length, (id, user) => {
      return user.once(names[id - 1] as string, () => 1);
    });
    const refused = await crashes(named);
    names.forEach((_, at) => assert.match(refused[at + 1] ?? '', /^ARGUMENT: once: invalid name/));
    const nothing = await setUp(1, (_id, user) => user.once('room', 'value' as never));
    assert.match((await crashes(nothing))[1] ?? '', /^ARGUMENT: once 'room': give a function/);
  });

  it('bounds the number of names of a run', async () => {
    const set = await setUp(2, async (id, user) => {
      const name = (at: number): string => `of_${id}_${at}`;
      const asked = Array.from({ length: 500 }, (_, at) => user.once(name(at), () => at));
      assert.equal((await Promise.all(asked)).at(-1), 499);
      // The other one has as many.
      await user.sleep('1s');
      await user.once(name(500), () => 0);
    });
    await set.cluster.clock.advance(5000);
    const failed = await crashes(set);
    assert.deepEqual(Object.keys(failed), ['1', '2']);
    for (const error of Object.values(failed)) {
      assert.match(error, /^BUSY: once '\w+': a run can have at most 1,000 names/);
    }
  });

  it('is continued by a restarted master: values, and who does the work', async () => {
    const works: number[] = [];
    const values: unknown[] = [];
    const { cluster, memory } = await setUp(4, async (id, user) => {
      values.push(await user.once('early', () => `early ${id}`));
      values.push(
        await user.once('late', async () => {
          works.push(id);
          await user.sleep('20s');
          return `late ${id}`;
        }),
      );
    });
    await cluster.clock.advance(1000);
    assert.equal(values.length, 4);
    assert.equal(works.length, 1);
    await cluster.restartMaster(memory());
    await cluster.clock.advance(30_000);
    assert.equal(works.length, 1);
    await cluster.run(cluster.master.add(2));
    await cluster.clock.advance(1000);
    assert.equal(values.length, 12);
    assert.equal(new Set(values).size, 2);
    assert.equal(works.length, 1);
  });

  it('tells a master whose journal is old which values users have seen', async () => {
    const values: unknown[] = [];
    let works = 0;
    const { cluster, memory } = await setUp(4, async (id, user) => {
      await user.sleep(id > 4 ? 0 : '5s');
      values.push(await user.once('room', () => ++works));
    });
    const old = memory();
    await cluster.clock.advance(6000);
    assert.deepEqual(values, [1, 1, 1, 1]);
    await cluster.restartMaster(old);
    await cluster.clock.advance(15_000);
    await cluster.run(cluster.master.add(2));
    await cluster.clock.advance(1000);
    // Users whose end the old journal does not have ran again.
    assert.ok(values.length >= 6);
    assert.deepEqual([...new Set(values)], [1]);
    assert.equal(works, 1);
  });
});
