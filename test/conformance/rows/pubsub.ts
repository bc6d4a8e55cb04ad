import assert from 'node:assert/strict';
import * as amoc from '../../../src/index.ts';
import { ADMIN } from '../place.ts';
import type { Place } from '../place.ts';
import type { Row } from '../row.ts';

const { xml } = amoc;
const entry = xml('entry', { xmlns: 'urn:test' }, xml('title', {}, 'hello'));

async function admin(place: Place): Promise<amoc.Session> {
  const settings = { xmppUser: ADMIN };
  await place.register({}, settings);
  return place.logIn({}, { settings });
}

export const pubsub: readonly Row[] = [
  {
    what: 'a node is made, subscribed to, published to, read and deleted',
    spec: 'XEP-0060',
    differs: { embedded: { why: 'has no PubSub' } },
    check: (place) =>
      place.story(2, async (alice, bob) => {
        const service = 'pubsub.localhost';
        const node = `node${Date.now()}`;
        // prosody lets only its admins make nodes.
        const owner = place.isEjabberd ? alice : await admin(place);
        await owner.sendIq(amoc.pubsub.createNode(service, node));
        await bob.sendIq(amoc.pubsub.subscribe(service, node, amoc.bareJid(bob.jid)));
        await owner.sendIq(amoc.pubsub.publish(service, node, { id: 'one', payload: entry }));
        const event = await bob.waitForStanza(amoc.isPubsubEvent(node));
        assert.match(event.text, /hello/);
        const items = await bob.sendIq(amoc.pubsub.items(service, node, { max: 1 }));
        assert.match(items.text, /id=['"]one['"]/);
        await bob.sendIq(amoc.pubsub.unsubscribe(service, node, amoc.bareJid(bob.jid)));
        await owner.sendIq(amoc.pubsub.deleteNode(service, node));
        if (owner !== alice) await owner.close();
      }),
  },
  {
    what: 'personal events are published on the own account, and read',
    spec: 'XEP-0163',
    differs: { embedded: { why: 'has no PubSub' } },
    check: (place) =>
      place.story(1, async (alice) => {
        await alice.sendIq(amoc.pubsub.publish(undefined, 'urn:test:mood', { payload: entry }));
        const own = await alice.sendIq(amoc.pubsub.items(undefined, 'urn:test:mood'));
        assert.match(own.text, /hello/);
      }),
  },
];
