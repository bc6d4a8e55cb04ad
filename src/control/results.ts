import type { IdPairs } from '../lib/ids/id-pairs.ts';
import type { RunResult } from '../record/types.ts';

/** The answer of `compile`. */
export interface CompileResult {
  /** Paths of the compiled files, relative to `scenarios/`. */
  files: string[];
  /** npm packages that the scenario imports. */
  packages: readonly string[];
}

/** The answer of `do`. */
export interface DoResult {
  run: string;
  scenario: string;
  from: number;
  to: number;
  users: number;
  processes: number;
  /** Milliseconds. */
  interarrival: number;
  /** User starts per second in the whole cluster, if that was asked for. */
  rate?: number;
}

/** The answer of `add`. */
export interface AddResult {
  users: number;
  ids: IdPairs;
  /** Users that were not asked to leave. */
  remain: number;
  /** Milliseconds. */
  interarrival: number;
  /** User starts per second in the whole cluster, if the run has a rate. */
  rate?: number;
}

/** The answer of `remove`. */
export interface RemoveResult {
  /** How many were removed: fewer than were asked for when not all were present. */
  users: number;
  ids: IdPairs;
  remain: number;
  force: boolean;
}

/** The answer of `setTarget`: what it did to reach the number of users. */
export interface TargetResult {
  /** The number of users that was asked for; all others were asked to leave. */
  users: number;
  added: IdPairs;
  removed: IdPairs;
  /** User starts per second in the whole cluster, if the run has a rate. */
  rate?: number;
}

/** The answer of `setRate`. */
export interface RateResult {
  /** User starts per second in the whole cluster. */
  rate: number;
  /** The rate before; left out when users arrived by `interarrival`, machine by machine. */
  before?: number;
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

/** The answer of `rebalance`. */
export interface MovesResult {
  /** How many users begin to move. */
  moving: number;
  /** How many processes share the users. */
  nodes: number;
  /** After this time, users that are still in start() move by force. */
  withinMs: number;
}

/** The answer of `drain`. */
export interface DrainResult {
  nodes: string[];
  moving: number;
  withinMs: number;
}

/** The answer of `evict`. */
export interface EvictResult {
  nodes: string[];
  /** Users that will run elsewhere. */
  users: number;
}

/** The round trip to one process. */
export interface PingResult {
  name: string;
  /** Milliseconds; `undefined` when it does not answer. */
  ms: number | undefined;
}

/** A log line of a process, in pino's form. */
export interface LogEntry {
  level: number;
  /** Epoch milliseconds. */
  time: number;
  node: string;
  msg?: string | undefined;
  [field: string]: unknown;
}
