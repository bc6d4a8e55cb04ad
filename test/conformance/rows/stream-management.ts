import assert from 'node:assert/strict';
import * as amoc from '../../../src/index.ts';
import type { Row } from '../row.ts';

const { chatTo, isChatMessage, presence } = amoc;

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
  {
    what: 'what is sent before the server has enabled it counts too',
    spec: 'XEP-0198 §4',
    check: (place) =>
      place.story(1, async (alice) => {
        const enabling = alice.enableStreamManagement();
        await alice.send(presence({ status: 'early' }));
        await enabling;
        await alice.send(chatTo(alice.jid, 'one'));
        await alice.acked();
        assert.equal(alice.unacked, 0);
        assert.ok(alice.isOpen);
      }),
  },
  {
    what: 'a text of two stanzas counts as two, and one with blanks around it as one',
    spec: 'XEP-0198 §4',
    check: (place) =>
      place.story(1, async (alice) => {
        await alice.enableStreamManagement();
        const one = chatTo(alice.jid, 'one').toString();
        await alice.send(one + one);
        await alice.send(`\n  ${one}\n`);
        assert.equal(alice.unacked, 3);
        await alice.acked();
        for (let at = 0; at < 3; at++) await alice.waitForStanza(isChatMessage('one'));
        assert.ok(alice.isOpen);
      }),
  },
  {
    what: 'an IQ and a wait that a cut interrupts go on when the session is resumed',
    spec: 'XEP-0198 §5',
    check: (place) =>
      place.story(
        2,
        async (alice, bob) => {
          await alice.enableStreamManagement();
          const waited = alice.waitForStanza(isChatMessage('later'));
          const asked = alice.sendIq(amoc.ping('localhost'));
          alice.cut();
          alice.cut();
          await asked;
          await bob.send(chatTo(alice.jid, 'later'));
          await waited;
          await alice.sendIq(amoc.ping('localhost'));
        },
        { reconnect: { first: '10ms', most: '50ms' } },
      ),
  },
  {
    what: 'a session that takes the place of one that could not be resumed is managed as well',
    spec: 'XEP-0198 §5',
    check: (place) =>
      place.story(
        1,
        async (alice) => {
          await alice.enableStreamManagement();
          await alice.acked();
          const first = alice.resumption?.id;
          const back = new Promise<amoc.Reconnected>((resolve) => alice.onReconnect(resolve));
          // The server forgets a session that was closed, and closes the connection.
          await alice.send('</stream:stream>');
          assert.deepEqual(await back, { resumed: false, unacked: [] });
          await alice.sendAndWait(presence(), amoc.isPresence('available'));
          await alice.acked();
          assert.notEqual(alice.resumption?.id, first);
          assert.notEqual(alice.resumption?.id, undefined);
        },
        { reconnect: { first: '10ms', most: '50ms' } },
      ),
  },
];
