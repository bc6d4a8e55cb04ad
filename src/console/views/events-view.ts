import { legible } from '../../lib/text/foreign-text.ts';
import { toneOf } from '../../record/event.ts';
import type { RunEvent } from '../../record/event.ts';
import type { Paint } from './paint.ts';
import { brief } from './render.ts';

/** `events()` shows this many, the newest, each with its time of day. */
const MOST = 50;
const LONGEST = 500;
/** Of the column of kinds. */
const MIN_WIDTH = 11;

/** What happened in a run, a line each. */
export function renderEvents(events: readonly RunEvent[], paint: Paint): string {
  if (events.length === 0) return '  nothing has happened yet';
  const shown = events.slice(-MOST);
  const width = Math.max(MIN_WIDTH, ...shown.map(({ kind }) => kind.length));
  const lines = shown.map((event) => {
    const { at, kind, by } = legible(event);
    const text = brief(event.text, LONGEST);
    const time = new Date(at).toTimeString().slice(0, 8);
    return `  ${paint.dim(time)}  ${colour(kind, paint)(kind.padEnd(width))}  ${text}${by === undefined ? '' : paint.dim(` (${by})`)}`;
  });
  const more = events.length - shown.length;
  return more > 0 ? [`  (${more} earlier)`, ...lines].join('\n') : lines.join('\n');
}

function colour(kind: RunEvent['kind'], paint: Paint): (text: string) => string {
  switch (toneOf(kind)) {
    case 'error':
      return paint.red;
    case 'warn':
      return paint.yellow;
    case 'plain':
      return (text) => text;
    case 'command':
      return paint.cyan;
  }
}
