import {
  domainGroup,
  groupchatTo,
  handle,
  isGroupchatMessage,
  joinRoom,
  muc,
  presence,
} from 'amoc';
import type { User, Variables } from 'amoc';

export const variables = {
  service: {
    description: 'host name of the rooms of a domain, without the domain',
    default: 'conference',
  },
  roomSize: { description: 'users of one domain in one room', default: 10 },
  messages: { description: 'messages that a user writes in its room', default: 10, update: true },
  messageInterval: {
    description: 'time after each message',
    default: '10s',
    unit: 'duration',
    update: true,
  },
  warmUp: { description: 'time for the others to log in', default: '5s', unit: 'duration' },
  settle: {
    description: 'time for the last messages to arrive',
    default: '5s',
    unit: 'duration',
  },
} satisfies Variables;

/** Rooms in each of many domains (`xmppDomain=d{bucket:1000}.example`): the users in a room are all of its domain. */
export async function start(id: number, user: User<typeof variables>): Promise<void> {
  const { settings, metrics } = user;
  const { number, domain } = domainGroup(user, settings.roomSize);
  const room = `room_${number}@${settings.service}.${domain}`;
  const session = await user.connect();
  handle(session, [
    { received: isGroupchatMessage(), action: () => metrics.counter('muc_messages').add() },
  ]);
  session.keepOnly('none');
  await session.send(presence());
  const { isNew } = await user.timed('muc_join', () =>
    joinRoom(session, room, `user_${id}`, { history: 0 }),
  );
  if (isNew) {
    metrics.counter('rooms_made').add();
    await session.sendIq(muc.configure(room));
  }
  await user.sleep(settings.warmUp);
  for (let sent = 0; sent < settings.messages; sent++) {
    await session.send(groupchatTo(room, `hello from ${id}`));
    await user.sleep(settings.messageInterval);
  }
  await user.sleep(settings.settle);
}
