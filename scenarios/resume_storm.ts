import { chatTo, handle, isChatMessage, isPresenceWithStatus, presence } from 'amoc';
import type { User, Variables } from 'amoc';

export const variables = {
  storms: { description: 'how many times all connections are cut', default: 3 },
  every: {
    description:
      'time between two storms; they are at its multiples on the clock, in all processes',
    default: '30s',
    unit: 'duration',
    check: (ms: number) => ms > 0 || 'a time above 0',
  },
  messages: {
    description: 'messages that a user sends while it is cut off',
    default: 3,
    update: true,
  },
  settle: {
    description: 'time for the last messages to arrive, after the last storm of all',
    default: '5s',
    unit: 'duration',
  },
  backoff: {
    description: 'longest delay before the first attempt to come back; the actual delay is random',
    default: '1s',
    unit: 'duration',
  },
  longestBackoff: { description: 'upper limit of all delays', default: '30s', unit: 'duration' },
  attempts: { description: 'attempts to come back, for one storm', default: 20 },
  backTimeout: {
    description: 'a user that is not back after this crashes',
    default: '5m',
    unit: 'duration',
  },
} satisfies Variables;

/**
 * All connections are cut at the same moment, and the sessions are resumed (XEP-0198): within SASL2 where the server
 * offers it, otherwise after a login by SCRAM. Meanwhile users send messages to their neighbours.
 * `connection_by{kind}` has how many were resumed and how long it took, `storm_messages` how many messages arrived.
 */
export async function start(id: number, user: User<typeof variables>): Promise<void> {
  const { settings, metrics } = user;
  const { attempts, backoff: first, longestBackoff: most, backTimeout: timeout } = settings;
  const session = await user.connect({ reconnect: { attempts, first, most } });
  handle(session, [
    { received: isChatMessage(), action: () => metrics.counter('storm_messages').add() },
  ]);
  session.keepOnly('none');
  session.onReconnect(({ resumed }) => {
    metrics.counter(resumed ? 'storm_resumed' : 'storm_not_resumed').add();
  });
  await session.enableStreamManagement();
  await session.send(presence());
  const neighbour = user.jidOf(id % 2 === 0 ? id - 1 : id + 1);
  for (let storm = 1; storm <= settings.storms; storm++) {
    await user.sleep(settings.every - (Date.now() % settings.every));
    const status = `storm ${storm}`;
    await user.timed('back_after_cut', async () => {
      session.cut();
      for (let sent = 1; sent <= settings.messages; sent++) {
        await session.send(chatTo(neighbour, `message ${sent} of ${status}`));
      }
      await session.sendAndWait(presence({ status }), isPresenceWithStatus(status), { timeout });
    });
  }
  // A neighbour that started later may have one more storm.
  await user.sleep(settings.every + settings.settle);
}
