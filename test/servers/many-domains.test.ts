import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { StopResult } from '../../src/control/results.ts';
import { makeAccounts, REGISTRATION } from '../support/make-accounts.ts';
import { Project } from '../support/project.ts';
import { runOn } from '../support/run-on.ts';
import { startScriptedServer } from '../support/scripted-server.ts';
import { hasNewerServers, startEjabberd, startProsody } from '../support/servers.ts';
import type { RealServer } from '../support/servers.ts';

const USERS = 24;
const domains = ['d1.localhost', 'd2.localhost', 'd3.localhost'];
const inDomains = 'xmppDomain=d{bucket:3}.localhost';

/** Two rooms of four users in each domain; who writes to whom are users 1 and 4, 2 and 5 … */
const scenarios: Record<string, { settings: string[]; expect: Record<string, number> }> = {
  dynamic_domains_pm: {
    settings: ['messages=4', 'messageInterval=200ms', 'warmUp=2s', 'settle=1s'],
    expect: { chats_sent: 4 * USERS, chats_received: 4 * USERS },
  },
  dynamic_domains_muc: {
    settings: ['messages=3', 'messageInterval=100ms', 'warmUp=2s', 'settle=1s', 'roomSize=4'],
    expect: { muc_join: USERS, rooms_made: USERS / 4, muc_messages: 4 * 3 * USERS },
  },
  dynamic_domains_mam: {
    settings: [
      ...['messages=4', 'messageInterval=100ms', 'warmUp=1s'],
      ...['lookups=3', 'lookupInterval=200ms', 'pageSize=5'],
    ],
    expect: { mam_lookup: 3 * USERS },
  },
  dynamic_domains_inbox: { settings: [], expect: { skipped: USERS } },
};
const newer = hasNewerServers;

for (const [name, start] of [
  [newer ? 'ejabberd 24.12' : 'ejabberd', () => startEjabberd({ newer, domains })],
  [newer ? 'prosody 13' : 'prosody', () => startProsody({ newer, domains })],
] as const) {
  describe(`on real ${name}, users over three domains`, () => {
    let server: RealServer;
    const names = [...Object.keys(scenarios), REGISTRATION];
    const project = new Project(Object.fromEntries(names.map((each) => [each, true as const])));

    const run = (scenario: string, settings: string[]): Promise<StopResult> =>
      runOn(server, project, scenario, USERS, [inDomains, ...settings]);

    before(async () => {
      server = await start();
      await makeAccounts(server, project, USERS, [inDomains]);
    });
    after(async () => {
      project[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    });

    for (const [scenario, { settings, expect }] of Object.entries(scenarios)) {
      it(`${scenario}: ${USERS} users, no error`, async () => {
        const { users, metrics, errors } = await run(scenario, settings);
        assert.deepEqual([users.finished, users.crashed, errors], [USERS, 0, []]);
        for (const [key, count] of Object.entries(expect)) {
          assert.equal(metrics.counters[key] ?? metrics.times[key]?.count, count, key);
        }
      });
    }
  });
}

describe('dynamic_domains_inbox', () => {
  it('counts looks and conversations where there is an inbox', async () => {
    const INBOX = 'erlang-solutions.com:xmpp:inbox:0';
    // As the documentation of MongooseIM 6 has it, which cannot be installed here.
    await using server = await startScriptedServer('tcp', {
      takes: (text, client) => {
        const id = /<iq[^>]*\sid="([^"]+)"/.exec(text)?.[1];
        const query = /<inbox[^>]*queryid="([^"]+)"/.exec(text)?.[1];
        if (id === undefined || query === undefined) return false;
        for (const from of ['bob', 'carol']) {
          client.send(
            `<message from='user_1@localhost' to='user_1@localhost/res1'><result xmlns='${INBOX}' unread='1' queryid='${query}'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2026-11-28T00:00:00Z'/><message xmlns='jabber:client' from='${from}@localhost' to='user_1@localhost' type='chat'><body>hi</body></message></forwarded></result></message>`,
          );
        }
        client.send(
          `<iq type='result' id='${id}' to='user_1@localhost/res1'><fin xmlns='${INBOX}'><count>2</count><unread-messages>2</unread-messages><active-conversations>2</active-conversations></fin></iq>`,
        );
        return true;
      },
    });
    using project = new Project({ dynamic_domains_inbox: true });
    const settings = ['warmUp=0', 'lookups=3', 'lookupInterval=50ms', 'groupSize=1'];
    const { users, metrics, errors } = await project.result(
      ['dynamic_domains_inbox', '1', '1', '--settings', 'repeatCount=1', ...settings],
      {
        AMOC_XMPP_HOST: '127.0.0.1',
        AMOC_XMPP_PORT: String(server.port),
        AMOC_XMPP_DOMAIN: 'localhost',
      },
    );
    assert.deepEqual([users.finished, users.crashed, errors], [1, 0, []]);
    assert.equal(metrics.times['inbox_lookup']?.count, 4);
    assert.equal(metrics.counters['inbox_conversations'], 8);
    // Of the archive: not what a user has just been sent.
    assert.equal(metrics.times['message_ttd']?.count ?? 0, 0);
  });
});
