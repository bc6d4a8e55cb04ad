import { formatMs } from '../../lib/time/duration.ts';
import { plural } from '../../lib/text/plural.ts';
import type { EventKind } from '../../record/event.ts';
import type { Notice } from '../../control/notice.ts';
import type { Run } from '../run/run.ts';
import type { NodeChange } from './node-entry.ts';
import type { Blockage } from './node-state.ts';
import { isInRun, isReady } from './node-state.ts';

/** A change of a process, as an event of the run. */
export interface NodeEvent {
  kind: EventKind;
  /** How it is shown; left out when it is only recorded. */
  level?: Notice['level'];
  text: string;
}

/**
 * What a change of a process means for the run; `undefined` for a change that is nothing to report. Of the loss of a
 * process is reported what becomes of its users, and that is decided elsewhere.
 *
 * @param run `undefined` when none has begun; then only a blocked loop matters
 * @param now monotonic
 * @param isRunning whether the run neither stops nor has failed
 */
export function describeChange(
  { node, from, to, input }: NodeChange,
  run: Run | undefined,
  now: number,
  isRunning: boolean,
): NodeEvent | undefined {
  const { name } = node;
  const users = plural(run?.owners.countOf(node.number) ?? 0, 'user');
  if (input.type === 'block') {
    const text = `${name} has been blocked for ${formatMs(Math.round(input.forMs))}${placeOf(input.frames)}; its ${users} are stalled; stop({force:true}) ends it`;
    return { kind: 'node_blocked', level: 'warn', text };
  }
  if (input.type === 'unblock') {
    const text = `${name} is responsive again after ${formatMs(Math.round(input.afterMs))}`;
    return { kind: 'node_unblocked', level: 'warn', text };
  }
  if (run === undefined) return undefined;
  switch (input.type) {
    case 'serve': {
      const takes = isReady(to) ? 'takes users' : 'is drained, and takes no users';
      return { kind: 'node_joined', level: 'info', text: `${name} joined and ${takes}` };
    }
    case 'leave': {
      // The users of a drained process move already.
      if (from.role !== 'ready') return undefined;
      const limit = formatMs(run.ms('stopTimeout'));
      const text = `${name} is about to leave; its ${users} will continue elsewhere, each when its start() ends, or after ${limit}`;
      return { kind: 'node_leaving', level: 'info', text };
    }
    case 'emptied':
      return { kind: 'node_drained', text: `${name} is drained: it has no users` };
    case 'cut': {
      // It was not back yet.
      if (from.reach === 'returning') return undefined;
      const waitMs = Math.max(0, node.leaseUntil - now);
      const then = run.leavesUsers
        ? `its ${users} will keep running there`
        : `its ${users} will be started elsewhere when its lease ends, in ${roughly(waitMs)}`;
      const text = `${name} is out of reach (${input.reason}); ${then}`;
      return { kind: 'node_away', level: 'warn', text };
    }
    case 'compared': {
      const awayMs = now - (from.awaySince ?? now);
      const text = `${name} is back after ${roughly(awayMs)}, with its ${users}`;
      return { kind: 'node_back', level: 'info', text };
    }
    case 'lose': {
      const isEmpty = run.owners.ofNode(node.number).staying.size === 0;
      if (!isRunning || !isInRun(from) || !node.isLeaving || !isEmpty) return undefined;
      return { kind: 'node_left', level: 'info', text: `${name} has left` };
    }
    default:
      return undefined;
  }
}

/** Where a process is blocked: in the scenario, when a frame of it is on the stack. */
function placeOf(frames: Blockage['frames']): string {
  const place = frames.find(({ file }) => file.includes('/scenarios/')) ?? frames[0];
  if (place === undefined) return '';
  return ` at ${shortFile(place.file)}:${place.line}:${place.column} in ${place.function}`;
}

/** The part of a path that its author knows: from `scenarios/` on. */
function shortFile(file: string): string {
  const at = file.lastIndexOf('/scenarios/');
  return at < 0 ? file.replace(/^file:\/\//, '') : file.slice(at + 1);
}

/** A time for people to read, to a tenth of a second. */
function roughly(ms: number): string {
  return formatMs(Math.round(ms / 100) * 100);
}
