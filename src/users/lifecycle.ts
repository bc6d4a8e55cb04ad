/**
 * Where a user is in its life.
 *
 * - `starting`: given to this process, waits for its turn of the arrival rate
 * - `running`: its `start` runs
 * - `waiting`: `start` returned; it runs again after the repetition interval
 * - `leaving`: its `start` still runs, but will not be repeated
 * - `finished`, `removed`, `crashed`: gone
 */
export type UserState =
  'starting' | 'running' | 'waiting' | 'leaving' | 'finished' | 'removed' | 'crashed';

/** How many users are in each state where there are none. */
export const noUsers: Readonly<Record<UserState, number>> = {
  starting: 0,
  running: 0,
  waiting: 0,
  leaving: 0,
  finished: 0,
  removed: 0,
  crashed: 0,
};

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
  | 'kill';

type Row = Readonly<Partial<Record<UserInput, UserState>>>;

/**
 * input × state → next state. What has no entry cannot happen to a user in that state; the pool
 * ignores it, because a removal may cross the end of a user on the wire.
 */
export const transitions: Readonly<Record<UserState, Row>> = {
  starting: {
    begin: 'running',
    // Nothing of it ran, so there is nothing to finish gently.
    remove: 'removed',
    kill: 'removed',
  },
  running: {
    returned: 'waiting',
    completed: 'finished',
    threw: 'crashed',
    remove: 'leaving',
    kill: 'removed',
  },
  waiting: {
    begin: 'running',
    remove: 'removed',
    kill: 'removed',
  },
  leaving: {
    // Without the removal it would have gone on; one that has no repetition left has done all that it had to.
    returned: 'removed',
    completed: 'finished',
    threw: 'crashed',
    remove: 'leaving',
    kill: 'removed',
  },
  // What a killed user's start() still does or throws has no say any more.
  finished: {},
  removed: {},
  crashed: {},
};

/** The state after `input`, or `undefined` when it means nothing in `state`. */
export function nextState(state: UserState, input: UserInput): UserState | undefined {
  return transitions[state][input];
}

/** Whether a user in this state is gone. */
export function isGone(state: UserState): state is 'finished' | 'removed' | 'crashed' {
  return state === 'finished' || state === 'removed' || state === 'crashed';
}
