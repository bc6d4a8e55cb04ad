import type { DriverView, Headline } from '../drivers/mod.ts';
import { messagesOf } from '../record/headlines.ts';
import type { Verdict } from '../record/verdict.ts';
import { lossesIn } from '../record/losses.ts';
import type { HeadlineView, NodeView, RunState, StatusView, UsersView } from '../control/views.ts';
import type { NodeEntry } from './nodes/node-entry.ts';
import type { Run } from './run/run.ts';

/** What views take from the last seconds of a run. */
export interface RunRates {
  /** How many values of a metric came per second. */
  rate: (metric: string) => number;
  /** The verdicts of the run's thresholds so far. */
  verdicts: (run: Run) => Verdict[];
  /** The protocols that users can speak. */
  drivers: readonly DriverView[];
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

/** The headlines of the protocols that a run has used, in the order of the drivers. */
export function viewHeadlines(
  { totals }: Run,
  drivers: readonly DriverView[],
  rate: (metric: string) => number,
): HeadlineView[] {
  return drivers.flatMap(({ headline }) => {
    const view = headline === undefined ? undefined : viewHeadline(headline, totals, rate);
    return view === undefined ? [] : [view];
  });
}

function viewHeadline(
  { title, sent, received, latency }: Headline,
  totals: Run['totals'],
  rate: (metric: string) => number,
): HeadlineView | undefined {
  const time = latency === undefined ? undefined : totals.time(latency.metric);
  const [out, back] = [sent, received].map((name) =>
    name === undefined ? 0 : totals.counter(name),
  );
  if (out === 0 && back === 0 && time === undefined) return undefined;
  return {
    title,
    sent: out ?? 0,
    ...(received === undefined ? {} : { received: back ?? 0 }),
    perSecond: rate(sent),
    ...(latency === undefined || time === undefined
      ? {}
      : {
          latency: time,
          latencyMetric: latency.metric,
          latencyWords: latency.words,
          latencyShort: latency.short,
        }),
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
  const headlines = run === undefined ? [] : viewHeadlines(run, recent.drivers, recent.rate);
  const users = countUsers(run, nodes);
  const view: StatusView = {
    state: state.is,
    // The master's own knowledge: what was just assigned has not been reported yet.
    present: run?.owners.size ?? 0,
    users,
    startRate: { wanted: 0, achieved: 0 },
    headlines,
    messages: messagesOf(headlines),
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
    ...(losses.length === 0 ? {} : { losses: Object.fromEntries(losses) }),
    ...(verdicts.length === 0 ? {} : { verdicts }),
  };
}
