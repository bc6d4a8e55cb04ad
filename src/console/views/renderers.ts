import type { Call } from '../../commands/call.ts';
import type { CommandName, ResultOf } from '../../commands/index.ts';
import { formatMs } from '../../lib/time/duration.ts';
import { plural } from '../../lib/text/plural.ts';
import {
  sayAdd,
  sayDo,
  sayMoving,
  sayRate,
  sayRemove,
  sayTarget,
  sayTrace,
} from './changes-view.ts';
import { renderEvents } from './events-view.ts';
import { renderLog } from './log-view.ts';
import { renderMetrics } from './metrics-view.ts';
import type { Paint } from './paint.ts';
import { renderNodes, renderStatus, table } from './render.ts';
import { renderSettings } from './settings-view.ts';
import { sayStop } from './stop-view.ts';
import { renderUsers } from './users-view.ts';
import { renderWatch } from './watch.ts';

/** How the result of a command is shown to people. */
export interface Renderer<R> {
  /** @param call what the command was given; `isLive`: after {@link Renderer.live} */
  text(result: R, paint: Paint, call: Call & { isLive: boolean }): string;
  /** Draws the full screen, once a second, before the result is shown. */
  live?(result: R, columns: number, paint: Paint): string;
}

/** The columns of one picture that is printed. */
const PICTURE_COLUMNS = 100;

/** One renderer for each command. */
export const renderers: { [N in CommandName]: Renderer<ResultOf<N>> } = {
  do: { text: sayDo },
  add: { text: sayAdd },
  remove: { text: sayRemove },
  target: { text: sayTarget },
  rate: { text: sayRate },
  stop: { text: sayStop },
  status: { text: renderStatus },
  nodes: { text: renderNodes },
  users: { text: renderUsers },
  trace: { text: sayTrace },
  metrics: { text: renderMetrics },
  watch: {
    text: (picture, paint, { isLive }) =>
      isLive ? renderStatus(picture.status, paint) : renderWatch(picture, PICTURE_COLUMNS, paint),
    live: renderWatch,
  },
  events: { text: renderEvents },
  settings: { text: renderSettings },
  update: {
    text: (settings) => {
      const words = Object.entries(settings).map(([key, value]) => `${key} = ${String(value)}`);
      return `ok: ${words.join(', ')}`;
    },
  },
  pause: { text: () => 'ok: new starts are paused until resume()' },
  resume: { text: () => 'ok: users start again' },
  log: {
    text: (lines, paint) => (lines.length === 0 ? '  no log lines' : renderLog(lines, paint)),
  },
  rebalance: {
    text: (moves) =>
      moves.moving === 0 ? 'ok: the users are already balanced' : `ok: ${sayMoving(moves)}`,
  },
  drain: { text: (drained) => `ok: ${takes(drained.nodes)} no more users; ${sayMoving(drained)}` },
  undrain: {
    text: ({ nodes }) => `ok: ${takes(nodes)} users again; rebalance() evens out the users`,
  },
  evict: {
    text: ({ nodes, users }) =>
      `ok: evicted ${nodes.join(', ')}; ${plural(users, 'user')} will run elsewhere`,
  },
  ping: {
    text: (answers, paint) => {
      if (answers.length === 0) return '  no processes connected';
      const rows = answers.map(({ name, ms }) => [
        name,
        ms === undefined ? { text: 'no answer', colour: paint.red } : formatMs(ms),
      ]);
      return table(['process', 'round trip'], rows, paint, [1]);
    },
  },
};

function takes(nodes: readonly string[]): string {
  return `${nodes.join(', ')} ${nodes.length === 1 ? 'takes' : 'take'}`;
}
