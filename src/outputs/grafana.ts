import type { AnnotationTarget } from './annotations.ts';
import { dataOf, tagsOf } from './graphite-events.ts';

/** Marks a run's events in Grafana (its HTTP API, `POST /api/annotations`). */
export function grafanaAnnotations(url: string, token: string): AnnotationTarget {
  return (event, definition) => ({
    url: new URL('api/annotations', url.endsWith('/') ? url : `${url}/`).href,
    headers: { authorization: `Bearer ${token}` },
    body: { time: event.at, tags: tagsOf(event, definition), text: dataOf(event, definition) },
  });
}
