import { chatTo, isChatMessage, presence } from 'amoc';
import type { User, Variables } from 'amoc';

export const variables = {
  messageInterval: {
    description: 'time between two messages of a user',
    default: '2s',
    unit: 'duration',
    update: true,
  },
  messages: {
    description: 'messages that a user sends in one session',
    default: 10,
    check: (count: number) => (Number.isInteger(count) && count >= 0) || 'a whole number ≥ 0',
    update: true,
  },
} satisfies Variables;

/** Logs in, talks to a neighbour and to itself, waits a little between two messages. */
export async function start(id: number, user: User<typeof variables>): Promise<void> {
  const session = await user.connect();
  user.log.info(`logged in as ${user.jid}`);
  await session.send(presence());
  const neighbour = user.jidOf(id % 2 === 0 ? id - 1 : id + 1);
  for (let sent = 0; sent < user.settings.messages; sent++) {
    await session.send(chatTo(neighbour, `hello from ${id}`));
    await user.sleep(user.settings.messageInterval);
  }
}
