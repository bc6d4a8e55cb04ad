import type { IdSet } from '../lib/id-set.ts';
import type { MetricsTotals } from '../metrics/metrics.ts';
import type { EndedCounts } from './run.ts';
import type { UserListing } from './user-listing.ts';
import type { MessagesView } from './views.ts';

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
export interface StopResult {
  scenario: string;
  users: EndedCounts;
  /** Users that did not end by themselves in time. */
  forced: number;
  ranForMs: number;
  messages: MessagesView;
  /** Everything that was counted and timed. */
  metrics: ReturnType<MetricsTotals['summary']>;
  errors: UserListing['errors'];
  /** Processes that were the bottleneck themselves, and for how many seconds. */
  saturated: { node: string; seconds: number }[];
}
