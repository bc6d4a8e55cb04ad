import type { countedStates } from '../lib/user-states.ts';
import type { MetricsDelta } from '../metrics/metrics.ts';
import type { MetricsSummary, MetricsTotals } from '../metrics/totals.ts';
import type { HeadlineView, MessagesView } from './headlines.ts';
import type { Verdict } from './verdict.ts';

/** The definition of a run, fixed when it begins. */
export interface RunDefinition {
  id: string;
  /** `amocLocal` or `amocDist`. */
  cluster: string;
  scenario: string;
  /** Hash over the scenario's files. */
  hash: string;
  comment?: string;
  from: number;
  to: number;
  seed: number;
  /** Secrets are `***`. */
  settings: Record<string, string | number | boolean>;
  thresholds: Record<string, string>;
  nodes: string[];
  /** Epoch milliseconds. */
  startedAt: number;
  versions: { amoc: string; node: string };
}

/** The kind of an event. */
export type EventKind =
  | 'start'
  | 'add'
  | 'remove'
  | 'stop'
  | 'update'
  | 'pause'
  | 'resume'
  | 'drain'
  | 'undrain'
  | 'node_lost'
  | 'node_joined'
  | 'saturated'
  | 'threshold'
  | 'notice'
  | 'warning'
  | 'error';

/** Commands of an operator; other events follow from them, or happen by themselves. */
export const commandKinds = [
  'start',
  'add',
  'remove',
  'stop',
  'update',
  'pause',
  'resume',
  'drain',
  'undrain',
] as const satisfies readonly EventKind[];

/** Something that happened in a run. */
export interface RunEvent {
  /** Epoch milliseconds. */
  at: number;
  kind: EventKind;
  text: string;
  /** The operator who gave the command, where there may be several: `anna@pts/3`. */
  by?: string;
  data?: Record<string, unknown>;
}

/** How many users are in each state. */
export type UserTotals = Record<(typeof countedStates)[number], number>;

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
  delta: MetricsDelta;
  nodes: NodeSecond[];
}

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

/** Follows runs as they happen. What it throws is reported, and does not harm the run. */
export interface RunObserver {
  started(definition: RunDefinition): void;
  /** @param totals of the run so far */
  second(row: SecondRow, totals: MetricsTotals): void;
  event(event: RunEvent, definition: RunDefinition | undefined): void;
  ended(result: RunResult): void;
  /** How much is kept of the run that ended last; only for observers that keep runs. */
  record?(): RunRecord;
  /** Gets what one process reported; left out by observers that need only the totals. */
  report?(node: ReportingNode, delta: MetricsDelta): void;
}

/** The process that sent a report. */
export interface ReportingNode {
  name: string;
  labels: Readonly<Record<string, string>>;
}

/** Each state with its count. */
export function userEntries(users: UserTotals): [state: string, count: number][] {
  return Object.entries(users as UserTotals & Record<string, number>);
}
