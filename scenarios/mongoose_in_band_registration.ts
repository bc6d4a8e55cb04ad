import { ping, presence, removeAccount } from 'amoc';
import type { User, Variables } from 'amoc';

export const variables = {
  stay: {
    description: 'time between the login and the end of the session',
    default: '10s',
    unit: 'duration',
    update: true,
  },
  cancel: {
    description: 'whether the account is cancelled at the end',
    default: true,
    update: true,
  },
} satisfies Variables;

/** Makes its account (XEP-0077), logs in with it, and cancels it again. */
export async function start(_id: number, user: User<typeof variables>): Promise<void> {
  await user.timed('registration', () => user.register());
  const session = await user.connect();
  await session.send(presence());
  await session.sendIq(ping());
  await user.sleep(user.settings.stay);
  // Some servers close the stream in place of an answer.
  if (user.settings.cancel) await session.sendIq(removeAccount()).catch(() => {});
}
