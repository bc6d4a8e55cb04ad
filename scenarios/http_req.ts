import type { User, Variables } from 'amoc';

/** All users of a process share its HTTP connections; no user holds one. */
export const connectionsPerUser = 0;

export const variables = {
  url: { description: 'URL to request', default: 'http://127.0.0.1:8080/', update: true },
  requests: {
    description: 'requests of a user in one start',
    default: 10,
    check: (count: number) => (Number.isInteger(count) && count >= 0) || 'a whole number ≥ 0',
    update: true,
  },
  pause: {
    description: 'time between two requests of a user',
    default: '1s',
    unit: 'duration',
    update: true,
  },
} satisfies Variables;

/** HTTP requests, timed; an answer outside of 2xx ends the user with an error. */
export async function start(_id: number, user: User<typeof variables>): Promise<void> {
  const { settings } = user;
  for (let sent = 0; sent < settings.requests; sent++) {
    const response = await user.http.get(settings.url, { redirects: 10 });
    if (!response.ok) throw new Error(`${settings.url} answered ${response.status}`);
    await user.sleep(settings.pause);
  }
}
