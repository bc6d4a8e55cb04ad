import { legible } from '../../lib/text/foreign-text.ts';
import type { RunEvent } from '../../record/types.ts';
import type { Paint } from './paint.ts';
import { brief } from './render.ts';

/** `events()` shows this many, the newest, each with its time of day. */
const MOST = 50;
const LONGEST = 500;

/** What happened in a run, a line each. */
export function renderEvents(events: readonly RunEvent[], paint: Paint): string {
  if (events.length === 0) return '  nothing has happened yet';
  const shown = events.slice(-MOST);
  const lines = shown.map((event) => {
    const { at, kind, by } = legible(event);
    const text = brief(event.text, LONGEST);
    const time = new Date(at).toTimeString().slice(0, 8);
    return `  ${paint.dim(time)}  ${colour(kind, paint)(kind.padEnd(11))}  ${text}${by === undefined ? '' : paint.dim(` (${by})`)}`;
  });
  const more = events.length - shown.length;
  return more > 0 ? [`  (${more} earlier)`, ...lines].join('\n') : lines.join('\n');
}

function colour(kind: RunEvent['kind'], paint: Paint): (text: string) => string {
  switch (kind) {
    case 'error':
    case 'node_lost':
      return paint.red;
    case 'warning':
    case 'saturated':
    case 'threshold':
      return paint.yellow;
    case 'notice':
    case 'node_joined':
      return (text) => text;
    default:
      return paint.cyan;
  }
}
