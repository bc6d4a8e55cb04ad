import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NodeChange } from '../../../src/master/nodes/node-entry.ts';
import { NodeEntry } from '../../../src/master/nodes/node-entry.ts';
import { describeChange } from '../../../src/master/nodes/node-events.ts';
import type { NodeInput } from '../../../src/master/nodes/node-state.ts';
import type { RunJournal, RunMemory } from '../../../src/master/run/journal.ts';
import { MasterPeer } from '../../../src/protocol/peer.ts';
import { closedTransport } from '../../../src/protocol/transport.ts';
import type { User } from '../../../src/users/user.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { MemoryCluster } from '../../support/memory-cluster.ts';

const talking = {
  start: async (_id: number, user: User) => {
    for (;;) await user.sleep(1000);
  },
};

/** The kinds of events about processes so far, each with its process. */
const nodeEvents = (cluster: MemoryCluster): string[] =>
  cluster.master.events
    .filter(({ kind }) => kind.startsWith('node_'))
    .map(({ kind, data }) => `${kind} ${String(data?.['node'])}`);

describe('events of processes', () => {
  it('say that one joined, was drained, left, and was lost; each once, and not as a notice too', async () => {
    const cluster = new MemoryCluster({ talking }, { leases: true });
    await cluster.joinMany(2, 'a');
    await cluster.run(
      cluster.master.do('talking', 1, 6, { settings: { stopTimeout: '2s', interarrival: 1 } }),
    );
    const late = await cluster.join('b/1');
    await cluster.clock.advance(2000);
    cluster.master.drain('a/1');
    await cluster.clock.advance(5000);
    cluster.master.undrain('a/1');
    const left = late.leave();
    await cluster.clock.resolve(left);
    await cluster.clock.advance(2000);
    assert.deepEqual(nodeEvents(cluster), [
      'node_joined b/1',
      'node_drained a/1',
      'node_leaving b/1',
      'node_left b/1',
    ]);
    const texts = cluster.master.events.map(({ text }) => text);
    assert.equal(new Set(texts).size, texts.length, texts.join('\n'));
    // An operator sees them, but for the end of a drain.
    assert.equal(cluster.notices.filter(({ text }) => text.includes('b/1')).length, 3);
    await cluster.run(cluster.master.stop({ force: true }));
  });

  it('say that one is out of reach, and what follows', async () => {
    const cluster = new MemoryCluster({ talking }, { leases: true });
    const [first] = await cluster.joinMany(2, 'a');
    await cluster.run(cluster.master.do('talking', 1, 6, { settings: { interarrival: 1 } }));
    await cluster.clock.advance(2000);
    first!.die();
    await cluster.clock.advance(15_000);
    assert.deepEqual(nodeEvents(cluster), ['node_away a/1', 'node_lost a/1']);
    await cluster.run(cluster.master.stop({ force: true }));
  });

  it('say that processes are back after the master was restarted', async () => {
    let kept: unknown;
    const journal: RunJournal = {
      isDue: true,
      save: (state) => {
        kept = JSON.parse(JSON.stringify(state()));
        return true;
      },
      clear: () => {},
    };
    const cluster = new MemoryCluster({ talking }, { leases: true, journal });
    await cluster.joinMany(2, 'a');
    await cluster.run(cluster.master.do('talking', 1, 6, { settings: { interarrival: 1 } }));
    await cluster.clock.advance(2500);
    await cluster.restartMaster(kept as RunMemory);
    await cluster.clock.advance(5000);
    assert.deepEqual(nodeEvents(cluster).sort(), ['node_back a/1', 'node_back a/2']);
    await cluster.run(cluster.master.stop({ force: true }));
  });

  it('say where one is blocked, also before a run has begun', () => {
    const info = { name: 's/1', host: 'h', pid: 1, version: '0', node: '20', identity: 'i' };
    const node = new NodeEntry(info, new MasterPeer(closedTransport('test'), new FakeClock()), 1);
    const changes: NodeChange[] = [];
    node.onChange = (change) => changes.push(change);
    const frames = [
      { function: 'spin', file: '/x/node_modules/y.js', line: 1, column: 2 },
      { function: 'start', file: 'file:///x/scenarios/spins.ts', line: 7, column: 5 },
    ];
    const inputs: NodeInput[] = [
      { type: 'prepare' },
      { type: 'block', forMs: 2040, frames },
      { type: 'unblock', afterMs: 3000 },
    ];
    for (const input of inputs) node.apply(input);
    const told = changes.map((change) => describeChange(change, undefined, 0, false));
    assert.deepEqual(
      told.map((event) => event?.kind),
      [undefined, 'node_blocked', 'node_unblocked'],
    );
    assert.match(
      told[1]!.text,
      /blocked for 2 s at scenarios\/spins\.ts:7:5 in start; its 0 users/,
    );
  });
});
