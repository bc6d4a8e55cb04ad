import { z } from 'zod';
import { presentStates, userStates } from '../../lib/user-states.ts';
import { count, id, idRanges, ms, none, runId, text } from './values.ts';

/**
 * How many users of a process are in each state; `finished`, `removed`, `crashed` and `moved` are totals of
 * the run.
 */
export const userCounts = z.record(z.enum(userStates), count);

/** See {@link userCounts}. */
export type UserCounts = z.infer<typeof userCounts>;

export const pace = z.object({
  /** Time between two starts in this process; 0: as fast as possible. */
  interarrivalMs: ms,
  paused: z.boolean(),
});

/** How fast a process starts its users. */
export type Pace = z.infer<typeof pace>;

/** A digest of the ids of users that are present. */
export const digest = z.object({ count, sum: count });

/** Which users of a process have ended, and how. */
export const ended = z.object({
  finished: idRanges,
  crashed: idRanges,
  removed: idRanges,
  /** They must continue elsewhere. */
  moved: idRanges,
  /** Of these, the users that were assigned again since, and are present. */
  back: idRanges,
  /** The last `assign` that this process had applied by then. */
  revision: count,
});

const errorCount = z.object({
  error: text,
  message: text,
  count,
  isStray: z.literal(true).optional(),
});

/** The requests about users: who runs where, how fast they start, what they do. */
export const userRequests = {
  assign: {
    params: z.object({
      run: runId,
      ids: idRanges,
      /** They were removed by force before: a user that is still here with such an id is the earlier one. */
      again: z.boolean().optional(),
      /** Counts up per process: it tells which commands a report has taken into account. */
      revision: count,
      /** Wait before the first start, so that the processes of a machine take turns. */
      delayMs: ms,
      /** Replacements of lost users: all are started within this time, whatever the pace. */
      withinMs: ms.optional(),
      /** No user starts for that time: a restarted master does not know yet which users run elsewhere. */
      holdMs: ms.optional(),
    }),
    result: none,
  },
  withdraw: {
    params: z.object({ run: runId, ids: idRanges, force: z.boolean(), revision: count }),
    result: none,
  },
  /**
   * Lets users end their `start` here, for at most the setting `stopTimeout`; then they continue elsewhere.
   */
  move: { params: z.object({ run: runId, ids: idRanges, revision: count }), result: none },
  /**
   * All users that the process should have, whatever it has: it repairs the differences that a lost command,
   * a cut link or another master has left.
   */
  desire: {
    params: z.object({
      run: runId,
      revision: count,
      staying: idRanges,
      leaving: idRanges,
      /** The users of `move`. */
      moving: idRanges,
      /** Removals by force, the oldest first, that the master does not know to be complete. */
      gone: z.array(idRanges).max(100_000),
      /** The number of the last report that the master has taken in. */
      heard: count,
      pace,
      /** Missing users are started within this time. */
      withinMs: ms,
      /** As in `assign`. */
      holdMs: ms.optional(),
    }),
    result: none,
  },
  pace: { params: z.object({ run: runId, pace }), result: none },
  users: {
    params: z.object({
      state: z.enum([...presentStates, 'crashed']).optional(),
      limit: count.max(100_000),
    }),
    result: z.object({
      users: z
        .array(
          z.object({ id, state: z.enum(userStates), repetitions: count, error: text.optional() }),
        )
        .max(100_000),
      errors: z.array(errorCount).max(1000),
    }),
  },
  /**
   * Shows one user's stanzas in the log, or stops that; it toggles when `on` is left out. A user that is not
   * present is waited for with `waits`, and no longer waited for without it; the result says whether it is,
   * or was.
   */
  trace: {
    params: z.object({ id, on: z.boolean().optional(), waits: z.boolean() }),
    result: z.object({ found: z.boolean(), on: z.boolean(), waits: z.boolean() }),
  },
} as const;
