import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NodeEntry } from '../../../src/master/nodes/node-entry.ts';
import { matchesAny, NodeRegistry } from '../../../src/master/nodes/node-registry.ts';
import { UNPLACED } from '../../../src/master/users/owner-table.ts';
import { MasterPeer } from '../../../src/protocol/peer.ts';
import { closedTransport } from '../../../src/protocol/transport.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('nodes are meant', () => {
  const info = {
    name: 'slave1/2',
    host: 'h',
    pid: 1,
    version: '0',
    node: '20',
    identity: '0123456789abcdef',
    labels: { zone: 'a' },
  };
  const node = new NodeEntry(info, new MasterPeer(closedTransport('x'), new FakeClock()), 1);

  for (const [pattern, isMeant] of [
    ['slave1/2', true],
    ['slave1', true],
    ['slave*', true],
    ['*/2', true],
    ['zone=a', true],
    ['slave', false],
    ['slave2*', false],
    ['zone=b', false],
    ['rack=a', false],
    ['slave.*', false],
  ] as const) {
    it(`${isMeant ? 'by' : 'not by'} ${pattern}`, () =>
      assert.equal(matchesAny(node, [pattern]), isMeant));
  }
});

describe('numbers of nodes', () => {
  const info = (name: string): NodeEntry['info'] => ({
    ...{ name, host: 'h', pid: 1, version: '0', node: '20', identity: '0123456789abcdef' },
  });
  const entry = (name: string, number: number): NodeEntry =>
    new NodeEntry(info(name), new MasterPeer(closedTransport('x'), new FakeClock()), number);

  it('come again when all others were used, but for those of nodes that are there', () => {
    const registry = new NodeRegistry();
    const stays = entry('stays/1', registry.nextNumber());
    registry.add(stays);
    for (let joined = 0; joined < 3 * UNPLACED; joined++) {
      const number = registry.nextNumber();
      assert.ok(number >= 1 && number < UNPLACED && number !== stays.number, `${number}`);
    }
  });

  it('are refused when there are too many nodes', () => {
    const registry = new NodeRegistry();
    registry.byNumber = (number) => entry('any/1', number);
    assert.throws(() => registry.nextNumber(), { code: 'BUSY', message: /32,766 processes/ });
  });
});
