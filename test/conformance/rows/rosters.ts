import assert from 'node:assert/strict';
import * as amoc from '../../../src/index.ts';
import { seesPresence, show, storyOfClients } from '../logins.ts';
import type { Row } from '../row.ts';
import { on } from '../row.ts';

const { bareJid, chatTo, isChatMessage, isIq, isPresence, presence, roster, xml } = amoc;

/** The next push to a client, as its one item. */
async function push(session: amoc.Session): Promise<amoc.Element> {
  const stanza = await session.waitForStanza(isIq('set', 'jabber:iq:roster'));
  const items = stanza.payload?.getChildren('item') ?? [];
  assert.equal(items.length, 1, stanza.text);
  return items[0] as amoc.Element;
}

/** Waits for the push of a state; some servers repeat the one of before. */
async function pushOf(session: amoc.Session, state: string): Promise<void> {
  let last: string;
  do last = stateOf(await push(session));
  while (last !== state);
}

const stateOf = ({ attrs }: amoc.Element): string =>
  [attrs['subscription'], attrs['ask']].filter((part) => part !== undefined).join(' ');

/** What the roster of a client has, contact by contact: `user_2@localhost none subscribe`. */
async function states(session: amoc.Session): Promise<string[]> {
  const answer = await session.sendIq(roster.get());
  const items = answer.payload?.getChildren('item') ?? [];
  return items.map((item) => `${item.attrs['jid']} ${stateOf(item)}`);
}

/** Waits until the client has all that came before now, and tells whether one fits. */
async function hasGot(
  session: amoc.Session,
  by: amoc.Session,
  predicate: amoc.Predicate,
): Promise<boolean> {
  const mark = `mark ${Math.random()}`;
  await by.send(chatTo(session.jid, mark));
  await session.waitForStanza(isChatMessage(mark));
  return session.takeStanza(predicate) !== undefined;
}

async function asks(from: amoc.Session, to: amoc.Session): Promise<void> {
  await from.send(presence.subscribe(bareJid(to.jid)));
  const isAsked = amoc.and(isPresence('subscribe'), amoc.isFrom(bareJid(from.jid)));
  const asked = await to.waitForStanza(isAsked);
  assert.equal(asked.from, bareJid(from.jid));
}

const tellsWhoHasNotAsked =
  (expected: boolean): Row['check'] =>
  (place) =>
    storyOfClients(place, 1, async (logIn, alice) => {
      const second = await logIn(alice);
      await show(second);
      await alice.sendIq(roster.get());
      await alice.sendIq(roster.add({ jid: 'friend@localhost' }));
      await push(alice);
      assert.equal(await hasGot(second, alice, isIq('set')), expected);
    });

const tellsTheEndTwice =
  (expected: boolean): Row['check'] =>
  (place) =>
    place.story(2, async (alice, bob) => {
      await amoc.befriend(alice, bob);
      await bob.send(presence.direct(bareJid(alice.jid), { show: 'dnd' }));
      await alice.waitForStanza(amoc.isPresenceWithShow('dnd'));
      await bob.send(presence('unavailable'));
      await seesPresence(alice, bob.jid, 'unavailable');
      assert.equal(await hasGot(alice, bob, isPresence('unavailable')), expected);
    });

export const rosters: readonly Row[] = [
  {
    what: 'a contact is added, changed and removed, and each client that has requested the roster is notified',
    spec: 'RFC 6121 §2.1.6, §2.3 to §2.5',
    check: (place) =>
      storyOfClients(place, 1, async (logIn, alice) => {
        const second = await logIn(alice);
        for (const session of [alice, second]) await session.sendIq(roster.get());
        await alice.sendIq(
          roster.add({ jid: 'friend@localhost', name: 'F & <co>', groups: ['a', 'b'] }),
        );
        for (const session of [alice, second]) {
          const item = await push(session);
          assert.equal(item.attrs['jid'], 'friend@localhost');
          assert.equal(item.attrs['name'], 'F & <co>');
          assert.equal(stateOf(item), 'none');
          const groups = item.getChildren('group').map((group) => group.text());
          assert.deepEqual(groups.sort(), ['a', 'b']);
        }
        await second.sendIq(roster.add({ jid: 'friend@localhost', name: 'other' }));
        for (const session of [alice, second]) {
          const item = await push(session);
          assert.equal(item.attrs['name'], 'other');
          assert.equal(item.getChildren('group').length, 0);
        }
        await alice.sendIq(roster.remove('friend@localhost'));
        for (const session of [alice, second]) {
          await pushOf(session, 'remove');
        }
        assert.deepEqual(await states(second), []);
      }),
  },
  {
    what: 'a client that has not requested the roster gets no roster pushes',
    spec: 'RFC 6121 §2.1.6, §2.2',
    differs: on(['ejabberd 23.01', 'ejabberd 24.12'], {
      why: 'tells all clients',
      check: tellsWhoHasNotAsked(true),
    }),
    check: tellsWhoHasNotAsked(false),
  },
  {
    what: 'a contact by a JID with capital letters is the one without',
    spec: 'RFC 7622 §3.3',
    check: (place) =>
      place.story(1, async (alice) => {
        await alice.sendIq(roster.add({ jid: 'Friend@LocalHost', name: '1' }));
        await alice.sendIq(roster.add({ jid: 'friend@localhost', name: '2' }));
        assert.deepEqual(await states(alice), ['friend@localhost none']);
      }),
  },
  {
    what: 'a contact without a JID is refused',
    spec: 'RFC 6121 §2.3.3',
    check: (place) =>
      place.story(1, async (alice) => {
        const query = xml('query', { xmlns: 'jabber:iq:roster' }, xml('item', { name: 'x' }));
        await assert.rejects(alice.sendIq(amoc.iq('set', query)), { condition: 'bad-request' });
      }),
  },
  {
    what: 'the roster of another account cannot be read',
    spec: 'RFC 6121 §2.1.3',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        const request = amoc.iq(
          'get',
          xml('query', { xmlns: 'jabber:iq:roster' }),
          bareJid(bob.jid),
        );
        await assert.rejects(alice.sendIq(request), { name: 'StanzaError' });
      }),
  },
  {
    what: 'a subscription goes from none to both, with a push at each step',
    spec: 'RFC 6121 §3.1, appendix A',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        const [a, b] = [bareJid(alice.jid), bareJid(bob.jid)];
        for (const session of [alice, bob]) await session.sendIq(roster.get());
        await asks(alice, bob);
        await pushOf(alice, 'none subscribe');
        // One who only asks does not stand in the roster.
        assert.deepEqual(await states(bob), []);
        await bob.send(presence.subscribed(a));
        await pushOf(bob, 'from');
        const allowed = await alice.waitForStanza(isPresence('subscribed'));
        assert.equal(allowed.from, b);
        await pushOf(alice, 'to');
        await seesPresence(alice, bob.jid);
        await asks(bob, alice);
        await pushOf(bob, 'from subscribe');
        await alice.send(presence.subscribed(b));
        await pushOf(alice, 'both');
        await bob.waitForStanza(isPresence('subscribed'));
        await pushOf(bob, 'both');
        await seesPresence(bob, alice.jid);
        assert.deepEqual(await states(alice), [`${b} both`]);
        assert.deepEqual(await states(bob), [`${a} both`]);
      }),
  },
  {
    what: 'a request for a subscription waits for who is not there, also for the next login',
    spec: 'RFC 6121 §3.1.3',
    check: (place) =>
      storyOfClients(
        place,
        2,
        async (logIn, alice, bob) => {
          await alice.sendIq(roster.get());
          await show(alice);
          // Bob has a session, and is not available.
          await alice.send(presence.subscribe(bareJid(bob.jid)));
          await alice.sendIq(amoc.ping('localhost'));
          for (const resource of ['one', 'two']) {
            const client = await logIn(bob, { resource });
            await show(client);
            const request = await client.waitForStanza(isPresence('subscribe'));
            assert.equal(request.from, bareJid(alice.jid));
            await client.send(presence('unavailable'));
            await client.close();
          }
          await show(bob);
          await bob.waitForStanza(isPresence('subscribe'));
          await bob.send(presence.subscribed(bareJid(alice.jid)));
          await alice.waitForStanza(isPresence('subscribed'));
        },
        { presence: false },
      ),
  },
  {
    what: 'a request for a subscription is declined',
    spec: 'RFC 6121 §3.2',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        await alice.sendIq(roster.get());
        await asks(alice, bob);
        await push(alice);
        await bob.send(presence('unsubscribed', bareJid(alice.jid)));
        await alice.waitForStanza(isPresence('unsubscribed'));
        await pushOf(alice, 'none');
        assert.deepEqual(await states(alice), [`${bareJid(bob.jid)} none`]);
      }),
  },
  {
    what: 'a subscription is given up, and another one is taken back',
    spec: 'RFC 6121 §3.2, §3.3',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        await amoc.befriend(alice, bob);
        await alice.send(presence('unsubscribe', bareJid(bob.jid)));
        await pushOf(bob, 'to');
        assert.deepEqual(await states(alice), [`${bareJid(bob.jid)} from`]);
        assert.deepEqual(await states(bob), [`${bareJid(alice.jid)} to`]);
        await alice.send(presence('unsubscribed', bareJid(bob.jid)));
        await bob.waitForStanza(isPresence('unsubscribed'));
        await seesPresence(bob, alice.jid, 'unavailable');
        assert.deepEqual(await states(alice), [`${bareJid(bob.jid)} none`]);
        assert.deepEqual(await states(bob), [`${bareJid(alice.jid)} none`]);
      }),
  },
  {
    what: 'who gives up a subscription is shown that the contact is unavailable',
    spec: 'RFC 6121 §3.3.3',
    differs: on(['prosody 0.12', 'prosody 13'], { why: 'shows nothing' }),
    check: (place) =>
      place.story(2, async (alice, bob) => {
        await amoc.befriend(alice, bob);
        await alice.send(presence('unsubscribe', bareJid(bob.jid)));
        await seesPresence(alice, bob.jid, 'unavailable');
      }),
  },
  {
    what: 'a contact that is removed from the roster is notified, and neither sees the presence of the other any more',
    spec: 'RFC 6121 §2.5.2',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        await amoc.befriend(alice, bob);
        await alice.sendIq(roster.remove(bareJid(bob.jid)));
        await bob.waitForStanza(isPresence('unsubscribe'));
        await bob.waitForStanza(isPresence('unsubscribed'));
        await seesPresence(bob, alice.jid, 'unavailable');
        assert.deepEqual(await states(bob), [`${bareJid(alice.jid)} none`]);
        assert.deepEqual(await states(alice), []);
      }),
  },
  {
    what: 'a client that logs in sees the presence of contacts and of the own other clients, and they see it',
    spec: 'RFC 6121 §4.2, §4.4',
    check: (place) =>
      storyOfClients(place, 2, async (logIn, alice, bob) => {
        await amoc.befriend(alice, bob);
        await show(bob, { show: 'dnd', status: 'busy' });
        await alice.waitForStanza(amoc.isPresenceWithShow('dnd'));
        const second = await logIn(alice);
        await show(second);
        const seen = await second.waitForStanza(amoc.isFrom(bob.jid));
        assert.equal(seen.getChildText('status'), 'busy');
        await seesPresence(second, alice.jid);
        await seesPresence(alice, second.jid);
        await seesPresence(bob, second.jid);
        await second.close();
        await seesPresence(alice, second.jid, 'unavailable');
        await seesPresence(bob, second.jid, 'unavailable');
      }),
  },
  {
    what: 'a contact that loses its connection is unavailable',
    spec: 'RFC 6121 §4.5.3',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        await amoc.befriend(alice, bob);
        bob.kill();
        await seesPresence(alice, bob.jid, 'unavailable');
      }),
  },
  {
    what: 'a probe of a contact is answered with its presence',
    spec: 'RFC 6121 §4.3',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        await amoc.befriend(alice, bob);
        await show(bob, { show: 'xa' });
        await alice.waitForStanza(amoc.isPresenceWithShow('xa'));
        await alice.send(presence('probe', bareJid(bob.jid)));
        const seen = await alice.waitForStanza(amoc.isPresenceWithShow('xa'));
        assert.equal(seen.from, bob.jid);
      }),
  },
  {
    what: 'presence to an account that is not a contact arrives, and so does its end',
    spec: 'RFC 6121 §4.6',
    check: (place) =>
      storyOfClients(place, 3, async (logIn, alice, bob, carol) => {
        const client = await logIn(alice);
        await show(client);
        await client.send(presence.direct(bob.jid, { show: 'chat' }));
        const seen = await bob.waitForStanza(isPresence('available'));
        assert.equal(seen.from, client.jid);
        await client.send(presence.direct(bareJid(carol.jid)));
        await seesPresence(carol, client.jid);
        await client.send(presence('unavailable', bareJid(carol.jid)));
        await seesPresence(carol, client.jid, 'unavailable');
        await client.close();
        await seesPresence(bob, client.jid, 'unavailable');
        assert.equal(await hasGot(carol, bob, isPresence('unavailable')), false);
      }),
  },
  {
    what: 'a contact that also got directed presence gets unavailable presence once',
    spec: 'RFC 6121 §4.6.3',
    differs: on(['prosody 0.12', 'prosody 13'], {
      why: 'tells it twice',
      check: tellsTheEndTwice(true),
    }),
    check: tellsTheEndTwice(false),
  },
  {
    what: 'who is no contact sees no presence',
    spec: 'RFC 6121 §4.2.2',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        await show(bob, { show: 'away' });
        assert.equal(await hasGot(alice, bob, amoc.isFrom(bareJid(bob.jid))), false);
      }),
  },
];
