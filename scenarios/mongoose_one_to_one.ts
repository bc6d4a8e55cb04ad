import { chatTo, isChatMessage, presence } from 'amoc';
import type { User, Variables } from 'amoc';

export const variables = {
  messages: { description: 'messages that each user of a pair sends', default: 10, update: true },
  messageInterval: {
    description: 'time after each message',
    default: '5s',
    unit: 'duration',
    update: true,
  },
  warmUp: { description: 'time for the partner to log in', default: '5s', unit: 'duration' },
  answerTimeout: {
    description: 'how long to wait for an answer',
    default: '30s',
    unit: 'duration',
  },
} satisfies Variables;

/** Pairs of users: the odd one writes, the even one answers, and the odd one measures the round trip. */
export async function start(id: number, user: User<typeof variables>): Promise<void> {
  const { messages, messageInterval, warmUp, answerTimeout: timeout } = user.settings;
  const session = await user.connect();
  await session.send(presence());
  await user.sleep(warmUp);
  const partner = user.jidOf(id % 2 === 0 ? id - 1 : id + 1);
  for (let at = 0; at < messages; at++) {
    if (id % 2 === 0) {
      await session.waitForStanza(isChatMessage(), { timeout });
      await session.send(chatTo(partner, 'answer'));
    } else {
      await user.timed('there_and_back', () =>
        session.sendAndWait(chatTo(partner, 'question'), isChatMessage('answer'), { timeout }),
      );
      await user.sleep(messageInterval);
    }
  }
}
