import type { IdSet } from '../lib/ids/id-set.ts';
import type { RunResult } from '../record/types.ts';

/** The answer of `add` and `remove`: how many users, which ones, and how many remain. */
export interface ChangeResult {
  ids: IdSet;
  users: number;
  remain: number;
  /** How many were asked for; more than `users` when `remove` found fewer. */
  wanted: number;
  force?: boolean;
  interarrival?: number;
  rate?: number;
}

/** The answer of `stop`. */
export type StopResult = RunResult;

/** The answer of `user(7).trace()`. */
export interface TraceResult {
  id: number;
  on: boolean;
  /** The user does not run: its traffic is shown as soon as it does. */
  waits: boolean;
}
