import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { StopResult } from '../../src/control/results.ts';
import { makeAccounts, REGISTRATION } from '../support/make-accounts.ts';
import { Project } from '../support/project.ts';
import { runOn } from '../support/run-on.ts';
import { hasNewerServers, startEjabberd, startProsody } from '../support/servers.ts';
import type { RealServer } from '../support/servers.ts';

const USERS = 40;

/** The load of today's servers, in short, and what it must have counted: exactly, or at least. */
const scenarios: Record<
  string,
  { settings: string[]; exactly: Record<string, number>; least: Record<string, number> }
> = {
  reconnect_storm: {
    settings: ['storms=2', 'every=4s', 'backoff=500ms'],
    exactly: { back_after_cut: 2 * USERS, connections_lost: 2 * USERS },
    least: {},
  },
  resume_storm: {
    settings: ['storms=2', 'every=4s', 'messages=3', 'backoff=500ms', 'settle=4s'],
    exactly: {
      ...{ back_after_cut: 2 * USERS, storm_resumed: 2 * USERS },
      'connection_by{kind="resumed"}': 2 * USERS,
    },
    least: { storm_messages: 2 * USERS * 3 },
  },
  pep_devices: {
    settings: ['interarrival=60ms', 'rotations=3', 'rotateEvery=300ms', 'settle=4s'],
    exactly: { bundle_publish: 4 * USERS, devices_publish: 4 * USERS },
    // Each has two contacts, the first and the last one; events begin once the servers know the hash.
    least: { device_events: 3 * USERS, bundle_fetch: 3 * USERS },
  },
  mixed_traffic: {
    settings: [
      ...['stay=4s', 'chatEvery=500ms', 'roomEvery=1s', 'presenceEvery=1s', 'rosterEvery=2s'],
      ...['vcardEvery=2s', 'blockEvery=2s', 'archiveEvery=1s', 'uploadEvery=2s', 'cutEvery=2s'],
      ...['roomSize=5', 'fileSize=20000'],
    ],
    exactly: {
      ...{ room_join: USERS, chats_sent: 10 * USERS, back_after_cut: 2 * USERS },
      ...{ upload_slot: 2 * USERS, upload_put: 2 * USERS, archive_page: 4 * USERS },
      ...{ roster_set: 2 * USERS, vcard_get: 2 * USERS, block: 2 * USERS, unblock: 2 * USERS },
    },
    // The last ones leave before their neighbours have written all.
    least: { chats_received: 5 * USERS, room_messages_received: 8 * USERS },
  },
};

const newer = hasNewerServers;

for (const [name, start] of [
  [newer ? 'ejabberd 24.12' : 'ejabberd', () => startEjabberd({ newer })],
  ['prosody', startProsody],
] as const) {
  describe(`on real ${name}, storms and mixed load`, () => {
    let server: RealServer;
    const names = [...Object.keys(scenarios), REGISTRATION];
    const project = new Project(Object.fromEntries(names.map((each) => [each, true as const])));

    const run = (scenario: string, settings: string[]): Promise<StopResult> =>
      runOn(server, project, scenario, USERS, settings);

    before(async () => {
      server = await start();
      await makeAccounts(server, project, USERS);
    });
    after(async () => {
      project[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    });

    for (const [scenario, { settings, exactly, least }] of Object.entries(scenarios)) {
      // A larger one is in resume-storm.test.ts.
      if (scenario === 'resume_storm' && name.startsWith('ejabberd')) continue;
      it(`${scenario}: ${USERS} users, no error`, async () => {
        const { users, metrics, errors } = await run(scenario, settings);
        assert.deepEqual([users.finished, users.crashed, errors], [USERS, 0, []]);
        const { counters, times } = metrics;
        const seen = (key: string): number => counters[key] ?? times[key]?.count ?? 0;
        for (const [key, count] of Object.entries(exactly)) assert.equal(seen(key), count, key);
        for (const [key, count] of Object.entries(least)) {
          assert.ok(seen(key) >= count, `${key}: ${seen(key)}, not ${count}`);
        }
      });
    }
  });
}
