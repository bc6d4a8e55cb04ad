import { chatTo, presence } from 'amoc';
import type { User, Variables } from 'amoc';

export const variables = {
  warmUp: {
    description: 'time between a login and the first message',
    default: '5s',
    unit: 'duration',
    update: true,
  },
  messageInterval: {
    description: 'time after each message',
    default: '20s',
    unit: 'duration',
    update: true,
  },
  rounds: {
    description: 'how many messages each neighbour gets in one session',
    default: 5,
    check: (count: number) => (Number.isInteger(count) && count >= 0) || 'a whole number ≥ 0',
    update: true,
  },
  neighbours: {
    description: 'how many ids below and above its own a user talks to',
    default: 4,
    check: (count: number) => (Number.isInteger(count) && count >= 0) || 'a whole number ≥ 0',
  },
  coolDown: {
    description: 'time between the last message and the logout',
    default: '10s',
    unit: 'duration',
    update: true,
  },
} satisfies Variables;

/** Like mongoose_simple of the Erlang amoc: logs in, talks to the neighbours in turn, logs out. */
export async function start(id: number, user: User<typeof variables>): Promise<void> {
  const { settings } = user;
  const session = await user.connect();
  await session.send(presence());
  await user.sleep(settings.warmUp);
  for (let round = 0; round < settings.rounds; round++) {
    for (const neighbour of neighboursOf(id, settings.neighbours)) {
      await session.send(chatTo(user.jidOf(neighbour), `hello, user ${neighbour}`));
      await user.sleep(settings.messageInterval);
    }
  }
  await user.sleep(settings.coolDown);
  await session.send(presence('unavailable'));
}

/** From `reach` below to `reach` above; ids begin with 1. */
function neighboursOf(id: number, reach: number): number[] {
  const ids: number[] = [];
  for (let each = Math.max(1, id - reach); each <= id + reach; each++) {
    if (each !== id) ids.push(each);
  }
  return ids;
}
