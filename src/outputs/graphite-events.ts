import type { RunDefinition, RunEvent } from '../record/types.ts';
import type { AnnotationTarget } from './annotations.ts';

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
