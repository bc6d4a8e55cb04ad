import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NodeEntry } from '../../src/master/node-entry.ts';
import { MasterPeer } from '../../src/protocol/peer.ts';
import { closedTransport } from '../../src/protocol/transport.ts';
import { FakeClock } from '../support/fake-clock.ts';

function makeNode(): NodeEntry {
  const info = { name: 's/1', host: 'h', pid: 1, version: '0', node: '20', identity: 'i' };
  return new NodeEntry(info, new MasterPeer(closedTransport('test'), new FakeClock()), 1);
}

describe('a process whose loop stands still', () => {
  const blocked = { is: 'blocked', forMs: 2000, frames: [] } as const;

  it('is in the run as before: with its users when it was ready or drained', () => {
    const node = makeNode();
    node.status = blocked;
    assert.equal(node.isInRun, false);
    node.wasDrained = true;
    assert.deepEqual([node.isInRun, node.isReady], [true, false]);
    node.wasDrained = false;
    node.wasReady = true;
    assert.deepEqual([node.isInRun, node.isReady], [true, true]);
  });
});
