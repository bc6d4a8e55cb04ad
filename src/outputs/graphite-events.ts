import type { RunDefinition } from '../record/definition.ts';
import type { RunEvent } from '../record/event.ts';
import type { AnnotationTarget } from './annotations.ts';
import { defineOutput } from './output.ts';

/** The events of a run, to graphite-web. */
export const graphiteEventsOutput = defineOutput({
  name: 'Graphite (events)',
  variables: { AMOC_GRAPHITE_EVENTS: { description: "URL of graphite-web's events" } },
  async create(env, { clock, tell }) {
    const url = env.url('AMOC_GRAPHITE_EVENTS');
    if (url === undefined) return undefined;
    const { Annotations } = await import('./annotations.ts');
    const annotations = new Annotations('Graphite (events)', graphiteEvents(url), clock, tell);
    return {
      observer: () => annotations,
      [Symbol.asyncDispose]: () => annotations[Symbol.asyncDispose](),
    };
  },
});

/** Marks a run's events in Graphite: POST to `/events/`, with the tags of the Erlang amoc (`amoc start`). */
export function graphiteEvents(url: string): AnnotationTarget {
  return (event, definition) => ({
    url: new URL('events/', url.endsWith('/') ? url : `${url}/`).href,
    headers: {},
    body: {
      what: `amoc ${event.kind}: ${definition?.scenario ?? ''}`.trim(),
      tags: tagsOf(event, definition),
      when: Math.floor(event.at / 1000),
      data: dataOf(event, definition),
    },
  });
}

/** `amoc`, what happened, and the scenario. */
export function tagsOf({ kind }: RunEvent, definition: RunDefinition | undefined): string[] {
  return ['amoc', kind, ...(definition === undefined ? [] : [definition.scenario])];
}

/** The text at the mark: scenario, comment, range, nodes, settings. */
export function dataOf(event: RunEvent, definition: RunDefinition | undefined): string {
  if (definition === undefined) return event.text;
  const { id, scenario, comment = 'none', from, to, nodes, settings } = definition;
  const lines = [event.text, `scenario: ${scenario}`, `comment: ${comment}`, `run: ${id}`];
  if (event.kind === 'start') {
    lines.push(
      `start: ${from}, end: ${to}`,
      `nodes: ${nodes.length} (${nodes.slice(0, 20).join(', ')})`,
      `settings: ${JSON.stringify(settings)}`,
    );
  }
  return lines.join('\n');
}
