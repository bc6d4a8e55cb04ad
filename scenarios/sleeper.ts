import type { User, Variables } from 'amoc';

/** No network at all: measures what a user costs the load generator itself. */
export const connectionsPerUser = 0;

export const variables = {
  sleepTime: {
    description: 'how long a user sleeps in one start',
    default: '20s',
    unit: 'duration',
    update: true,
  },
} satisfies Variables;

export async function start(_id: number, user: User<typeof variables>): Promise<void> {
  await user.sleep(user.settings.sleepTime);
}
