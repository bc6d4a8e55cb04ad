import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SlaveMessage } from '../../../src/protocol/messages.ts';
import { noUsers } from '../../../src/users/lifecycle.ts';
import { MemoryCluster } from '../../support/memory-cluster.ts';
import { prepared } from '../../support/prepared.ts';

type Report = Extract<SlaveMessage, { type: 'report' }>;
type Ended = Partial<Report['ended']>;

/** A run of ten users on one slave, of which the test says what it reports. */
async function runByHand(): Promise<{
  cluster: MemoryCluster;
  report: (ended: Ended) => Promise<void>;
}> {
  const cluster = new MemoryCluster({ work: { start: () => {} } }, { leases: true });
  const slave = await cluster.joinByHand('slave/1');
  const reply = (id: number, result: object): void => {
    slave.send(JSON.stringify({ type: 'reply', id, result }));
  };
  slave.onFrame = (frame) => {
    const { type, id, operation } = JSON.parse(frame) as Record<string, string>;
    if (type === 'request') reply(Number(id), operation === 'prepare' ? prepared() : {});
  };
  const { run } = await cluster.run(cluster.master.do('work', 1, 10, { nodes: ['slave'] }));
  let sequence = 0;
  const report = async (change: Ended): Promise<void> => {
    const ended = { finished: [], crashed: [], removed: [], moved: [], back: [], revision: 0 };
    const told: Report = {
      ...{ type: 'report', sequence: ++sequence, run, users: noUsers },
      load: { cpu: 0, loopDelayMs: 0, rssBytes: 1 },
      delta: { counters: {}, histograms: {} },
      ended: { ...ended, ...change },
    };
    slave.send(JSON.stringify(told));
    await cluster.clock.advance(10);
  };
  return { cluster, report };
}

describe('reports of a process', () => {
  it('tell the end of a user that was removed by force, and that of the user who got its number', async () => {
    const { cluster, report } = await runByHand();
    const { master } = cluster;
    const last = [{ from: 10, to: 10, step: 1 }];
    await cluster.run(master.remove(1, { force: true }));
    await cluster.run(master.add(1));
    await cluster.run(master.remove(1));
    const counts = async (): Promise<number[]> => {
      const { present, users } = await cluster.run(master.status());
      return [present, users.removed];
    };
    // Both had ended before the first of the two was told.
    await report({ removed: last, revision: 4 });
    assert.deepEqual(await counts(), [10, 1]);
    await report({ removed: last, revision: 4 });
    assert.deepEqual(await counts(), [9, 2]);
  });
});
