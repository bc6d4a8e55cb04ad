import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { StopResult } from '../../src/control/results.ts';
import { makeAccounts, REGISTRATION } from '../support/make-accounts.ts';
import { Project } from '../support/project.ts';
import { hasNewerServers, plainTarget, startEjabberd, startProsody } from '../support/servers.ts';
import type { RealServer } from '../support/servers.ts';

const USERS = 20;
const LEFT = 5;
const TALKED = 20;

/** Users who write to those that are not there and go, or who talk. */
const leave_or_talk = `
import { chatTo, presence } from 'amoc';
import type { User, Variables } from 'amoc';

export const variables = { talk: { description: 'whether they talk', default: true } } satisfies Variables;

export async function start(id: number, user: User<typeof variables>): Promise<void> {
  const session = await user.connect();
  session.keepOnly('none');
  const partner = user.jidOf(id % 2 === 0 ? id - 1 : id + 1);
  if (!user.settings.talk) {
    for (let sent = 0; sent < ${LEFT}; sent++) await session.send(chatTo(partner, 'for later'));
    return;
  }
  await session.send(presence());
  await user.sleep('2s');
  for (let sent = 0; sent < ${TALKED}; sent++) {
    await session.send(chatTo(partner, 'now'));
    await user.sleep('50ms');
  }
  await user.sleep('1s');
}
`;

const newer = hasNewerServers;

for (const [name, start] of [
  [newer ? 'ejabberd 24.12' : 'ejabberd', () => startEjabberd({ newer })],
  [newer ? 'prosody 13' : 'prosody', () => startProsody({ newer })],
] as const) {
  describe(`on real ${name}, a run after another one`, () => {
    let server: RealServer;
    const project = new Project({ leave_or_talk, [REGISTRATION]: true });

    before(async () => {
      server = await start();
      await makeAccounts(server, project, 2 * USERS);
    });
    after(async () => {
      project[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    });

    const run = async (from: number, talk: boolean): Promise<StopResult> => {
      const settings = ['interarrival=5ms', 'repeatCount=1', 'stopTimeout=60s', `talk=${talk}`];
      const ids = [String(from), String(from + USERS - 1)];
      const args = ['leave_or_talk', ...ids, '--settings', ...settings];
      const result = await project.result(args, plainTarget(server));
      assert.deepEqual(result.errors, []);
      return result;
    };

    it('has the time to delivery of one on fresh accounts, whatever lies in offline storage', async (test) => {
      await run(1, false);
      const used = await run(1, true);
      const fresh = await run(USERS + 1, true);
      const delay = used.metrics.times['message_delay'];
      assert.equal(used.metrics.counters['messages_delayed'], LEFT * USERS);
      assert.equal(fresh.metrics.counters['messages_delayed'] ?? 0, 0);
      const [ofUsed, ofFresh] = [used, fresh].map(({ metrics }) => metrics.times['message_ttd']);
      assert.ok(ofUsed !== undefined && ofFresh !== undefined && delay !== undefined);
      assert.deepEqual([ofUsed.count, ofFresh.count], [TALKED * USERS, TALKED * USERS]);
      const told = JSON.stringify({ ofUsed, ofFresh, delay });
      assert.ok(ofUsed.p50 < 5 * ofFresh.p50 + 20 && ofFresh.p50 < 5 * ofUsed.p50 + 20, told);
      test.diagnostic(told);
    });
  });
}
