import assert from 'node:assert/strict';
import * as amoc from '../../../src/index.ts';
import type { Row } from '../row.ts';

const { chatTo, isChatMessage } = amoc;

export const streamManagement: readonly Row[] = [
  {
    what: 'a session that was cut is taken up again, and nothing is lost',
    spec: 'XEP-0198 §5',
    check: (place) => {
      const accounts = new Map<amoc.Session, { username: string; password: string }>();
      return place.story(
        2,
        async (alice, bob) => {
          await bob.enableStreamManagement();
          await bob.sendIq(amoc.ping());
          const resume = bob.resumption;
          assert.ok(resume !== undefined);
          bob.kill();
          for (let at = 1; at <= 3; at++) await alice.send(chatTo(bob.jid, `while away ${at}`));
          await alice.sendIq(amoc.ping());
          await using again = await place.logIn({ ...accounts.get(bob), resume });
          assert.equal(again.jid, bob.jid);
          for (let at = 1; at <= 3; at++)
            await again.waitForStanza(isChatMessage(`while away ${at}`));
          await again.send(chatTo(alice.jid, 'back'));
          await alice.waitForStanza(isChatMessage('back'));
          await again.acked();
        },
        { onAccount: (session, account) => accounts.set(session, account) },
      );
    },
  },
  {
    what: 'the policy `reconnect` resumes, and what was sent meanwhile arrives',
    spec: 'XEP-0198 §5',
    check: (place) =>
      place.story(
        2,
        async (alice, bob) => {
          await alice.enableStreamManagement();
          const back = new Promise<amoc.Reconnected>((resolve) => alice.onReconnect(resolve));
          alice.cut();
          await alice.send(chatTo(bob.jid, 'sent into the gap'));
          assert.deepEqual(await back, { resumed: true, unacked: [] });
          await bob.waitForStanza(isChatMessage('sent into the gap'));
          await bob.send(chatTo(alice.jid, 'welcome back'));
          await alice.waitForStanza(isChatMessage('welcome back'));
        },
        { reconnect: { first: '10ms', most: '50ms' } },
      ),
  },
];
