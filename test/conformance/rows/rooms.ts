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
];
