import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NodeEntry } from '../../src/master/node-entry.ts';
import { matchesAny } from '../../src/master/node-registry.ts';
import { MasterPeer } from '../../src/protocol/peer.ts';
import { closedTransport } from '../../src/protocol/transport.ts';
import { FakeClock } from '../support/fake-clock.ts';

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
