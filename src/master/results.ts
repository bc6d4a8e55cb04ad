import type { IdSet } from '../lib/id-set.ts';
import type { RunResult } from '../record/types.ts';

/** What `add` and `remove` answer: how many, whom, and how many are there then. */
export interface ChangeResult {
  ids: IdSet;
  users: number;
  remain: number;
  /** `remove` was asked for more than there were. */
  wanted: number;
  force?: boolean;
  interarrival?: number;
  rate?: number;
}

/** What `stop` answers. */
export type StopResult = RunResult;

/** What `user(7).trace()` answers. */
export interface TraceResult {
  id: number;
  on: boolean;
  /** The user does not run: its stanzas are shown as soon as it does. */
  waits: boolean;
}
