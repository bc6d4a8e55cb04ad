import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Control } from '../../src/control/control.ts';
import type { RunObserver } from '../../src/record/types.ts';
import type { User } from '../../src/users/user.ts';
import { MemoryCluster } from '../support/memory-cluster.ts';

const scenario = {
  connectionsPerUser: 0,
  start: (id: number, user: User) =>
    id === 13 ? Promise.reject(new Error('bad luck')) : user.sleep(1e9),
};

async function running(users = 10): Promise<{ cluster: MemoryCluster; control: Control }> {
  const cluster = new MemoryCluster({ scenario });
  await cluster.joinMany(2);
  const control: Control = cluster.master;
  await cluster.run(control.do('scenario', 1, users, { interarrival: 0 }));
  await cluster.clock.advance(2000);
  return { cluster, control };
}

const kinds = ({ events }: Control): string[] => events.map(({ kind }) => kind);

/** Notes what it is called with. */
function recorder(): { calls: string[]; observer: Partial<RunObserver> } {
  const calls: string[] = [];
  return {
    calls,
    observer: {
      started: ({ scenario: name }) => void calls.push(`started ${name}`),
      event: ({ kind }) => void calls.push(kind),
      ended: () => void calls.push('ended'),
    },
  };
}

describe('results', () => {
  it('are plain JSON', async () => {
    const { cluster, control } = await running();
    const results = [
      await cluster.run(control.add(2)),
      await cluster.run(control.remove({ ids: [2, [4, 6]] }, {})),
      await cluster.run(control.setTarget(9)),
      await cluster.run(control.setRate('50/s')),
      await cluster.run(control.status()),
      await cluster.run(control.users()),
      await cluster.run(control.metrics()),
      await cluster.run(control.listNodes()),
      control.settings(),
      control.rebalance(),
      control.drain('local/2'),
      control.undrain('local/2'),
      control.log('local'),
      control.vocabulary(),
      control.state,
      control.events,
      control.trend,
      await cluster.run(control.stop({ force: true })),
    ];
    for (const result of results) {
      // deepStrictEqual compares prototypes, so an instance of a class would fail.
      const defined: unknown = JSON.parse(JSON.stringify(result));
      assert.deepEqual(withoutUndefined(result), defined);
    }
  });

  it('have ids as pairs', async () => {
    const { cluster, control } = await running();
    assert.deepEqual(await cluster.run(control.remove({ ids: [2, [4, 6], 9], force: true })), {
      ...{ users: 5, ids: [2, [4, 6], 9], remain: 5, force: true },
    });
    const added = await cluster.run(control.add(2));
    assert.deepEqual([added.ids, added.interarrival], [[[11, 12]], 0]);
  });
});

/** Rebuilds plain objects without their undefined properties; everything else stays as it is. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries.map(([key, each]) => [key, withoutUndefined(each)]));
}

describe('setTarget', () => {
  it('adds up to the number, and does nothing the second time', async () => {
    const { cluster, control } = await running(10);
    const first = await cluster.run(control.setTarget(14));
    assert.deepEqual(first, { users: 14, added: [[11, 14]], removed: [] });
    const before = kinds(control);
    assert.deepEqual((await cluster.run(control.setTarget(14))).added, []);
    assert.deepEqual(kinds(control), before, 'it is not an event');
  });

  it('removes the highest gently, and uses the lowest free ids again', async () => {
    const { cluster, control } = await running(10);
    assert.deepEqual((await cluster.run(control.setTarget(7))).removed, [[8, 10]]);
    const status = await cluster.run(control.status());
    assert.equal(status.users.leaving + status.users.removed, 3);
    await cluster.run(control.remove({ ids: [[8, 10], 2, [4, 5]], force: true }));
    await cluster.clock.advance(2000);
    // 8, 9 and 10 are leaving: remove() does not choose users that were asked to leave already.
    const { added } = await cluster.run(control.setTarget(8));
    assert.deepEqual(added, [2, [4, 5], 11]);
  });

  it('goes down and up again on the same ids, also where the first id is not 1', async () => {
    const cluster = new MemoryCluster({
      scenario: { ...scenario, start: () => Promise.resolve() },
    });
    await cluster.joinMany(2);
    await cluster.run(cluster.master.do('scenario', 101, 110, { interarrival: 0 }));
    await cluster.clock.advance(1000);
    for (let round = 0; round < 3; round++) {
      const down = await cluster.run(cluster.master.setTarget(4));
      assert.deepEqual(down.removed, [[105, 110]]);
      await cluster.clock.advance(2000);
      const up = await cluster.run(cluster.master.setTarget(10));
      assert.deepEqual(up.added, [[105, 110]]);
      await cluster.clock.advance(2000);
    }
  });

  it('reaches zero, and starts a user again whose start() failed', async () => {
    const { cluster, control } = await running(14);
    assert.equal((await cluster.run(control.status())).present, 13);
    assert.deepEqual((await cluster.run(control.setTarget(14))).added, [13]);
    const { removed } = await cluster.run(control.setTarget(0));
    assert.deepEqual(removed, [[1, 14]]);
  });

  it('changes the rate as well', async () => {
    const { cluster, control } = await running(2);
    assert.deepEqual(await cluster.run(control.setTarget(4, { rate: '30/min' })), {
      ...{ users: 4, added: [[3, 4]], removed: [], rate: 0.5 },
    });
    await cluster.clock.advance(1000);
    assert.equal((await cluster.run(control.status())).users.starting, 1);
  });

  it('needs a run', async () => {
    const cluster = new MemoryCluster({ scenario });
    assert.throws(() => cluster.master.setTarget(5), { code: 'NO_RUN', message: /^target: / });
    await assert.rejects(async () => cluster.master.setRate(5), { code: 'NO_RUN' });
  });
});

describe('setRate', () => {
  it('changes the pace of users that wait, once, and is an event', async () => {
    const { cluster, control } = await running(1);
    await cluster.run(control.setRate('30/min'));
    await cluster.run(control.add(100));
    await cluster.clock.advance(4000);
    const slow = (await cluster.run(control.status())).users;
    assert.ok(slow.running <= 4, String(slow.running));
    assert.deepEqual(await cluster.run(control.setRate(100)), { rate: 100, before: 0.5 });
    assert.deepEqual(await cluster.run(control.setRate('100/s')), { rate: 100, before: 100 });
    await cluster.clock.advance(2000);
    const fast = await cluster.run(control.status());
    assert.equal(fast.users.starting, 0);
    assert.equal(fast.startRate.wanted, 100);
    const rates = control.events.filter(({ data }) => data !== undefined && 'rate' in data);
    assert.deepEqual(
      rates.map(({ kind, data }) => [kind, data?.['rate']]),
      [
        ['update', 0.5],
        ['update', 100],
      ],
    );
  });

  it('is replaced by an interarrival that is updated later', async () => {
    const { cluster, control } = await running(1);
    await cluster.run(control.setRate(1));
    await cluster.run(control.update({ interarrival: 20 }));
    assert.equal((await cluster.run(control.status())).startRate.wanted, 50);
  });

  it('refuses what is not a rate', async () => {
    const { control } = await running(1);
    for (const bad of [0, -1, NaN, '5', '5/day', '2000000/s']) {
      await assert.rejects(async () => control.setRate(bad), { code: 'ARGUMENT' }, String(bad));
    }
  });
});

describe('subscribe', () => {
  it('follows runs from now on, in the middle of one too, until it is ended', async () => {
    const { cluster, control } = await running(3);
    const { calls, observer } = recorder();
    const end = control.subscribe(observer);
    assert.deepEqual(calls, ['started scenario']);
    await cluster.run(control.add(1));
    await cluster.run(control.stop({ force: true }));
    assert.deepEqual(
      calls.filter((each) => each !== 'notice'),
      ['started scenario', 'add', 'stop', 'ended'],
    );
    end();
    end();
    const many = calls.length;
    await cluster.run(control.do('scenario', 1, 1));
    assert.equal(calls.length, many);
  });

  it('may be ended by the observer itself, and begun by another one', async () => {
    const { cluster, control } = await running(3);
    const second = recorder();
    const seen: string[] = [];
    const end = control.subscribe({
      event: ({ kind }) => {
        seen.push(kind);
        end();
        control.subscribe(second.observer);
      },
    });
    await cluster.run(control.add(1));
    await cluster.run(control.add(1));
    assert.deepEqual(seen, ['add']);
    assert.deepEqual(second.calls, ['started scenario', 'add']);
  });

  it('reports an observer that throws, and goes on', async () => {
    const { cluster, control } = await running(1);
    control.subscribe({
      second: () => {
        throw new Error('out of ink');
      },
    });
    await cluster.clock.advance(3000);
    assert.equal(cluster.notices.filter(({ text }) => text === 'out of ink').length, 1);
    assert.equal(control.state.is, 'running');
  });
});
