import type { MetricsSummary } from '../metrics/totals.ts';
import type { HeadlineView, MessagesView } from './headlines.ts';
import type { Verdict } from './verdict.ts';

/** The result of a run. */
export interface RunResult {
  run: string;
  scenario: string;
  comment?: string;
  startedAt: number;
  /** From the first start to the end of everything. */
  ranForMs: number;
  /** How much of it passed after `stop`: users that end, `terminate`, `teardown`. */
  stoppingForMs: number;
  users: { finished: number; removed: number; crashed: number; lost: number };
  /** Users that did not end by themselves in time. */
  forced: number;
  /** Of each protocol that the users have spoken; records from before this field have only `messages`. */
  headlines?: HeadlineView[];
  messages: MessagesView;
  /** Everything that was counted and timed. */
  metrics: MetricsSummary;
  errors: { error: string; message: string; count: number }[];
  /** What else failed, a sentence each: `terminate`, `teardown`, a process that joined or was killed. */
  problems: string[];
  /** Processes that were the bottleneck, for how many seconds in total, and for how many in a row. */
  saturated: { node: string; seconds: number; inARow: number }[];
  /** How many values the processes reported as recorded, and how many of them arrived here. */
  counts: { recorded: number; arrived: number; lostNodes: number };
  /** Processes that reported what cannot be true, and why; their figures are left out from then on. */
  distrusted?: { node: string; why: string }[];
  verdicts: Verdict[];
  /** How much of the run is on disk; left out when no observer records it, and in a complete record. */
  record?: RunRecord;
}

/** How much of a run is on disk. */
export interface RunRecord {
  /** `all`; `part`: up to `until`, and what could be written later; `none`: nothing that could be read. */
  kept: 'all' | 'part' | 'none';
  /** Why not all of it. */
  why?: string;
  /** Epoch milliseconds. */
  until?: number;
}
