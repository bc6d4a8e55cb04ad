import assert from 'node:assert/strict';
import * as amoc from '../../../src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { storyOfClients } from '../logins.ts';
import type { Place } from '../place.ts';
import type { Row } from '../row.ts';
import { on } from '../row.ts';

const { and, isMessage, isPresence, presence } = amoc;
const MUC_USER = 'http://jabber.org/protocol/muc#user';

let made = 0;

function newRoom(): string {
  return `room${Date.now()}.${++made}@conference.localhost`;
}

/** A story of two, the first of whom has made a room and is in it. */
function inRoom(
  place: Place,
  tell: (room: string, alice: amoc.Session, bob: amoc.Session) => Promise<unknown>,
): Promise<void> {
  return place.story(2, async (alice, bob) => {
    const room = newRoom();
    await amoc.joinRoom(alice, room, 'alice');
    await alice.sendIq(amoc.muc.configure(room));
    await tell(room, alice, bob);
  });
}

/** That very JID. */
function from(jid: string): amoc.Predicate {
  return (stanza) => stanza.from === jid;
}

function codesOf(stanza: amoc.Stanza): string[] {
  const codes = stanza.getChild('x', MUC_USER)?.getChildren('status') ?? [];
  return codes.map(({ attrs }) => String(attrs['code']));
}

function itemOf(stanza: amoc.Stanza): { affiliation: unknown; role: unknown } {
  const { affiliation, role } = stanza.getChild('x', MUC_USER)?.getChild('item')?.attrs ?? {};
  return { affiliation, role };
}

function jidIn(stanza: amoc.Stanza): unknown {
  return stanza.getChild('x', MUC_USER)?.getChild('item')?.attrs['jid'];
}

export const rooms: readonly Row[] = [
  {
    what: 'a room is made, configured, joined, talked in and destroyed',
    spec: 'XEP-0045 §7, §10',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        const room = `room${Date.now()}@conference.localhost`;
        const made = await amoc.joinRoom(alice, room, 'alice');
        assert.equal(made.isNew, true);
        await alice.sendIq(amoc.muc.configure(room));
        await alice.send(amoc.groupchatTo(room, 'first'));
        await alice.waitForStanza(amoc.isGroupchatMessage('first'));
        const joined = await amoc.joinRoom(bob, room, 'bob');
        assert.deepEqual(
          joined.occupants.map(({ from }) => from),
          [`${room}/alice`],
        );
        assert.deepEqual(
          joined.history.map((each) => each.getChildText('body')),
          ['first'],
        );
        await bob.send(amoc.groupchatTo(room, 'second'));
        await alice.waitForStanza(amoc.isGroupchatMessage('second'));
        await assert.rejects(amoc.joinRoom(bob, room, 'alice'), {
          name: 'StanzaError',
          condition: 'conflict',
        });
        await alice.sendIq(amoc.muc.destroy(room));
      }),
  },
  {
    what: 'a room is joined by a name with capital letters, and by one with an umlaut',
    spec: 'RFC 7622 §3.3',
    check: (place) =>
      place.story(1, async (alice) => {
        for (const name of ['Large', 'zürich']) {
          const room = `${name}${Date.now()}@conference.localhost`;
          const joined = await amoc.joinRoom(alice, room, 'Nick One');
          assert.equal(joined.isNew, true);
          await alice.sendIq(amoc.muc.configure(room));
        }
      }),
  },
  {
    what: 'a room that another user has just created is entered as soon as it is configured',
    spec: 'XEP-0045 §10.1.3',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        const room = `locked${Date.now()}@conference.localhost`;
        await amoc.joinRoom(alice, room, 'alice');
        const entering = amoc.joinRoom(bob, room, 'bob');
        await alice.sendIq(amoc.ping('localhost'));
        await alice.sendIq(amoc.muc.configure(room));
        assert.equal((await entering).isNew, false);
      }),
  },
  {
    what: 'one who keeps nothing enters a room with 150 others, and misses none of them',
    spec: 'XEP-0045 §7.2',
    differs: { embedded: { why: 'takes no components' } },
    check: (place) =>
      place.story(2, async (alice, bob) => {
        const room = `full${Date.now()}@conference.localhost`;
        await amoc.joinRoom(alice, room, 'alice');
        await alice.sendIq(amoc.muc.configure(room));
        const others = Array.from({ length: 150 }, (_, at) => `bot${at}`);
        await using component = await place.component({ domain: 'crowd.localhost' });
        // The server tells each entry to all occupants; the pauses give its other clients their turns.
        const timeout = '60s';
        for (const [at, name] of others.entries()) {
          const entry = amoc.muc.join(room, name);
          entry.attrs['from'] = `${name}@crowd.localhost/x`;
          await component.send(entry);
          const isIn: amoc.Predicate = ({ from }) => from === `${room}/${name}`;
          if (at % 10 === 9) await alice.waitForStanza(isIn, { timeout });
        }
        bob.keepOnly('none');
        const { occupants } = await amoc.joinRoom(bob, room, 'bob', { timeout });
        assert.deepEqual(
          new Set(occupants.map(({ from }) => from)),
          new Set(['alice', ...others].map((name) => `${room}/${name}`)),
        );
        await alice.sendIq(amoc.muc.destroy(room), { timeout });
      }),
  },
  {
    what: 'one whose handlers take all that comes enters a room too, and they see what the room sends',
    spec: 'XEP-0045 §7.1',
    check: (place) =>
      inRoom(place, async (room, alice, bob) => {
        const taken: string[] = [];
        const action = ({ name, type = '' }: amoc.Stanza): void => void taken.push(name + type);
        amoc.handle(bob, [{ received: amoc.not(amoc.isIq()), action }]);
        const { occupants, subject } = await amoc.joinRoom(bob, room, 'bob');
        assert.deepEqual(
          occupants.map(({ from }) => from),
          [`${room}/alice`],
        );
        assert.ok((subject ?? '') === '');
        assert.deepEqual(new Set(taken), new Set(['presence']));
        await bob.send(amoc.groupchatTo(room, 'to all'));
        await alice.waitForStanza(amoc.isGroupchatMessage('to all'));
        await bob.sendIq(amoc.ping('localhost'));
        assert.ok(taken.includes('messagegroupchat'));
      }),
  },
  {
    what: 'a room tells who enters, changes presence, takes another nick and leaves, with the codes of the standard',
    spec: 'XEP-0045 §7.1, §7.2, §7.6, §7.7, §7.14',
    check: (place) =>
      inRoom(place, async (room, alice, bob) => {
        await bob.send(amoc.muc.join(room, 'bob'));
        const self = await bob.waitForStanza(from(`${room}/bob`));
        assert.ok(codesOf(self).includes('110'));
        assert.deepEqual(itemOf(self), { affiliation: 'none', role: 'participant' });
        const seen = await alice.waitForStanza(from(`${room}/bob`));
        assert.ok(!codesOf(seen).includes('110'));
        assert.equal(jidIn(seen), bob.jid);
        await bob.send(presence.direct(`${room}/bob`, { show: 'away' }));
        await alice.waitForStanza(and(from(`${room}/bob`), amoc.isPresenceWithShow('away')));
        await bob.send(presence.direct(`${room}/robert`, { show: 'away' }));
        const renamed = await alice.waitForStanza(
          and(isPresence('unavailable'), from(`${room}/bob`)),
        );
        assert.ok(codesOf(renamed).includes('303'));
        await alice.waitForStanza(from(`${room}/robert`));
        await bob.waitForStanza(and(isPresence('unavailable'), from(`${room}/bob`)));
        await bob.send(amoc.muc.leave(room, 'robert'));
        const gone = and(isPresence('unavailable'), from(`${room}/robert`));
        const left = await alice.waitForStanza(gone);
        assert.deepEqual(itemOf(left), { affiliation: 'none', role: 'none' });
        assert.ok(codesOf(await bob.waitForStanza(gone)).includes('110'));
      }),
  },
  {
    what: 'a new room admits no one else until it is configured',
    spec: 'XEP-0045 §10.1.3',
    differs: on(['ejabberd 23.01', 'ejabberd 24.12'], { why: 'opens it at once' }),
    check: (place) =>
      place.story(2, async (alice, bob) => {
        const room = newRoom();
        await amoc.joinRoom(alice, room, 'alice');
        const refused = await bob.sendAndWait(amoc.muc.join(room, 'bob'), from(`${room}/bob`));
        assert.ok(amoc.isError('cancel', 'item-not-found')(refused), refused.text);
        await alice.sendIq(amoc.muc.configure(room));
        await amoc.joinRoom(bob, room, 'bob');
      }),
  },
  {
    what: 'only the owner sees who the others are, and the room ends with the last of them',
    spec: 'XEP-0045 §4.2, §7.2.3',
    check: (place) =>
      inRoom(place, async (room, alice, bob) => {
        const { occupants } = await amoc.joinRoom(bob, room, 'bob');
        assert.deepEqual(occupants.map(jidIn), [undefined]);
        assert.equal(jidIn(await alice.waitForStanza(from(`${room}/bob`))), bob.jid);
        await bob.sendAndWait(amoc.muc.leave(room, 'bob'), isPresence('unavailable'));
        await amoc.joinRoom(bob, room, 'bob');
        await alice.sendAndWait(amoc.muc.leave(room, 'alice'), isPresence('unavailable'));
        await bob.sendAndWait(amoc.muc.leave(room, 'bob'), from(`${room}/bob`));
        // What comes to a room while it ends is lost on ejabberd.
        const ask = (): Promise<unknown> => bob.sendIq(amoc.disco.info(room), { timeout: '2s' });
        const outcome = await eventually(
          () => ask().catch((error: unknown) => error),
          (error) => !(error instanceof amoc.StanzaTimeout),
        );
        assert.equal((outcome as amoc.StanzaError).condition, 'item-not-found');
      }),
  },
  {
    what: 'who loses its connection, or becomes unavailable, is no longer in the room',
    spec: 'XEP-0045 §7.14',
    check: (place) =>
      storyOfClients(place, 1, async (logIn, alice) => {
        const room = newRoom();
        await amoc.joinRoom(alice, room, 'alice');
        await alice.sendIq(amoc.muc.configure(room));
        for (const [resource, end] of [
          ['cut', (client: amoc.Session) => client.kill()],
          ['away', (client: amoc.Session) => client.send(presence('unavailable'))],
        ] as const) {
          const client = await logIn(alice, { resource });
          await client.send(presence());
          await amoc.joinRoom(client, room, resource);
          await end(client);
          await alice.waitForStanza(and(isPresence('unavailable'), from(`${room}/${resource}`)));
        }
      }),
  },
  {
    what: 'what was said comes to who enters, as much as it wants, with the time and then the subject',
    spec: 'XEP-0045 §7.2.13 to §7.2.15, §8.1',
    check: (place) =>
      inRoom(place, async (room, alice, bob) => {
        for (let at = 1; at <= 5; at++) await alice.send(amoc.groupchatTo(room, `said ${at}`));
        await alice.send(amoc.muc.subject(room, 'of the day'));
        await alice.waitForStanza((stanza) => stanza.getChildText('subject') === 'of the day');
        const all = await amoc.joinRoom(bob, room, 'bob');
        assert.equal(all.subject, 'of the day');
        assert.deepEqual(
          all.history.map((each) => each.getChildText('body')),
          [1, 2, 3, 4, 5].map((at) => `said ${at}`),
        );
        assert.ok(all.history.every((each) => each.getChild('delay', 'urn:xmpp:delay')));
        assert.ok(all.history.every((each) => each.from === `${room}/alice`));
        await bob.sendAndWait(amoc.muc.leave(room, 'bob'), isPresence('unavailable'));
        const two = await amoc.joinRoom(bob, room, 'bob', { history: 2 });
        assert.deepEqual(
          two.history.map((each) => each.getChildText('body')),
          ['said 4', 'said 5'],
        );
      }),
  },
  {
    what: 'a message to a room comes to all in it, from the nick, and to none who is not',
    spec: 'XEP-0045 §7.4',
    check: (place) =>
      inRoom(place, async (room, alice, bob) => {
        await amoc.joinRoom(bob, room, 'bob');
        await bob.send(amoc.groupchatTo(room, 'hi all'));
        for (const session of [alice, bob]) {
          const got = await session.waitForStanza(amoc.isGroupchatMessage('hi all'));
          assert.equal(got.from, `${room}/bob`);
          assert.equal(got.to, session.jid);
        }
        await bob.sendAndWait(amoc.muc.leave(room, 'bob'), isPresence('unavailable'));
        const refused = await bob.sendAndWait(amoc.groupchatTo(room, 'outside'), isMessage());
        assert.ok(amoc.isError(undefined, 'not-acceptable')(refused), refused.text);
      }),
  },
  {
    what: 'a private message goes to an occupant, and one to an unknown nickname is an error',
    spec: 'XEP-0045 §7.5',
    check: (place) =>
      inRoom(place, async (room, alice, bob) => {
        await amoc.joinRoom(bob, room, 'bob');
        await alice.send(amoc.muc.whisper(room, 'bob', 'psst'));
        const got = await bob.waitForStanza(amoc.isChatMessage('psst'));
        assert.equal(got.from, `${room}/alice`);
        const toUnknown = amoc.muc.whisper(room, 'nobody', 'psst');
        const refused = await alice.sendAndWait(toUnknown, amoc.hasType('error'));
        assert.ok(amoc.isError(undefined, 'item-not-found')(refused), refused.text);
      }),
  },
  {
    what: 'only the owner may destroy or configure a room, and all occupants are notified',
    spec: 'XEP-0045 §10.2, §10.9',
    check: (place) =>
      inRoom(place, async (room, alice, bob) => {
        await amoc.joinRoom(bob, room, 'bob');
        for (const request of [amoc.muc.destroy(room), amoc.muc.configuration(room)]) {
          await assert.rejects(bob.sendIq(request), { condition: 'forbidden' });
        }
        await alice.sendIq(amoc.muc.destroy(room, 'closing time'));
        const told = await bob.waitForStanza(and(isPresence('unavailable'), from(`${room}/bob`)));
        const destroyed = told.getChild('x', MUC_USER)?.getChild('destroy');
        assert.equal(destroyed?.getChildText('reason'), 'closing time');
      }),
  },
  {
    what: 'a room can have a name, a password, and stay when all have left',
    spec: 'XEP-0045 §7.2.6, §10.2',
    check: (place) =>
      place.story(2, async (alice, bob) => {
        const room = newRoom();
        await amoc.joinRoom(alice, room, 'alice');
        const form = await alice.sendIq(amoc.muc.configuration(room));
        assert.ok(amoc.hasFieldWithType('muc#roomconfig_persistentroom', 'boolean')(form));
        await alice.sendIq(
          amoc.muc.configure(room, {
            'muc#roomconfig_roomname': 'The name',
            'muc#roomconfig_persistentroom': true,
            'muc#roomconfig_passwordprotectedroom': true,
            'muc#roomconfig_roomsecret': 'sesame',
          }),
        );
        await alice.sendAndWait(amoc.muc.leave(room, 'alice'), isPresence('unavailable'));
        await assert.rejects(amoc.joinRoom(bob, room, 'bob'), { condition: 'not-authorized' });
        const joined = await amoc.joinRoom(bob, room, 'bob', { password: 'sesame' });
        assert.equal(joined.isNew, false);
        const info = await bob.sendIq(amoc.disco.info(room));
        assert.ok(amoc.hasFeature('muc_passwordprotected')(info), info.text);
        await alice.sendIq(amoc.muc.destroy(room));
      }),
  },
  {
    what: 'the service and its rooms are found from the server',
    spec: 'XEP-0045 §6',
    check: (place) =>
      inRoom(place, async (room, alice) => {
        const service = 'conference.localhost';
        assert.ok(amoc.hasItem(service)(await alice.sendIq(amoc.disco.items('localhost'))));
        const info = await alice.sendIq(amoc.disco.info(service));
        assert.ok(amoc.hasFeature('http://jabber.org/protocol/muc')(info));
        assert.ok(amoc.hasItem(room)(await alice.sendIq(amoc.disco.items(service))));
        const about = await alice.sendIq(amoc.disco.info(room));
        assert.ok(amoc.hasIdentity('conference', 'text')(about));
        await assert.rejects(alice.sendIq(amoc.disco.info(newRoom())), {
          condition: 'item-not-found',
        });
      }),
  },
  {
    what: 'a room lists who is in it',
    spec: 'XEP-0045 §6.5',
    differs: on(['prosody 0.12', 'prosody 13'], { why: 'lists no one' }),
    check: (place) =>
      inRoom(place, async (room, alice) => {
        const inside = await alice.sendIq(amoc.disco.items(room));
        assert.ok(amoc.hasItem(`${room}/alice`)(inside), inside.text);
      }),
  },
  {
    what: 'a request to an occupant is answered by the client of that occupant',
    spec: 'XEP-0045 §17.4',
    check: (place) =>
      inRoom(place, async (room, alice, bob) => {
        await amoc.joinRoom(bob, room, 'bob');
        const answer = await alice.sendIq(amoc.ping(`${room}/bob`));
        assert.equal(answer.from, `${room}/bob`);
      }),
  },
  {
    what: 'a user is invited through the room',
    spec: 'XEP-0045 §7.8.2',
    check: (place) =>
      inRoom(place, async (room, alice, bob) => {
        await alice.send(amoc.muc.invite(room, amoc.bareJid(bob.jid), 'come in'));
        const invitation = await bob.waitForStanza(from(room));
        const invite = invitation.getChild('x', MUC_USER)?.getChild('invite');
        assert.equal(invite?.getChildText('reason'), 'come in');
        // By account or by nick, as the room lets others know who is in it.
        const by = String(invite?.attrs['from']);
        assert.ok([amoc.bareJid(alice.jid), alice.jid, `${room}/alice`].includes(by), by);
      }),
  },
];
