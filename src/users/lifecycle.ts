import type { EndKind, UserState } from '../lib/user-states.ts';

export { noUsers } from '../lib/user-states.ts';
export type { EndKind, UserState } from '../lib/user-states.ts';

/** What can happen to a user. */
export type UserInput =
  /** Its turn of the arrival rate, or the end of the repetition interval. */
  | 'begin'
  /** `start` returned, and there are repetitions left. */
  | 'returned'
  /** `start` returned for the last time. */
  | 'completed'
  /** `start` threw, or its promise was rejected. */
  | 'threw'
  /** Removed gently. */
  | 'remove'
  /** Removed by force. */
  | 'kill'
  /** It must continue in another process. */
  | 'move'
  /** It must stay after all. */
  | 'stay'
  /** It moves, and the time for its `start` is over. */
  | 'expire';

type Row = Readonly<Partial<Record<UserInput, UserState>>>;

/**
 * input × state → next state. An input without an entry cannot happen in that state; the pool ignores it,
 * because a removal may cross the end of a user on the wire.
 */
export const transitions: Readonly<Record<UserState, Row>> = {
  starting: {
    begin: 'running',
    // Nothing of it ran, so there is nothing to finish gently.
    remove: 'removed',
    kill: 'removed',
    move: 'moved',
  },
  running: {
    returned: 'waiting',
    completed: 'finished',
    threw: 'crashed',
    remove: 'leaving',
    kill: 'removed',
    move: 'moving',
  },
  waiting: {
    begin: 'running',
    remove: 'removed',
    kill: 'removed',
    move: 'moved',
  },
  leaving: {
    // Without the removal it would have continued; a user without repetitions left has done all that it had
    // to.
    returned: 'removed',
    completed: 'finished',
    threw: 'crashed',
    remove: 'leaving',
    kill: 'removed',
  },
  moving: {
    returned: 'moved',
    // It has nothing left to do elsewhere.
    completed: 'finished',
    threw: 'crashed',
    remove: 'leaving',
    kill: 'removed',
    stay: 'running',
    expire: 'moved',
  },
  // What a killed user's start() still does or throws no longer matters.
  finished: {},
  removed: {},
  crashed: {},
  moved: {},
};

/** The state after `input`, or `undefined` when it has no effect in `state`. */
export function nextState(state: UserState, input: UserInput): UserState | undefined {
  return transitions[state][input];
}

/** Whether a user in this state is gone. */
export function isGone(state: UserState): state is EndKind {
  return state === 'finished' || state === 'removed' || state === 'crashed' || state === 'moved';
}
