import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { StopResult } from '../../src/control/results.ts';
import { makeAccounts, REGISTRATION } from '../support/make-accounts.ts';
import { Project } from '../support/project.ts';
import { runOn } from '../support/run-on.ts';
import { startEjabberd, startProsody } from '../support/servers.ts';
import type { RealServer } from '../support/servers.ts';

/** Further scenarios, in short, and what they must have counted. */
const more: Record<
  string,
  { settings: string[]; expect: Record<string, number>; boshWebSocket?: true }
> = {
  mongoose_simple_with_metrics: {
    // Long enough for the last to log in before the first has gone.
    settings: ['messageInterval=300ms', 'rounds=1'],
    expect: { checked_messages: 10, checked_ttd: 10 },
  },
  mongoose_simple_reconnect: {
    settings: ['cuts=2', 'between=300ms'],
    expect: { sessions_resumed: 80, message_after_a_cut: 80 },
  },
  mongoose_mam_read_and_send_msgs_with_metrics: {
    settings: ['messages=5', 'messageInterval=50ms', 'reads=2', 'pageSize=3'],
    expect: { mam_messages: 200, mam_read: 80 },
  },
  mongoose_pubsub: {
    // ejabberd 23.01 fails when many accounts make their first node at the same time.
    settings: ['interarrival=60ms', 'items=3', 'publishInterval=100ms', 'settle=3s'],
    expect: { pubsub_publish: 160, pubsub_events: 120 },
  },
  mongoose_ssl_tcp_ws_bosh: {
    settings: ['messages=6', 'messageInterval=200ms'],
    expect: { messages_sent: 240, messages_received: 80 },
    boshWebSocket: true,
  },
  mongoose_muc: {
    settings: ['messages=3', 'messageInterval=200ms', 'roomSize=5'],
    expect: { muc_join: 40, muc_messages: 200 },
  },
  mongoose_muc_light: { settings: ['messages=2'], expect: { skipped: 40 } },
  mongoose_one_to_one: {
    settings: ['messages=3', 'messageInterval=50ms', 'warmUp=5s'],
    expect: { there_and_back: 60 },
  },
};

for (const [name, start] of [
  ['ejabberd', startEjabberd],
  ['prosody', startProsody],
] as const) {
  describe(`on real ${name}, further scenarios`, () => {
    let server: RealServer;
    const names = [...Object.keys(more), REGISTRATION];
    const project = new Project(Object.fromEntries(names.map((each) => [each, true as const])));

    const run = (scenario: string, settings: string[]): Promise<StopResult> =>
      runOn(server, project, scenario, 40, settings);

    before(async () => {
      server = await start();
      await makeAccounts(server, project, 40);
    });
    after(async () => {
      project[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    });

    for (const [scenario, { settings, expect, boshWebSocket }] of Object.entries(more)) {
      it(`${scenario}: 40 users, no error`, async () => {
        const { http, tls } = server.ports;
        const ports = boshWebSocket
          ? [
              `httpPort=${http}`,
              `tlsPort=${tls}`,
              `webSocketPath=${server.webSocketPath}`,
              `boshPath=${server.boshPath}`,
            ]
          : [];
        const result = await run(scenario, [...settings, ...ports]);
        const { users, metrics, errors } = result;
        assert.deepEqual([users.finished, users.crashed, errors], [40, 0, []]);
        for (const [counter, least] of Object.entries(expect)) {
          const count = metrics.counters[counter] ?? metrics.times[counter]?.count ?? 0;
          assert.ok(count >= least, `${counter}: ${count}, not ${least}`);
        }
      });
    }
  });
}
