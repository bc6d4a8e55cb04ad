import {
  bareJid,
  capabilities,
  handle,
  isPresence,
  isPubsubEvent,
  presence,
  pubsub,
  roster,
  StanzaError,
  xml,
} from 'amoc';
import type { Element, Session, Stanza, User, Variables } from 'amoc';

export const variables = {
  rotations: {
    description: 'how many times a user publishes another device',
    default: 5,
    update: true,
  },
  rotateEvery: {
    description: 'time between two devices of a user',
    default: '30s',
    unit: 'duration',
    update: true,
  },
  contacts: {
    description: 'users on each side of its own id whose devices a user follows',
    default: 1,
    check: (count: number) => (Number.isInteger(count) && count >= 0) || 'a whole number ≥ 0',
  },
  preKeys: { description: 'keys in a bundle', default: 100, update: true },
  settle: {
    description: 'time for the contacts to see each other, and for the last events to arrive',
    default: '10s',
    unit: 'duration',
  },
} satisfies Variables;

const omemo = 'urn:xmpp:omemo:2';
const devicesNode = `${omemo}:devices`;
const bundlesNode = `${omemo}:bundles`;

/** The hash is the same for all users, and made once. */
const can = capabilities({ node: 'urn:amoc:pep-devices', features: [`${devicesNode}+notify`] });

/**
 * Load of the kind that OMEMO makes (XEP-0384): users publish lists of devices and bundles of keys on their own
 * accounts; their contacts get the lists by PEP, and fetch the bundle of each device that is new to them.
 */
export async function start(id: number, user: User<typeof variables>): Promise<void> {
  const { settings, metrics } = user;
  const session = await user.connect({ capabilities: can });
  const known = new Set<string>();
  handle(session, [
    {
      received: isPresence('subscribe'),
      action: ({ from }) => session.send(presence.subscribed(String(from))),
    },
    {
      received: isPubsubEvent(devicesNode),
      action: (event) => {
        metrics.counter('device_events').add();
        return fetchNew(user, session, event, known);
      },
    },
  ]);
  session.keepOnly('none');
  await session.sendIq(roster.get());
  await session.send(presence({ extensions: [can.element] }));
  const device = (rotation: number): string => String(id * 1000 + rotation);
  await publish(user, session, device(0));
  for (let each = Math.max(1, id - settings.contacts); each <= id + settings.contacts; each++) {
    if (each !== id) await session.send(presence.subscribe(user.jidOf(each)));
  }
  await user.sleep(settings.settle);
  // ejabberd takes note of capabilities only from contacts that are subscribed already.
  await session.send(presence({ extensions: [can.element] }));
  for (let rotation = 1; rotation <= settings.rotations; rotation++) {
    await user.sleep(settings.rotateEvery);
    await publish(user, session, device(rotation));
  }
  await user.sleep(settings.settle);
}

/** The bundle comes first: users who see the device in the list will ask for it. */
async function publish(user: User<typeof variables>, session: Session, id: string): Promise<void> {
  const open = { 'pubsub#access_model': 'open' };
  const send = (name: string, node: string, item: string, payload: Element): Promise<unknown> =>
    // ejabberd fails when many accounts make their first node at the same time: try again.
    again(user, () =>
      user.timed(name, () =>
        session.sendIq(pubsub.publish(undefined, node, { id: item, payload, options: open })),
      ),
    );
  await send('bundle_publish', bundlesNode, id, bundle(user));
  const device = xml('device', { id });
  await send('devices_publish', devicesNode, 'current', xml('devices', { xmlns: omemo }, device));
}

async function again(user: User, work: () => Promise<unknown>): Promise<unknown> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === 10 || !(error instanceof StanzaError)) throw error;
      user.metrics.counter('publish_retries').add();
      await user.sleep(50 + user.random.float() * 300);
    }
  }
}

async function fetchNew(
  user: User,
  session: Session,
  event: Stanza,
  known: Set<string>,
): Promise<void> {
  const from = bareJid(String(event.from));
  if (from === user.jid) return;
  const items = event.getChild('event')?.getChild('items')?.getChildren('item') ?? [];
  const devices = items.flatMap((item) => item.getChild('devices')?.getChildren('device') ?? []);
  for (const { attrs } of devices) {
    const id = String(attrs['id']);
    if (known.has(id)) continue;
    known.add(id);
    await user.timed('bundle_fetch', () =>
      session.sendIq(pubsub.items(from, bundlesNode, { ids: [id] })),
    );
  }
}

/** A bundle that is as long as a real one, without its cryptography. */
function bundle(user: User<typeof variables>): Element {
  const key = (bytes: number): string => {
    const octets = Array.from({ length: bytes }, () => user.random.integer(0, 255));
    return Buffer.from(octets).toString('base64');
  };
  const shared = key(32);
  const preKeys = Array.from({ length: user.settings.preKeys }, (_, at) =>
    xml('pk', { id: String(at) }, shared),
  );
  return xml(
    'bundle',
    { xmlns: omemo },
    xml('spk', { id: '0' }, key(32)),
    xml('spks', {}, key(64)),
    xml('ik', {}, key(32)),
    xml('prekeys', {}, ...preKeys),
  );
}
