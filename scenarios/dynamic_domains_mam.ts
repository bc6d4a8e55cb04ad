import { chatTo, domainGroup, presence, readArchivePage } from 'amoc';
import type { User, Variables } from 'amoc';

export const variables = {
  groupSize: { description: 'users of one domain that write to each other', default: 2 },
  messages: { description: 'messages that a user sends to each of them', default: 10 },
  messageInterval: {
    description: 'time between two messages to one user',
    default: '2s',
    unit: 'duration',
  },
  warmUp: { description: 'time for the others to log in', default: '5s', unit: 'duration' },
  lookups: { description: 'how many times a user looks into its archive', default: 10 },
  lookupInterval: { description: 'time between two looks', default: '5s', unit: 'duration' },
  pageSize: { description: 'messages that are asked for at a time', default: 20 },
} satisfies Variables;

/**
 * Archives in each of many domains (`xmppDomain=d{bucket:1000}.example`): users write to others of their domain, and
 * look up the latest messages that their archives have.
 */
export async function start(_id: number, user: User<typeof variables>): Promise<void> {
  const { settings, metrics } = user;
  const { others } = domainGroup(user, settings.groupSize);
  const session = await user.connect();
  session.keepOnly('none');
  await session.send(presence());
  await user.sleep(settings.warmUp);
  await user.timetable([
    ...others.map((jid) => ({
      count: settings.messages,
      every: settings.messageInterval,
      do: (due: number) => session.send(chatTo(jid, 'hello', { since: due })),
    })),
    {
      count: settings.lookups,
      every: settings.lookupInterval,
      do: async () => {
        const { messages } = await user.timed('mam_lookup', () =>
          readArchivePage(session, { max: settings.pageSize, before: '' }),
        );
        metrics.counter('mam_messages').add(messages.length);
      },
    },
  ]);
}
