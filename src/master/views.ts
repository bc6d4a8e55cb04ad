import { lossesIn } from '../record/losses.ts';
import type { MetricsSummary, TimeSummary } from '../metrics/totals.ts';
import type { MessagesView } from '../record/result.ts';
import type { UserTotals } from '../record/second.ts';
import type { Verdict } from '../record/verdict.ts';
import type { NodeEntry } from './nodes/node-entry.ts';
import type { Run } from './run/run.ts';
import type { RunState } from './run/run-state.ts';

export type { MessagesView, TimeSummary };

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
  messages: MessagesView;
  /** Sessions that were lost, by reason; left out while there are none. */
  losses?: Record<string, number>;
  /** The thresholds, judged on the run so far; left out without any. */
  verdicts?: Verdict[];
  nodes: NodeView[];
}

/** What views take from the last seconds of a run. */
export interface RunRates {
  /** How many values of a metric came per second. */
  rate: (name: string) => number;
  /** The verdicts of the run's thresholds so far. */
  verdicts: (run: Run) => Verdict[];
}

/** Describes a process. */
export function viewNode(node: NodeEntry, run: Run | undefined, now: number): NodeView {
  const { info, load } = node;
  return {
    name: node.name,
    host: info.host,
    pid: info.pid,
    version: info.version,
    status: viewNodeStatus(node, now),
    users: run?.owners.countOf(node.number) ?? 0,
    cpu: load?.cpu ?? 0,
    loopDelayMs: load?.loopDelayMs ?? 0,
    rssBytes: load?.rssBytes ?? 0,
    ...(node.clock === undefined
      ? {}
      : { roundTripMs: node.clock.roundTripMs, clockOffsetMs: node.clock.offsetMs }),
  };
}

function viewNodeStatus({ state }: NodeEntry, now: number): string {
  switch (state.reach) {
    case 'blocked':
      return `blocked for ${Math.round((state.blockage?.forMs ?? 0) / 1000)} s`;
    case 'away':
    case 'returning':
      return `out of reach for ${Math.round((now - (state.awaySince ?? now)) / 1000)} s`;
    case 'here':
    case 'gone':
      return state.role === 'aside' ? 'preparing' : state.role;
  }
}

/** Adds up the users of all processes. */
export function countUsers(run: Run | undefined, nodes: readonly NodeEntry[]): UsersView {
  const sum = (state: 'starting' | 'running' | 'waiting' | 'leaving' | 'moving'): number =>
    nodes.reduce((total, node) => total + (node.isAway ? 0 : (node.users?.[state] ?? 0)), 0);
  const away = nodes.reduce(
    (total, node) => total + (node.isAway ? (run?.owners.countOf(node.number) ?? 0) : 0),
    0,
  );
  const ended = run?.ended ?? { finished: 0, removed: 0, crashed: 0, lost: 0 };
  const moving = sum('moving');
  const [running, waiting, leaving] = [sum('running') + moving, sum('waiting'), sum('leaving')];
  const unreported = (run?.owners.size ?? 0) - running - waiting - leaving - away;
  return {
    // A placed user that is not in the reports yet, or is on a blocked process, has not begun as far as is
    // known. After a forced removal the older reports have more users than are present, not fewer.
    starting: Math.max(sum('starting'), unreported),
    running,
    waiting,
    leaving,
    ...ended,
    moving,
    away,
  };
}

/** User starts per second that the pace asks for, over all machines of the run. */
export function wantedRate(run: Run, nodes: readonly NodeEntry[]): number {
  if (run.rate !== undefined) return run.rate;
  const machines = new Set(nodes.filter((node) => node.isReady).map((node) => node.machine));
  return (machines.size * 1000) / run.ms('interarrival');
}

/** Counts the messages of a run. */
export function viewMessages({ totals }: Run, rate: RunRates['rate']): MessagesView {
  const delivery = totals.time('message_ttd');
  return {
    sent: totals.counter('messages_sent'),
    received: totals.counter('messages_received'),
    perSecond: rate('messages_sent'),
    ...(delivery === undefined ? {} : { delivery }),
  };
}

/** Puts `status()` together. */
export function viewStatus(
  state: RunState,
  run: Run | undefined,
  nodes: readonly NodeEntry[],
  now: number,
  recent: RunRates,
): StatusView {
  const users = countUsers(run, nodes);
  const view: StatusView = {
    state: state.is,
    // The master's own knowledge: what was just assigned has not been reported yet.
    present: run?.owners.size ?? 0,
    users,
    startRate: { wanted: 0, achieved: 0 },
    messages: { sent: 0, received: 0, perSecond: 0 },
    nodes: nodes.map((node) => viewNode(node, run, now)),
  };
  if (state.is !== 'idle') view.scenario = state.scenario;
  if (state.is === 'failed') view.reason = state.reason;
  if (run === undefined) return view;
  const losses = lossesIn(run.totals.counters);
  const verdicts = recent.verdicts(run);
  return {
    ...view,
    run: run.id,
    ids: run.owners.describe(),
    seed: run.seed,
    paused: run.paused,
    runningForMs: run.lastedMs(now),
    ...(run.comment === undefined ? {} : { comment: run.comment }),
    startRate: { wanted: wantedRate(run, nodes), achieved: recent.rate('users_started') },
    messages: viewMessages(run, recent.rate),
    ...(losses.length === 0 ? {} : { losses: Object.fromEntries(losses) }),
    ...(verdicts.length === 0 ? {} : { verdicts }),
  };
}
