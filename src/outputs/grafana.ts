import { AmocError } from '../lib/errors.ts';
import type { AnnotationTarget } from './annotations.ts';
import { dataOf, tagsOf } from './graphite-events.ts';
import { defineOutput } from './output.ts';

/** The events of a run, as annotations of Grafana. */
export const grafana = defineOutput({
  name: 'Grafana',
  variables: {
    AMOC_GRAFANA_URL: { description: 'URL of Grafana, for annotations' },
    AMOC_GRAFANA_TOKEN: {
      description: 'a service account token, for annotations',
      secret: true,
    },
  },
  async create(env, { clock, tell }) {
    const url = env.url('AMOC_GRAFANA_URL');
    if (url === undefined) return undefined;
    const token = env.text('AMOC_GRAFANA_TOKEN');
    if (token === undefined) {
      throw new AmocError(
        'CONFIG',
        'AMOC_GRAFANA_URL needs AMOC_GRAFANA_TOKEN, a service account token',
      );
    }
    const { Annotations } = await import('./annotations.ts');
    const annotations = new Annotations('Grafana', grafanaAnnotations(url, token), clock, tell);
    return {
      observer: () => annotations,
      [Symbol.asyncDispose]: () => annotations[Symbol.asyncDispose](),
    };
  },
});

/** Marks a run's events in Grafana (its HTTP API, `POST /api/annotations`). */
export function grafanaAnnotations(url: string, token: string): AnnotationTarget {
  return (event, definition) => ({
    url: new URL('api/annotations', url.endsWith('/') ? url : `${url}/`).href,
    headers: { authorization: `Bearer ${token}` },
    body: { time: event.at, tags: tagsOf(event, definition), text: dataOf(event, definition) },
  });
}
