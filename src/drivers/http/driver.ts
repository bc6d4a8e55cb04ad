import type { Driver } from '../driver.ts';
import type { HttpUser } from './facet.ts';
import { maskHttp } from './mask.ts';
import { httpMetrics } from './metrics.ts';
import { httpVariables } from './settings.ts';
import type { HttpSettings } from './settings.ts';

/** HTTP: requests that are timed, counted, and end with their user. */
export const http: Driver<'http', HttpUser> = {
  name: 'http',
  settings: httpVariables,
  metrics: httpMetrics,
  headline: {
    title: 'requests',
    sent: 'http_requests',
    latency: { metric: 'http_request', words: 'time to answer', short: 'http' },
  },
  load: async () => (await import('./open.ts')).open,
  check: async (settings) => {
    const { checkServer } = await import('./check.ts');
    return checkServer(settings as unknown as HttpSettings);
  },
  mask: maskHttp,
};
