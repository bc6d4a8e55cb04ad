import type { DriverView } from '../../drivers/mod.ts';
import { currentOperator } from '../../lib/system/current-operator.ts';
import { every } from '../../lib/time/clock.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { ClockSteps } from '../../lib/time/clock-steps.ts';
import { messageOf } from '../../lib/errors.ts';
import { MetricsTotals } from '../../metrics/totals.ts';
import type { DecodedDelta } from '../../metrics/totals.ts';
import type { RunDefinition } from '../../record/definition.ts';
import { isCommand } from '../../record/event.ts';
import type { EventKind, RunEvent } from '../../record/event.ts';
import type { RunObserver } from '../../record/observer.ts';
import { RecentSeconds } from '../../record/recent-seconds.ts';
import type { FigureWindow } from '../../record/recent-seconds.ts';
import type { RunRecord, RunResult } from '../../record/result.ts';
import type { NodeSecond, SecondRow } from '../../record/second.ts';
import { sayVerdict } from '../../record/thresholds.ts';
import type { Standing, Threshold } from '../../record/thresholds.ts';
import type { Verdict } from '../../record/verdict.ts';
import type { Notice } from '../../control/notice.ts';
import type { TrafficPoint, Trend } from '../../control/views.ts';
import type { NodeEntry } from '../nodes/node-entry.ts';
import { Judging } from './judging.ts';
import type { Run } from './run.ts';
import { saturationOf } from '../../record/saturation.ts';
import { countUsers } from '../views.ts';

const SECOND_MS = 1000;
/** At most this many events are kept in memory; the record on disk has all. */
const MAX_EVENTS = 1000;
/** Rates are averaged over this many seconds. */
const RATE_SECONDS = 5;
/** With more processes than this, a row describes all of them only every tenth second. */
const MANY_NODES = 50;
const TREND_SECONDS = 300;
const SELDOM = 10;

/** One call of {@link Chronicle.subscribe}: an observer may subscribe twice. */
interface Subscription {
  readonly observer: Partial<RunObserver>;
}

/** What a chronicle needs of its master. */
export interface ChronicleParts {
  clock: Clock;
  observers: readonly RunObserver[];
  drivers: readonly DriverView[];
  notice: (notice: Notice) => void;
  run: () => Run | undefined;
  /** Whether users of the run are to be present: it neither starts, nor stops, nor has failed. */
  isRunning: () => boolean;
  nodes: () => readonly NodeEntry[];
  /** A threshold was missed, and the run is to end. */
  abort: (why: string) => void;
}

/** Reports to the observers of a run what it is, what happens, and what each second brought. */
export class Chronicle {
  readonly #parts: ChronicleParts;
  readonly #subscriptions: Set<Subscription>;
  #definition: RunDefinition | undefined;
  #judging = new Judging([]);
  #events: RunEvent[] = [];
  #second = new MetricsTotals();
  /** When the current second began, in milliseconds since the run did. */
  #secondBegan = 0;
  #recent = new RecentSeconds();
  #trend: Trend[] = [];
  #missed = new Set<string>();
  #isAborted = false;
  #seconds = 0;
  readonly #steps: ClockSteps;
  /** Errors of observers in this run: each is reported once. */
  #failures = new Set<string>();

  constructor(parts: ChronicleParts) {
    this.#parts = parts;
    this.#subscriptions = new Set(parts.observers.map((observer) => ({ observer })));
    this.#steps = new ClockSteps(parts.clock);
    every(parts.clock, SECOND_MS, () => this.#tick());
  }

  /** What happened in the current run, or in the last one; the oldest first. */
  get events(): readonly RunEvent[] {
    return this.#events;
  }

  /** The last minutes, second by second. */
  get trend(): readonly Trend[] {
    return this.#trend;
  }

  get definition(): RunDefinition | undefined {
    return this.#definition;
  }

  /** One more observer; it is informed of a run that has begun at once. @returns ends it */
  subscribe(observer: Partial<RunObserver>): () => void {
    const subscription = { observer };
    this.#subscriptions.add(subscription);
    const definition = this.#definition;
    if (definition !== undefined) this.#inform(observer, (one) => one.started?.(definition));
    return () => void this.#subscriptions.delete(subscription);
  }

  /** A run begins, or continues under a new master. */
  begin(run: Run, definition: RunDefinition, thresholds: readonly Threshold[]): void {
    this.#definition = definition;
    this.#judging = new Judging(thresholds, run.windowMemory);
    this.#events = [];
    this.#second = new MetricsTotals();
    this.#secondBegan = this.#lastedMs(run);
    this.#recent = new RecentSeconds();
    this.#failures = new Set();
    this.#trend = [];
    this.#missed = new Set();
    this.#isAborted = false;
    this.#seconds = 0;
    this.#tell((observer) => observer.started?.(definition));
  }

  /** Records an event; for a command, with the name of the operator who gave it. */
  event(kind: EventKind, text: string, data?: Record<string, unknown>): void {
    const at = this.#now(this.#parts.run());
    const by = isCommand(kind) ? currentOperator.getStore() : undefined;
    const event = {
      at,
      kind,
      text,
      ...(by === undefined ? {} : { by }),
      ...(data === undefined ? {} : { data }),
    };
    this.#events.push(event);
    if (this.#events.length > MAX_EVENTS) this.#events.shift();
    this.#tell((observer) => observer.event?.(event, this.#definition));
  }

  /** Takes in what a process reported. */
  report(node: NodeEntry, delta: DecodedDelta): void {
    if (this.#definition === undefined) return;
    this.#second.addDecoded(delta, node.name);
    const reporting = { name: node.name, labels: node.info.labels ?? {} };
    this.#tell((observer) => observer.report?.(reporting, delta));
  }

  /** A process is gone, and its gauges with it. */
  forget(node: string): void {
    this.#second.forget(node);
  }

  /**
   * The figures of a part of the current run, of which the last ten minutes are kept.
   *
   * @param fromMs milliseconds since the run began
   */
  window(fromMs: number, toMs: number): FigureWindow {
    return this.#recent.window(fromMs, toMs);
  }

  /** How many values of a metric came per second, averaged over the last seconds. */
  rate(name: string): number {
    if (this.#recent.size > 0) return this.#recent.rate(name, RATE_SECONDS);
    // Before the first second is over: counts come once a second, so they are those of a second.
    return this.#second.counts().get(name) ?? 0;
  }

  /** The run's verdicts so far; none without thresholds. */
  verdicts(run: Run): Verdict[] {
    return this.#judging.isEmpty ? [] : this.#judging.verdicts(this.#standing(run));
  }

  /**
   * Ends the run; what has come since the last full second makes one more row.
   *
   * @returns how much of it is on disk; `undefined` when no observer records runs
   */
  end(run: Run, result: RunResult): RunRecord | undefined {
    this.#writeRow(run, true);
    this.#tell((observer) => observer.ended?.(result));
    this.#definition = undefined;
    return this.#parts.observers.find((observer) => 'record' in observer)?.record?.();
  }

  /** In epoch milliseconds. Setting the clock during a run neither swaps seconds nor leaves a gap. */
  #now(run: Run | undefined): number {
    const { clock } = this.#parts;
    return run?.epochAt(clock.monotonic()) ?? clock.now();
  }

  #tick(): void {
    const run = this.#parts.run();
    const step = this.#steps.pop();
    if (step !== undefined) {
      const text = `the clock of this machine was set ${step}; times and durations of the run are not affected`;
      this.#parts.notice({ level: 'warn', text });
      this.event('warning', text);
    }
    if (run === undefined || this.#definition === undefined) return;
    this.#seconds++;
    this.#writeRow(run, false);
    this.#judge(run);
  }

  #judge(run: Run): void {
    if (this.#judging.isEmpty) return;
    const nowMs = this.#lastedMs(run);
    const figures = {
      run: this.#standing(run),
      window: (overMs: number) => this.#recent.window(nowMs - overMs, nowMs),
    };
    const isDue = nowMs >= run.ms('abortDelay');
    // While a run stops its rates fall, which is not the server's doing.
    const how = { windows: this.#parts.isRunning(), counts: isDue };
    for (const verdict of this.#judging.second(figures, how)) this.#weigh(run, verdict, isDue);
    run.windowMemory = this.#judging.memory();
  }

  #standing(run: Run): Standing {
    return {
      totals: run.totals,
      users: countUsers(run, this.#parts.nodes()),
      started: run.totals.counter('users_started'),
      seconds: this.#lastedMs(run) / 1000,
    };
  }

  #lastedMs(run: Run): number {
    return run.lastedMs(this.#parts.clock.monotonic());
  }

  #weigh(run: Run, verdict: Verdict, isDue: boolean): void {
    const { threshold, passed, value } = verdict;
    // A metric without values may still get some.
    if (value === undefined) return;
    if (passed) {
      if (this.#missed.delete(threshold)) this.event('threshold', `${sayVerdict(verdict)} again`);
      return;
    }
    if (!this.#missed.has(threshold)) {
      this.#missed.add(threshold);
      this.event('threshold', sayVerdict(verdict));
      this.#parts.notice({
        level: 'warn',
        text: `threshold missed so far: ${sayVerdict(verdict)}`,
      });
    }
    if (run.settings['abortOnFail'] === true && isDue && !this.#isAborted) {
      this.#isAborted = true;
      this.#parts.abort(sayVerdict(verdict));
    }
  }

  #writeRow(run: Run, isLast: boolean): void {
    const nodes = this.#parts.nodes();
    const isTold = isLast || nodes.length <= MANY_NODES || this.#seconds % SELDOM === 0;
    const counted = countUsers(run, nodes);
    const { starting, running, waiting, leaving, finished, removed, crashed, lost } = counted;
    const users = { starting, running, waiting, leaving, finished, removed, crashed, lost };
    const described = nodes.map((node) => describeNode(node, run));
    this.#trend.push({
      users: starting + running + waiting + leaving,
      traffic: this.#traffic(),
      cpu: Math.max(0, ...described.map(({ cpu }) => cpu)),
    });
    if (this.#trend.length > TREND_SECONDS) this.#trend.shift();
    const delta = this.#second.drain();
    const nowMs = this.#lastedMs(run);
    this.#recent.push({ fromMs: this.#secondBegan, toMs: nowMs, delta, users });
    this.#secondBegan = nowMs;
    const row: SecondRow = {
      at: this.#now(run),
      users,
      delta,
      nodes: described.filter((node) => isTold || node.saturated !== undefined),
    };
    this.#tell((observer) => observer.second?.(row, run.totals));
  }

  #traffic(): Record<string, TrafficPoint> {
    const points = this.#parts.drivers.flatMap(({ headline }): [string, TrafficPoint][] => {
      if (headline === undefined) return [];
      const { title, sent, latency } = headline;
      const p99 = latency === undefined ? 0 : this.#second.percentile(latency.metric, 99);
      return [[title, { sent: this.#second.counter(sent), latencyP99: p99 ?? 0 }]];
    });
    return Object.fromEntries(points);
  }

  #tell(what: (observer: Partial<RunObserver>) => void): void {
    // A copy, because an observer may subscribe another one or end a subscription when it is called.
    for (const subscription of [...this.#subscriptions]) {
      if (this.#subscriptions.has(subscription)) this.#inform(subscription.observer, what);
    }
  }

  #inform(observer: Partial<RunObserver>, what: (observer: Partial<RunObserver>) => void): void {
    try {
      what(observer);
    } catch (error) {
      const text = messageOf(error);
      if (this.#failures.has(text)) return;
      this.#failures.add(text);
      this.#parts.notice({ level: 'error', text });
    }
  }
}

function describeNode(node: NodeEntry, run: Run): NodeSecond {
  const { load, clock } = node;
  const why = load === undefined ? undefined : saturationOf(load);
  return {
    name: node.name,
    users: run.owners.countOf(node.number),
    cpu: Number((load?.cpu ?? 0).toFixed(3)),
    loopDelayMs: Number((load?.loopDelayMs ?? 0).toFixed(1)),
    rssBytes: load?.rssBytes ?? 0,
    ...(load?.gcMs === undefined ? {} : { gcMs: Number(load.gcMs.toFixed(1)) }),
    ...(clock === undefined ? {} : { clockOffsetMs: Number(clock.offsetMs.toFixed(3)) }),
    ...(why === undefined ? {} : { saturated: why }),
  };
}
