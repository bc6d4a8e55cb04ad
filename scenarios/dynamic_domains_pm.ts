import { chatTo, domainGroup, handle, isChatMessage, isPresence, presence } from 'amoc';
import type { User, Variables } from 'amoc';

export const variables = {
  groupSize: { description: 'users of one domain that write to each other', default: 2 },
  messages: { description: 'messages that a user sends to each of them', default: 10 },
  messageInterval: {
    description: 'time between two messages to one user',
    default: '5s',
    unit: 'duration',
  },
  warmUp: { description: 'time for the others to log in', default: '5s', unit: 'duration' },
  settle: {
    description: 'time for the last messages to arrive',
    default: '5s',
    unit: 'duration',
  },
} satisfies Variables;

/**
 * Private messages within each of many domains: `xmppDomain=d{bucket:1000}.example` puts the users into 1,000 of
 * them, and users write only to users of their own domain.
 */
export async function start(_id: number, user: User<typeof variables>): Promise<void> {
  const { settings, metrics } = user;
  const { others } = domainGroup(user, settings.groupSize);
  const session = await user.connect();
  const count = (name: string) => () => metrics.counter(name).add();
  handle(
    session,
    [
      { received: isChatMessage(), action: count('chats_received') },
      { received: isPresence(), action: count('presences_received') },
      { sent: isChatMessage(), action: count('chats_sent') },
    ],
    { unhandled: user },
  );
  session.keepOnly('none');
  await session.send(presence());
  await user.sleep(settings.warmUp);
  await user.timetable(
    others.map((jid) => ({
      count: settings.messages,
      every: settings.messageInterval,
      do: (due) => session.send(chatTo(jid, 'hello', { since: due })),
    })),
  );
  await user.sleep(settings.settle);
  await session.send(presence('unavailable'));
}
