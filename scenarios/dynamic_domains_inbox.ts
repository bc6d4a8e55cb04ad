import { chatTo, domainGroup, handle, hasChild, inbox, presence, StanzaError } from 'amoc';
import type { User, Variables } from 'amoc';

export const variables = {
  groupSize: { description: 'users of one domain that write to each other', default: 5 },
  messages: { description: 'messages that a user sends to each of them', default: 5 },
  messageInterval: {
    description: 'time between two messages to one user',
    default: '5s',
    unit: 'duration',
  },
  warmUp: { description: 'time for the others to log in', default: '5s', unit: 'duration' },
  lookups: { description: 'how many times a user looks at its conversations', default: 10 },
  lookupInterval: { description: 'time between two looks', default: '5s', unit: 'duration' },
  pageSize: { description: 'conversations that are asked for at a time', default: 10 },
} satisfies Variables;

/** The namespace of MongooseIM's inbox. */
const INBOX = 'erlang-solutions.com:xmpp:inbox:0';
let isTold = false;

/**
 * The inbox of MongooseIM in each of many domains (`xmppDomain=d{bucket:1000}.example`): users write to others of
 * their domain, and look up with whom they have been talking.
 */
export async function start(_id: number, user: User<typeof variables>): Promise<void> {
  const { settings, metrics } = user;
  const { others, domain } = domainGroup(user, settings.groupSize);
  const session = await user.connect();
  handle(session, [
    {
      received: hasChild('result', INBOX),
      action: () => metrics.counter('inbox_conversations').add(),
    },
  ]);
  session.keepOnly('none');
  await session.send(presence());
  const lookUp = (): Promise<unknown> =>
    user.timed('inbox_lookup', () => session.sendIq(inbox.get({ max: settings.pageSize })));
  try {
    await lookUp();
  } catch (error) {
    if (!(error instanceof StanzaError)) throw error;
    if (!isTold)
      user.log.warn(`skipped: ${domain} has no inbox (only MongooseIM has one): ${error.message}`);
    isTold = true;
    metrics.counter('skipped').add();
    return;
  }
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
        await lookUp();
      },
    },
  ]);
}
