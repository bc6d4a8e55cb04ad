import type { MetricsSummary, TimeSummary } from '../metrics/totals.ts';
import type { HeadlineView, MessagesView } from '../record/headlines.ts';
import type { UserTotals } from '../record/types.ts';
import type { Verdict } from '../record/verdict.ts';

export type { HeadlineView, MessagesView, TimeSummary };

/** What a cluster is doing: one run at a time. */
export type RunState =
  | { readonly is: 'idle' }
  | { readonly is: 'starting'; readonly scenario: string }
  | { readonly is: 'running'; readonly scenario: string }
  | { readonly is: 'stopping'; readonly scenario: string }
  | { readonly is: 'failed'; readonly scenario: string; readonly reason: string };

/** One line of `nodes()`. */
export interface NodeView {
  name: string;
  host: string;
  pid: number;
  version: string;
  status: string;
  users: number;
  /** Share of a core, 0 to 1. */
  cpu: number;
  loopDelayMs: number;
  rssBytes: number;
  /** Round trip of a beat, in milliseconds. */
  roundTripMs?: number;
  /** The master's clock minus that of the process, accurate to half of the round trip. */
  clockOffsetMs?: number;
}

/** How many users are in each state, as far as is known. */
export interface UsersView extends UserTotals {
  /** Running users that are about to move to another process. */
  moving: number;
  /** Users on processes that are out of reach. */
  away: number;
}

/** What `metrics()` gives. */
export interface MetricsView extends MetricsSummary {
  /** Of counters and histograms: values per second, over the last five seconds. */
  rates: Record<string, number>;
}

/** What `status()` gives. */
export interface StatusView {
  state: RunState['is'];
  reason?: string;
  scenario?: string;
  run?: string;
  comment?: string;
  seed?: number;
  paused?: boolean;
  runningForMs?: number;
  /** The ids of the users that are present: `1..10`. */
  ids?: string;
  /** Users that are present now, whatever their state. */
  present: number;
  users: UsersView;
  /** User starts per second. */
  startRate: { wanted: number; achieved: number };
  /** Of each protocol that the users of the run have spoken so far. */
  headlines: HeadlineView[];
  /** The figures of the headline `messages`, for programs that read no others. */
  messages: MessagesView;
  /** Sessions that were lost, by reason; left out while there are none. */
  losses?: Record<string, number>;
  /** The thresholds, judged on the run so far; left out without any. */
  verdicts?: Verdict[];
  nodes: NodeView[];
}

/** The traffic of a protocol in one second. */
export interface TrafficPoint {
  sent: number;
  /** In milliseconds; 0 when nothing was timed. */
  latencyP99: number;
}

/** A second of a run in short, for small charts. */
export interface Trend {
  /** Users present. */
  users: number;
  /** By the title of each headline: what was sent in this second, and the 99th percentile of its latency. */
  traffic: Readonly<Record<string, TrafficPoint>>;
  /** The highest CPU use of a process, as a share of a core. */
  cpu: number;
}

/** Individual users, and the kinds of errors with their counts, of the whole cluster. */
export interface UserListing {
  users: {
    id: number;
    node: string;
    state: string;
    repetitions: number;
    error?: string | undefined;
  }[];
  errors: { error: string; message: string; count: number }[];
}

/** The settings of a run: value, meaning, and whether they may change during the run. */
export type SettingsView = Record<
  string,
  { value: string | number | boolean; description: string; update: boolean }
>;

/** Names that can be typed in a command now: what completion offers. */
export interface Vocabulary {
  /** Processes and machines that have joined. */
  nodes: string[];
  /** Of the current run, with their meaning; none without a run. */
  settings: Record<string, string>;
  /** Metrics of the current or the last run, with their labels. */
  counters: string[];
  /** The same for histograms, which have percentiles. */
  times: string[];
}
