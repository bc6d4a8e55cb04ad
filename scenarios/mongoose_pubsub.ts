import { bareJid, isPubsubEvent, presence, pubsub, xml } from 'amoc';
import type { User, Variables } from 'amoc';

export const variables = {
  items: { description: 'items that a user publishes', default: 10, update: true },
  publishInterval: {
    description: 'time after each item',
    default: '5s',
    unit: 'duration',
    update: true,
  },
  node: { description: "the node of each user's own account (PEP)", default: 'urn:amoc:test' },
  settle: { description: 'time for all to subscribe', default: '5s', unit: 'duration' },
} satisfies Variables;

/** Publishes on its own node (XEP-0163), to which its neighbour is subscribed. */
export async function start(id: number, user: User<typeof variables>): Promise<void> {
  const { settings, metrics } = user;
  const session = await user.connect();
  session.onStanza((stanza) => {
    if (isPubsubEvent(settings.node)(stanza)) metrics.counter('pubsub_events').add();
  });
  session.keepOnly('none');
  await session.send(presence());
  const open = { 'pubsub#access_model': 'open' };
  const publish = (text: string): Promise<unknown> =>
    user.timed('pubsub_publish', () => {
      const payload = xml('entry', { xmlns: settings.node }, text);
      return session.sendIq(pubsub.publish(undefined, settings.node, { payload, options: open }));
    });
  // ejabberd 23.01 fails when many accounts make their first node at the same time: try again.
  for (let tries = 1; ; tries++) {
    try {
      await publish('first');
      break;
    } catch (error) {
      if (tries === 10) throw error;
      metrics.counter('pubsub_retries').add();
      await user.sleep(50 + user.random.float() * 300);
    }
  }
  await user.sleep(settings.settle);
  const neighbour = user.jidOf(id % 2 === 0 ? id - 1 : id + 1);
  await session.sendIq(pubsub.subscribe(neighbour, settings.node, bareJid(session.jid)));
  await user.sleep(settings.settle);
  for (let item = 0; item < settings.items; item++) {
    await publish(`item ${item}`);
    await user.sleep(settings.publishInterval);
  }
}
