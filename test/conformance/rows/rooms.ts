import assert from 'node:assert/strict';
import * as amoc from '../../../src/index.ts';
import type { Row } from '../row.ts';

export const rooms: readonly Row[] = [
  {
    what: 'a room is made, configured, joined, talked in and destroyed',
    spec: 'XEP-0045 §7, §10',
    differs: { embedded: { why: 'has no rooms' } },
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
    differs: { embedded: { why: 'has no rooms' } },
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
    what: 'a room that somebody has just made is entered as soon as it is configured',
    spec: 'XEP-0045 §10.1.3',
    differs: { embedded: { why: 'has no rooms' } },
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
    differs: { embedded: { why: 'has no rooms' } },
    check: (place) =>
      place.story(2, async (alice, bob) => {
        const room = `full${Date.now()}@conference.localhost`;
        await amoc.joinRoom(alice, room, 'alice');
        await alice.sendIq(amoc.muc.configure(room));
        const others = Array.from({ length: 150 }, (_, at) => `bot${at}`);
        const component = await place.component();
        for (const name of others) {
          const entry = amoc.muc.join(room, name);
          entry.attrs['from'] = `${name}@component.localhost/x`;
          await component.send(entry);
        }
        const isLastIn: amoc.Predicate = ({ from }) => from === `${room}/${others.at(-1)}`;
        await alice.waitForStanza(isLastIn);
        bob.keepOnly('none');
        const { occupants } = await amoc.joinRoom(bob, room, 'bob');
        assert.deepEqual(
          new Set(occupants.map(({ from }) => from)),
          new Set(['alice', ...others].map((name) => `${room}/${name}`)),
        );
        await alice.sendIq(amoc.muc.destroy(room));
        await component.close();
      }),
  },
];
