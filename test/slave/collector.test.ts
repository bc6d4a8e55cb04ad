import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { User } from '../../src/users/user.ts';
import { MemoryCluster } from '../support/memory-cluster.ts';

describe('the collector of a slave', () => {
  /** Users whose login takes so many milliseconds each. */
  const loggingIn = async (
    users: number,
    loginMs: (id: number) => number,
  ): Promise<{ cluster: MemoryCluster; began: number }> => {
    const start = async (id: number, user: User): Promise<void> => {
      await user.sleep(loginMs(id));
      user.metrics.gauge('connections_open').add();
      await user.sleep(3_600_000);
    };
    const cluster = new MemoryCluster({ work: { start } });
    await cluster.join('local/1');
    await cluster.run(cluster.master.do('work', 1, users, { settings: { interarrival: 1 } }));
    return { cluster, began: cluster.clock.monotonic() };
  };

  it('collects what logins leave when the last of them has ended, once', async () => {
    // All have begun after a second; the last login ends after 11.
    const { cluster, began } = await loggingIn(1000, (id) => id * 10);
    await cluster.clock.advance(60_000);
    const [at = NaN, ...more] = cluster.collected;
    assert.deepEqual(more, []);
    assert.ok(at - began > 11_000 && at - began < 18_000, `${at - began} ms`);
  });

  it('leaves it to V8 when few log in', async () => {
    const { cluster } = await loggingIn(100, () => 10);
    await cluster.clock.advance(60_000);
    assert.deepEqual(cluster.collected, []);
  });

  it('leaves it to V8 when sessions come and go all the time', async () => {
    const { cluster } = await loggingIn(1000, (id) => id * 1000);
    await cluster.clock.advance(900_000);
    assert.deepEqual(cluster.collected, []);
  });
});
