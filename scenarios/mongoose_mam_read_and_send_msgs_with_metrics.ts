import { chatTo, presence, readArchive } from 'amoc';
import type { User, Variables } from 'amoc';

export const variables = {
  messages: {
    description: 'messages that a user sends before it reads',
    default: 10,
    update: true,
  },
  messageInterval: {
    description: 'time after each message',
    default: '2s',
    unit: 'duration',
    update: true,
  },
  reads: { description: 'how many times it reads its archive', default: 3, update: true },
  pageSize: { description: 'messages that are asked for at a time', default: 20 },
} satisfies Variables;

/** Writes to its neighbour, and reads their messages from the archive. */
export async function start(id: number, user: User<typeof variables>): Promise<void> {
  const { settings } = user;
  const session = await user.connect();
  session.keepOnly('none');
  await session.send(presence());
  const neighbour = user.jidOf(id % 2 === 0 ? id - 1 : id + 1);
  for (let sent = 0; sent < settings.messages; sent++) {
    await session.send(chatTo(neighbour, `message ${sent} of ${id}`));
    await user.sleep(settings.messageInterval);
  }
  for (let read = 0; read < settings.reads; read++) {
    await user.timed('mam_read', async () => {
      for await (const _ of readArchive(session, {
        with: neighbour,
        pageSize: settings.pageSize,
      })) {
        user.metrics.counter('mam_messages').add();
      }
    });
  }
}
