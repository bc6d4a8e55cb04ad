import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryCluster } from '../../support/memory-cluster.ts';
import type { User } from '../../../src/index.ts';

describe('a run without an XMPP target', () => {
  const start = async (_id: number, user: User): Promise<void> => {
    await user.connect();
  };

  it('is said before its first user starts, and its users name the setting', async () => {
    const cluster = new MemoryCluster({ chat: { start } });
    await cluster.joinMany(2);
    const settings = { interarrival: 1, repeatCount: 1 };
    await cluster.run(cluster.master.do('chat', 1, 5, { settings }));
    assert.match(
      cluster.said,
      /^warn: chat runs without an XMPP target, so users crash when they connect; set AMOC_XMPP_HOST=…/,
    );
    await cluster.clock.advance(1000);
    const { errors } = await cluster.run(cluster.master.users());
    assert.deepEqual(
      errors.map(({ message, count }) => [message, count]),
      [['no XMPP target is set: xmppHost (AMOC_XMPP_HOST) is empty', 5]],
    );
  });

  it('is nothing to speak of when the scenario opens no connections of its own', async () => {
    const cluster = new MemoryCluster({ web: { start: () => {}, connectionsPerUser: 0 } });
    await cluster.join('slave1');
    await cluster.run(cluster.master.do('web', 1, 5));
    assert.doesNotMatch(cluster.said, /target/);
  });

  it('is nothing to speak of when the settings of do() have one', async () => {
    const cluster = new MemoryCluster({ chat: { start: () => {} } });
    await cluster.join('slave1');
    await cluster.run(cluster.master.do('chat', 1, 5, { settings: { xmppHost: 'example.org' } }));
    assert.doesNotMatch(cluster.said, /target/);
  });
});
