const lasting = ['starting', 'running', 'waiting', 'leaving'] as const;
const final = ['finished', 'removed', 'crashed'] as const;

/** The states of users that are present in a process. */
export const presentStates = [...lasting, 'moving'] as const;

/**
 * The state of a user.
 *
 * - `starting`: assigned to this process, waits for its turn of the arrival rate
 * - `running`: its `start` runs
 * - `waiting`: `start` returned; it runs again after the repetition interval
 * - `leaving`: its `start` still runs, but will not be repeated
 * - `moving`: its `start` still runs; afterwards, or when its time is over, the user continues in another
 * process
 * - `finished`, `removed`, `crashed`: gone
 * - `moved`: gone from this process
 */
export const userStates = [...presentStates, ...final, 'moved'] as const;

/** One of {@link userStates}. */
export type UserState = (typeof userStates)[number];

/** How a user's life in a process ended. */
export type EndKind = (typeof final)[number] | 'moved';

/** The states that `users()` can list. */
export const listedStates = [...presentStates, 'crashed'] as const;

/**
 * The states that a run's users are counted in: for the cluster a user that moves is running. `finished`,
 * `removed`, `crashed` and `lost` are totals of the run.
 */
export const countedStates = [...lasting, ...final, 'lost'] as const;

/** The number of users in each state when there are none. */
export const noUsers = Object.fromEntries(userStates.map((state) => [state, 0])) as Readonly<
  Record<UserState, number>
>;
