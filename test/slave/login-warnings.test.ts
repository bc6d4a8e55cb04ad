import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { User } from '../../src/index.ts';
import { startFaultyServer } from '../support/faulty-server.ts';
import { MemoryCluster } from '../support/memory-cluster.ts';
import { eventually } from '../support/eventually.ts';

describe('a password that goes in clear to another machine', () => {
  it('is warned of once in a run, however many users log in', async () => {
    await using server = await startFaultyServer('session', () => {});
    let loggedIn = 0;
    const cluster = new MemoryCluster({
      login: {
        start: async (_id: number, user: User) => {
          await user.connect();
          loggedIn++;
          await user.sleep('1h');
        },
      },
    });
    // Not a loopback address by its name, and yet this machine.
    const settings = { xmppHost: '0.0.0.0', xmppPort: server.port, interarrival: 1 };
    await cluster.joinMany(1);
    const warnings = (): string[] =>
      cluster.logs.filter(({ level }) => level === 40).map(({ msg }) => String(msg));
    for (let run = 1; run <= 2; run++) {
      loggedIn = 0;
      await cluster.run(cluster.master.do('login', 1, 5, { settings }));
      await cluster.clock.advance(100);
      await eventually(
        () => loggedIn,
        (count) => count === 5,
      );
      const said = warnings();
      assert.equal(said.length, run, said.join('\n'));
      assert.match(
        said.at(-1) ?? '',
        /^0\.0\.0\.0: PLAIN sends the password in the clear, and the connection has no TLS \(xmppTls 'starttls' or 'direct' demands it\); reported once per run$/,
      );
      await cluster.run(cluster.master.stop({ force: true }));
    }
  });
});
