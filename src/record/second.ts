import type { countedStates } from '../lib/user-states.ts';
import type { MetricsDelta } from '../metrics/metrics.ts';
import type { DecodedDelta } from '../metrics/totals.ts';

/** How many users are in each state. */
export type UserTotals = Record<(typeof countedStates)[number], number>;

/** Each state with its count. */
export function userEntries(users: UserTotals): [state: string, count: number][] {
  return Object.entries(users as UserTotals & Record<string, number>);
}

/** A process in one second. */
export interface NodeSecond {
  name: string;
  users: number;
  /** Share of a core, 0 to 1. */
  cpu: number;
  loopDelayMs: number;
  rssBytes: number;
  gcMs?: number;
  /** The master's clock minus that of the process. */
  clockOffsetMs?: number;
  /** Why its figures reflect itself, not the server. */
  saturated?: string;
}

/** What came in one second of a run. */
export interface SecondRow {
  /** Its end, in epoch milliseconds. */
  at: number;
  users: UserTotals;
  delta: DecodedDelta;
  nodes: NodeSecond[];
}

/** A line of a record. It stays encoded until it is used: decoded, a run of days would not fit into memory. */
export interface RecordedSecond extends Omit<SecondRow, 'delta'> {
  delta: MetricsDelta;
}
