import { disco, groupchatTo, hasItem, isGroupchatMessage, mucLight, presence } from 'amoc';
import type { User, Variables } from 'amoc';

export const variables = {
  service: {
    description: "service of the light rooms; empty: muclight., followed by the users' domain",
    default: '',
  },
  roomSize: { description: 'users in one room', default: 5 },
  messages: { description: 'messages that a user writes in its room', default: 10, update: true },
  messageInterval: {
    description: 'time after each message',
    default: '10s',
    unit: 'duration',
    update: true,
  },
} satisfies Variables;

let isTold = false;

/** The first of a group makes a light room (MongooseIM) with the others; all of them talk there. */
export async function start(id: number, user: User<typeof variables>): Promise<void> {
  const { settings, metrics } = user;
  const session = await user.connect();
  const domain = user.jid.slice(user.jid.indexOf('@') + 1);
  const service = settings.service === '' ? `muclight.${domain}` : settings.service;
  if (!hasItem(service)(await session.sendIq(disco.items(domain)))) {
    if (!isTold)
      user.log.warn(`skipped: ${domain} has no ${service} (only MongooseIM has MUC light)`);
    isTold = true;
    metrics.counter('skipped').add();
    return;
  }
  session.onStanza((stanza) => {
    if (isGroupchatMessage()(stanza)) metrics.counter('muc_light_messages').add();
  });
  await session.send(presence());
  const first = id - ((id - 1) % settings.roomSize);
  const room = `light_${first}@${service}`;
  if (id === first) {
    const others = Array.from({ length: settings.roomSize - 1 }, (_, at) =>
      user.jidOf(first + 1 + at),
    );
    const members = Object.fromEntries(others.map((jid) => [jid, 'member' as const]));
    await user.timed('muc_light_create', () =>
      session.sendIq(mucLight.create(room, { roomname: room }, members)),
    );
  }
  for (let sent = 0; sent < settings.messages; sent++) {
    await user.sleep(settings.messageInterval);
    await session.send(groupchatTo(room, `hello from ${id}`));
  }
}
