import { chatTo, isChatMessage, presence } from 'amoc';
import type { User, Variables } from 'amoc';

export const variables = {
  messageInterval: {
    description: 'time after each message',
    default: '20s',
    unit: 'duration',
    update: true,
  },
  rounds: { description: 'how many messages each neighbour gets', default: 5, update: true },
  neighbours: { description: 'how many ids below and above its own a user talks to', default: 4 },
  checkEvery: { description: 'one of this many users measures the time to delivery', default: 10 },
} satisfies Variables;

/** mongoose_simple, in which every tenth user measures the time to delivery and how many messages arrived. */
export async function start(id: number, user: User<typeof variables>): Promise<void> {
  const { settings, metrics } = user;
  const session = await user.connect();
  if (id % settings.checkEvery === 0) {
    session.onStanza((stanza) => {
      if (!isChatMessage()(stanza) || stanza.ageMs === undefined) return;
      metrics.counter('checked_messages').add();
      metrics.histogram('checked_ttd').record(stanza.ageMs);
    });
  }
  session.keepOnly('none');
  await session.send(presence());
  for (let round = 0; round < settings.rounds; round++) {
    for (let to = id - settings.neighbours; to <= id + settings.neighbours; to++) {
      if (to < 1 || to === id) continue;
      await session.send(chatTo(user.jidOf(to), `hello, user ${to}`));
      await user.sleep(settings.messageInterval);
    }
  }
}
