import { groupchatTo, isGroupchatMessage, joinRoom, muc, presence } from 'amoc';
import type { JoinedRoom, Session, User, Variables } from 'amoc';

export const variables = {
  service: { description: 'service of the rooms', default: 'conference.localhost' },
  roomSize: { description: 'users in one room', default: 10 },
  messages: { description: 'messages that a user writes in its room', default: 10, update: true },
  messageInterval: {
    description: 'time after each message',
    default: '10s',
    unit: 'duration',
    update: true,
  },
} satisfies Variables;

/** Enters the room of its group, which the first user makes, and talks there. */
export async function start(id: number, user: User<typeof variables>): Promise<void> {
  const { settings, metrics } = user;
  const session = await user.connect();
  await session.send(presence());
  const room = `room_${Math.ceil(id / settings.roomSize)}@${settings.service}`;
  const { isNew } = await user.timed('muc_join', () => enter(session, room, `user_${id}`, user));
  if (isNew) await session.sendIq(muc.configure(room));
  session.onStanza((stanza) => {
    if (isGroupchatMessage()(stanza)) metrics.counter('muc_messages').add();
  });
  session.keepOnly('none');
  for (let sent = 0; sent < settings.messages; sent++) {
    await session.send(groupchatTo(room, `hello from ${id}`));
    await user.sleep(settings.messageInterval);
  }
}

/** Until its maker has configured it, a room lets no other user in (XEP-0045 §10.1.1). */
async function enter(
  session: Session,
  room: string,
  nick: string,
  user: User,
): Promise<JoinedRoom> {
  for (let tries = 1; ; tries++) {
    try {
      return await joinRoom(session, room, nick, { history: 0 });
    } catch (error) {
      if (tries === 10) throw error;
      await user.sleep('300ms');
    }
  }
}
