import assert from 'node:assert/strict';
import * as amoc from '../../../src/index.ts';
import { show, storyOfClients } from '../logins.ts';
import { transports } from '../place.ts';
import type { Row } from '../row.ts';
import { on } from '../row.ts';

const { bareJid, chatTo, isChatMessage, presence } = amoc;

/** The error that comes back for what one sends. */
async function errorFor(session: amoc.Session, stanza: amoc.Element): Promise<string> {
  const error = await session.sendAndWait(stanza, ({ type }) => type === 'error');
  return error.getChild('error')?.getChildElements()[0]?.name ?? '';
}

/** A message that comes back. */
function errorRow(
  what: string,
  to: string,
  condition: string,
  { spec, differs }: { spec: string; differs: (look: Look) => NonNullable<Row['differs']> },
): Row {
  const look: Look = (expected) => (place) =>
    place.story(1, async (alice) => {
      assert.equal(await errorFor(alice, chatTo(to, 'x')), expected);
    });
  return {
    what: `a message to ${what} is answered with ${condition}`,
    spec,
    differs: differs(look),
    check: look(condition),
  };
}

type Look = (condition: string) => Row['check'];

const onProsody = (why: string, condition: string) => (look: Look) =>
  on(['prosody 0.12', 'prosody 13'], { why, check: look(condition) });

const onEjabberd = (why: string, condition: string) => (look: Look) =>
  on(['ejabberd 23.01', 'ejabberd 24.12'], { why, check: look(condition) });

/** Waits until the client has all that came before now. @returns the bodies of the messages */
async function bodies(session: amoc.Session, by: amoc.Session): Promise<string[]> {
  const mark = `mark ${Math.random()}`;
  await by.send(chatTo(session.jid, mark));
  const found: string[] = [];
  for (;;) {
    const next = await session.waitForStanza(amoc.isMessage());
    const body = next.getChildText('body') ?? '';
    if (body === mark) return found;
    found.push(body);
  }
}

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
    what: 'handlers see what is received and what is sent, and unhandled stanzas are reported',
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
    what: 'a message to an account goes to the clients of the highest priority',
    spec: 'RFC 6121 §8.5.2.1.1',
    check: (place) =>
      storyOfClients(place, 2, async (logIn, alice, bob) => {
        const low = await logIn(bob, { resource: 'low' });
        const high = await logIn(bob, { resource: 'high' });
        await show(low, { priority: 1 });
        await show(high, { priority: 5 });
        await show(bob, { priority: 5 });
        await alice.send(chatTo(bareJid(bob.jid), 'for the highest'));
        assert.deepEqual(await bodies(low, alice), []);
        assert.deepEqual(await bodies(high, alice), ['for the highest']);
        assert.deepEqual(await bodies(bob, alice), ['for the highest']);
      }),
  },
  {
    what: 'a client of negative priority gets what is sent to itself, and what is sent to the account waits',
    spec: 'RFC 6121 §8.5.2.1.1, §8.5.3.1, XEP-0160',
    check: (place) =>
      storyOfClients(place, 2, async (logIn, alice, bob) => {
        await show(bob, { priority: -1 });
        await alice.send(chatTo(bareJid(bob.jid), 'for the account'));
        await alice.send(chatTo(bob.jid, 'for the client'));
        assert.deepEqual(await bodies(bob, alice), ['for the client']);
        const other = await logIn(bob);
        await show(other);
        const late = await other.waitForStanza(isChatMessage('for the account'));
        assert.equal(late.from, alice.jid);
        assert.ok(late.getChild('delay', 'urn:xmpp:delay'));
      }),
  },
  {
    what: 'messages to one who is away come at the next login, in order and once',
    spec: 'XEP-0160',
    check: (place) =>
      storyOfClients(place, 2, async (logIn, alice, bob) => {
        await bob.close();
        for (let at = 1; at <= 3; at++) await alice.send(chatTo(bob.jid, `late ${at}`));
        await alice.sendIq(amoc.ping('localhost'));
        const first = await logIn(bob);
        await show(first);
        for (let at = 1; at <= 3; at++) {
          const late = await first.waitForStanza(amoc.isMessage());
          assert.equal(late.getChildText('body'), `late ${at}`);
        }
        const second = await logIn(bob, { resource: 'second' });
        await show(second);
        assert.deepEqual(await bodies(second, alice), []);
      }),
  },
  {
    what: 'a message to a client that is not there goes to the others of its account',
    spec: 'RFC 6121 §8.5.3.2.1',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        await alice.send(chatTo(`${bareJid(bob.jid)}/elsewhere`, 'for one of you'));
        await bob.waitForStanza(isChatMessage('for one of you'));
      }),
  },
  {
    what: 'a headline to an account goes to all its clients, and does not wait',
    spec: 'RFC 6121 §8.5.2.1.1',
    check: (place) =>
      storyOfClients(place, 2, async (logIn, alice, bob) => {
        const other = await logIn(bob);
        await show(other, { priority: 3 });
        const headline = amoc.message.send(bareJid(bob.jid), { type: 'headline', body: 'news' });
        await alice.send(headline);
        assert.deepEqual(await bodies(bob, alice), ['news']);
        assert.deepEqual(await bodies(other, alice), ['news']);
        for (const session of [bob, other]) {
          await session.send(presence('unavailable'));
          await session.sendIq(amoc.ping('localhost'));
        }
        await alice.send(headline);
        await alice.sendIq(amoc.ping('localhost'));
        await show(other);
        assert.deepEqual(await bodies(other, alice), []);
      }),
  },
  {
    what: 'a message of type error is never answered',
    spec: 'RFC 6120 §8.3.1',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        for (const to of [`nobody.at.all@localhost`, `${bareJid(bob.jid)}/elsewhere`]) {
          await alice.send(amoc.message.send(to, { type: 'error', body: 'e' }));
        }
        assert.deepEqual(await bodies(alice, bob), []);
        assert.deepEqual(await bodies(bob, alice), []);
      }),
  },
  {
    what: 'a message to no account, and one as to a room to an account, is answered with an error',
    spec: 'RFC 6121 §8.5.1, §8.5.2.1.1',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        const toUnknown = chatTo('nobody.at.all@localhost', 'x');
        assert.equal(await errorFor(alice, toUnknown), 'service-unavailable');
        const asToRoom = amoc.groupchatTo(bareJid(bob.jid), 'x');
        assert.equal(await errorFor(alice, asToRoom), 'service-unavailable');
      }),
  },
  errorRow('a domain that is not there', 'friend@nowhere.invalid', 'remote-server-not-found', {
    spec: 'RFC 6120 §10.4',
    differs: onProsody('answers not-allowed, as it reaches no other server here', 'not-allowed'),
  }),
  errorRow('what is not a JID', '@@/', 'jid-malformed', {
    spec: 'RFC 6120 §8.1.1.1, §8.3.3.8',
    differs: onEjabberd('answers bad-request', 'bad-request'),
  }),
  {
    what: 'a JID is the same with capital letters in its account and its domain',
    spec: 'RFC 7622 §3.2, §3.3',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        const [account, resource] = bob.jid.split('/') as [string, string];
        await alice.send(chatTo(`${account.toUpperCase()}/${resource}`, 'to the full one'));
        await bob.waitForStanza(isChatMessage('to the full one'));
        await alice.send(chatTo(account.toUpperCase(), 'to the bare one'));
        await bob.waitForStanza(isChatMessage('to the bare one'));
        if (resource !== resource.toUpperCase()) {
          await alice.send(presence.direct(`${account}/${resource.toUpperCase()}`));
          assert.deepEqual(await bodies(bob, alice), []);
          assert.equal(bob.takeStanza(amoc.isFrom(alice.jid)), undefined);
        }
      }),
  },
  {
    what: 'text around CDATA arrives whole',
    spec: 'XML 1.0 §2.7',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        await alice.send(
          `<message to='${bob.jid}' type='chat'><body>A<![CDATA[<b> & ]] ]]>B&#x1F600;<![CDATA[]]>C</body></message>`,
        );
        await bob.waitForStanza(isChatMessage('A<b> & ]] B😀C'));
      }),
  },
];
