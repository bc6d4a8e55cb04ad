import type { IdSet } from '../lib/ids/id-set.ts';
import type { CrashedUser } from './crashes.ts';
import type { UserState } from './lifecycle.ts';

/** One line of `users()`. */
export interface UserLine {
  id: number;
  state: UserState;
  repetitions: number;
  error?: string;
}

/** The users of a process, by where they are. */
export interface ListedUsers {
  /** They wait for their start. */
  queued: () => IdSet;
  started: Iterable<{
    readonly id: number;
    readonly state: UserState;
    readonly repetitions: number;
  }>;
  crashed: Iterable<CrashedUser>;
}

/** The lowest `limit` users in `state`; in any state but `crashed` when left out. Costs O(users · log users). */
export function listUsers(
  { queued, started, crashed }: ListedUsers,
  state: UserState | undefined,
  limit: number,
): UserLine[] {
  const lines: UserLine[] = [];
  if (state === undefined || state === 'starting') {
    for (const id of queued().toArray().slice(0, limit)) {
      lines.push({ id, state: 'starting', repetitions: 0 });
    }
  }
  for (const { id, state: its, repetitions } of started) {
    // A user that moves still runs.
    const isIn = state === its || (state === 'running' && its === 'moving');
    if (state === undefined || isIn) lines.push({ id, state: its, repetitions });
  }
  if (state === 'crashed') {
    for (const { id, error, repetitions } of crashed) {
      lines.push({ id, state: 'crashed', repetitions, error });
    }
  }
  return lines.sort((a, b) => a.id - b.id).slice(0, limit);
}
