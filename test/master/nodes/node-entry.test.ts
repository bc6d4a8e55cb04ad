import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NodeEntry } from '../../../src/master/nodes/node-entry.ts';
import type { NodeChange } from '../../../src/master/nodes/node-entry.ts';
import { MasterPeer } from '../../../src/protocol/peer.ts';
import { closedTransport } from '../../../src/protocol/transport.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function makeNode(): NodeEntry {
  const info = { name: 's/1', host: 'h', pid: 1, version: '0', node: '20', identity: 'i' };
  return new NodeEntry(info, new MasterPeer(closedTransport('test'), new FakeClock()), 1);
}

describe('a process in the registry', () => {
  it('reports each change of its state once', () => {
    const node = makeNode();
    const changes: string[] = [];
    node.onChange = ({ from, to }: NodeChange) => {
      changes.push(`${from.role} ${from.reach} -> ${to.role} ${to.reach}`);
    };
    node.apply({ type: 'prepare' });
    node.apply({ type: 'serve' });
    node.apply({ type: 'serve' });
    node.apply({ type: 'block', forMs: 2000, frames: [] });
    node.apply({ type: 'block', forMs: 3000, frames: [] });
    assert.equal(node.state.blockage?.forMs, 3000);
    node.apply({ type: 'lose' });
    assert.deepEqual(changes, [
      'connected here -> preparing here',
      'preparing here -> ready here',
      'ready here -> ready blocked',
      'ready blocked -> ready gone',
    ]);
  });

  it('keeps its users over a blocked event loop, drained or not', () => {
    const node = makeNode();
    node.apply({ type: 'prepare' });
    node.apply({ type: 'block', forMs: 2000, frames: [] });
    assert.deepEqual([node.isInRun, node.isReady], [false, false]);
    node.apply({ type: 'serve' });
    assert.deepEqual([node.isInRun, node.isReady], [true, true]);
    node.apply({ type: 'drain' });
    assert.deepEqual([node.isInRun, node.isReady], [true, false]);
  });
});
