import { isPresenceWithStatus, presence } from 'amoc';
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
 * All connections are cut at the same moment, as when a load balancer is restarted, and all users log in again.
 * `connection_by{kind}` has the logins, `back_after_cut` the time until a user's presence is known again.
 */
export async function start(_id: number, user: User<typeof variables>): Promise<void> {
  const { settings } = user;
  const { attempts, backoff: first, longestBackoff: most, backTimeout: timeout } = settings;
  const session = await user.connect({ reconnect: { attempts, first, most } });
  session.keepOnly('none');
  await session.send(presence());
  for (let storm = 1; storm <= settings.storms; storm++) {
    await user.sleep(settings.every - (Date.now() % settings.every));
    const status = `storm ${storm}`;
    await user.timed('back_after_cut', () => {
      session.cut();
      return session.sendAndWait(presence({ status }), isPresenceWithStatus(status), { timeout });
    });
  }
}
