import type { listedStates } from '../lib/user-states.ts';
import type { IdSpec } from '../lib/ids/id-set.ts';
import type { Duration } from '../lib/time/duration.ts';
import type { Rate } from '../lib/time/rate.ts';
import type { PlacementStrategy, StrategyName } from '../placement/placement.ts';

/** Options of `do`. All of them are JSON, but for a placement of one's own. */
export interface DoOptions {
  /** Processes or machines to use: names, `slave*`, or labels, `zone=a`. @default all */
  nodes?: string | readonly string[] | undefined;
  /** Kept with the run. */
  comment?: string | undefined;
  /** Values for the scenario's variables and amoc's own; they are checked with the scenario. */
  settings?: Readonly<Record<string, unknown>> | undefined;
  /** Which process gets which user; a function works in this process only. @default `roundRobin` */
  placement?: StrategyName | PlacementStrategy | undefined;
  /** Time between two user starts on one machine: the setting of that name. */
  interarrival?: Duration | undefined;
  /** User starts in the whole cluster, instead of `interarrival`. */
  rate?: Rate | undefined;
  /** Seed of `user.random`. @default chosen */
  seed?: number | undefined;
  /** The figure and its limit, in addition to those of the scenario: `'message_ttd p99': '< 200ms'`. */
  thresholds?: Readonly<Record<string, string>> | undefined;
  /** Whether the settings were typed on a command line, where a time needs its unit. @default false */
  demandUnits?: boolean | undefined;
}

/** Whom `remove` removes: the users with the highest ids, or those with the given ids. */
export type RemoveWhat = number | { ids: IdSpec; force?: boolean | undefined };

/** Options of `remove` and `stop`. */
export interface ForceOptions {
  /** Whether to end users at once. @default false */
  force?: boolean | undefined;
}

/** Options of `setTarget`. */
export interface TargetOptions {
  /** Also changes the arrival rate, before users are added. */
  rate?: Rate | undefined;
}

/** One of {@link listedStates}. */
export type ListedState = (typeof listedStates)[number];

/** Options of `users`. */
export interface UsersOptions {
  state?: ListedState | undefined;
  /** At most this many users, the lowest ids first. @default 20 */
  limit?: number | undefined;
}
