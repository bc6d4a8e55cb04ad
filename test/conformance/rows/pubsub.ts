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

let last: Promise<void> = Promise.resolve();

/** When two changes to ejabberd's PubSub meet, ejabberd aborts one of them ("Database failure"). */
const inTurn = (row: Row): Row => {
  return {
    ...row,
    check: (place) => {
      const mine = last.then(() => row.check(place));
      last = mine.catch(() => {});
      return mine;
    },
  };
};

const rows: readonly Row[] = [
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
  {
    what: 'a client that says it wants the events of a node gets those of its contacts',
    spec: 'XEP-0115, XEP-0163 §4.3',
    differs: { embedded: { why: 'has no PubSub' } },
    check: (place) => {
      const can = amoc.capabilities({ features: ['urn:test:mood+notify'] });
      const publish = (text: string): amoc.Element => {
        const payload = xml('mood', { xmlns: 'urn:test:mood' }, text);
        return amoc.pubsub.publish(undefined, 'urn:test:mood', { id: text, payload });
      };
      const tell = async (alice: amoc.Session, bob: amoc.Session): Promise<void> => {
        await amoc.befriend(alice, bob);
        const isMood = amoc.isPubsubEvent('urn:test:mood');
        await alice.sendIq(publish('before'));
        await bob.sendIq(amoc.ping(alice.jid));
        assert.equal(bob.takeStanza(isMood), undefined);
        // The server asks what the hash means; until it knows, there are no events.
        await bob.send(amoc.presence({ extensions: [can.element] }));
        for (let tries = 1; ; tries++) {
          await alice.sendIq(publish(`mood ${tries}`));
          try {
            await bob.waitForStanza(isMood, { timeout: '500ms' });
            break;
          } catch (error) {
            if (tries === 20) throw error;
          }
        }
        const node = `${can.node}#${can.ver}`;
        const info = await alice.sendIq(amoc.disco.info(bob.jid, node));
        assert.ok(amoc.hasFeature('urn:test:mood+notify')(info));
        assert.equal(info.payload?.attrs['node'], node);
        await assert.rejects(alice.sendIq(amoc.disco.info(bob.jid, 'urn:odd')), {
          condition: 'item-not-found',
        });
      };
      return place.story(2, tell, { capabilities: can });
    },
  },
];

/** Rows of PubSub (XEP-0060) and of personal events (XEP-0163). */
export const pubsub = rows.map(inTurn);
