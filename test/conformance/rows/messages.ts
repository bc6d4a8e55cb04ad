import assert from 'node:assert/strict';
import * as amoc from '../../../src/index.ts';
import { transports } from '../place.ts';
import type { Row } from '../row.ts';

const { chatTo, isChatMessage, presence } = amoc;

export const messages: readonly Row[] = [
  {
    what: 'users register, log in, chat, befriend each other, see presence, and cancel',
    spec: 'RFC 6121',
    over: transports,
    check: (place) =>
      place.story(2, async (alice, bob) => {
        await alice.send(chatTo(bob.jid, 'hi <&> é 🦜'));
        const got = await bob.waitForStanza(isChatMessage('hi <&> é 🦜'));
        assert.equal(got.from, alice.jid);
        await amoc.befriend(alice, bob);
        const roster = await alice.sendIq(amoc.roster.get());
        assert.ok(amoc.rosterContains(amoc.bareJid(bob.jid))(roster));
        await bob.send(presence({ show: 'away', status: 'gone', priority: 3 }));
        await alice.waitForStanza(
          amoc.and(amoc.isPresenceWithShow('away'), amoc.isPresenceWithPriority(3)),
        );
        await alice.sendIq(amoc.ping('localhost'));
        // Longer than any one packet.
        const long = 'x'.repeat(40_000);
        await alice.send(chatTo(bob.jid, long));
        await bob.waitForStanza(isChatMessage(long));
      }),
  },
  {
    what: 'handlers see what is received and what is sent, and what nobody took is told',
    spec: 'RFC 6121 §5, RFC 6120 §8',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        const told: string[] = [];
        const stop = amoc.handle(
          alice,
          [
            { received: isChatMessage('question'), action: () => told.push('question') },
            { sent: isChatMessage(), action: (it) => told.push(it.getChildText('body')!) },
          ],
          { unhandled: (_, kind) => told.push(kind) },
        );
        await bob.send(chatTo(alice.jid, 'question'));
        await bob.send(amoc.message.headline(alice.jid, 'nobody waits for it'));
        await bob.sendIq(amoc.ping(alice.jid));
        await alice.send(chatTo(bob.jid, 'answer'));
        await bob.waitForStanza(isChatMessage('answer'));
        assert.deepEqual(told, ['question', 'message headline', 'answer']);
        stop();
        await alice.send(chatTo(bob.jid, 'unseen'));
        await bob.waitForStanza(isChatMessage('unseen'));
        assert.equal(told.length, 3);
      }),
  },
  {
    what: 'requests that leave one after the other do not overtake',
    spec: 'XEP-0124 §14',
    over: ['BOSH over TLS'],
    differs: { embedded: { why: 'has no BOSH' } },
    check: async (place) => {
      // ejabberd forgets a request that overtook an empty one: without order, some of these failed each time.
      const pairs = Array.from({ length: 12 }, () =>
        place.story(2, async (alice, bob) => {
          for (let round = 0; round < 8; round++) {
            await amoc.befriend(alice, bob);
            await alice.sendIq(amoc.roster.get());
            await bob.send(presence({ show: 'away' }));
            await alice.sendIq(amoc.ping('localhost'));
            await bob.sendIq(amoc.ping('localhost'));
            await alice.sendIq(amoc.roster.remove(amoc.bareJid(bob.jid)));
            await bob.sendIq(amoc.roster.remove(amoc.bareJid(alice.jid)));
          }
        }),
      );
      await Promise.all(pairs);
    },
  },
  {
    what: 'carbons go to the other resource',
    spec: 'XEP-0280',
    differs: { embedded: { why: 'has no carbons' } },
    check: (place) =>
      place.story(2, async (alice, bob) => {
        await alice.sendIq(amoc.carbons.enable());
        await bob.send(chatTo(amoc.bareJid(alice.jid), 'for all'));
        await alice.waitForStanza(isChatMessage('for all'));
        await alice.sendIq(amoc.carbons.disable());
      }),
  },
  {
    what: 'a message from offline storage is delayed, and is not in the time to delivery',
    spec: 'XEP-0160, XEP-0203',
    check: async (place) => {
      const account = { username: `off${Date.now()}`, password: 'away' };
      await place.register(account);
      await place.story(1, async (alice) => {
        await alice.send(chatTo(`${account.username}@localhost`, 'stored'));
        await alice.sendIq(amoc.ping('localhost'));
        const told = place.told();
        await using back = await place.logIn(account, { told });
        await back.send(presence());
        await back.waitForStanza(isChatMessage('stored'));
        await alice.send(chatTo(back.jid, 'at once'));
        await back.waitForStanza(isChatMessage('at once'));
        assert.deepEqual([told.seen.delayed.length, told.seen.delivered.length], [1, 1]);
      });
    },
  },
  {
    what: 'two sessions of one resource: the first one ends with conflict, and does not come back',
    spec: 'RFC 6120 §7.7.2.2',
    check: async (place) => {
      const account = { username: `twice${Date.now()}`, password: 'secret', resource: 'same' };
      await place.register(account);
      // With Bind 2 each session has a resource of its own (XEP-0386 §3).
      const apart = { sasl2: false, reconnect: { first: '10ms', most: '20ms' } } as const;
      const told = place.told();
      await using first = await place.logIn({ ...account, ...apart }, { told });
      await using second = await place.logIn({ ...account, ...apart });
      await assert.rejects(first.waitForStanza(), { name: 'SessionLost', message: /conflict/ });
      assert.deepEqual(told.seen.lost, ['conflict']);
      await second.sendIq(amoc.ping('localhost'));
    },
  },
  {
    what: 'an element with a character that XML forbids is refused before it is sent',
    spec: 'XML 1.0 §2.2, RFC 6120 §4.9.3.13',
    check: (place) =>
      place.story(1, async (alice) => {
        await assert.rejects(alice.send(chatTo(alice.jid, 'a\u0002b')), {
          code: 'ARGUMENT',
          message: /U\+0002/,
        });
        await alice.sendIq(amoc.ping('localhost'));
      }),
  },
  {
    what: 'a text with one ends the session, and the error says why',
    spec: 'RFC 6120 §4.9.3.13',
    check: (place) =>
      place.story(1, async (alice) => {
        await alice.send(`<message to="${alice.jid}"><body>a\u0002b</body></message>`);
        await assert.rejects(
          alice.waitForStanza(() => false),
          {
            name: 'SessionLost',
            message: /not-well-formed/,
          },
        );
      }),
  },
  {
    what: 'text around a CDATA section arrives as a whole',
    spec: 'XML 1.0 §2.7',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        await alice.send(
          `<message to="${bob.jid}" type="chat"><body>A<![CDATA[<b>]]>C</body></message>`,
        );
        await bob.waitForStanza(isChatMessage('A<b>C'));
      }),
  },
];
