import { chatTo, isChatMessage, presence } from 'amoc';
import type { User, Variables } from 'amoc';

export const variables = {
  cuts: { description: 'how many times the connection of a user is cut', default: 3, update: true },
  between: { description: 'time between two cuts', default: '20s', unit: 'duration', update: true },
} satisfies Variables;

/** The connection is cut repeatedly; the user comes back, by stream management where the server has it. */
export async function start(id: number, user: User<typeof variables>): Promise<void> {
  const session = await user.connect({ reconnect: { first: '100ms', most: '5s' } });
  session.onReconnect(({ resumed }) => {
    user.metrics.counter(resumed ? 'sessions_resumed' : 'sessions_anew').add();
    if (!resumed) void session.send(presence());
  });
  await session.enableStreamManagement();
  await session.send(presence());
  for (let cut = 0; cut < user.settings.cuts; cut++) {
    await user.sleep(user.settings.between);
    session.cut();
    await session.send(chatTo(user.jidOf(id), `after cut ${cut}`));
    const own = isChatMessage(`after cut ${cut}`);
    await user.timed('message_after_a_cut', () => session.waitForStanza(own, { timeout: '30s' }));
  }
}
