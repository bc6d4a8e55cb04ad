import type { Control } from '../control/control.ts';
import type {
  DoOptions,
  ForceOptions,
  RemoveWhat,
  TargetOptions,
  UsersOptions,
} from '../control/requests.ts';
import type {
  AddResult,
  CompileResult,
  DoResult,
  DrainResult,
  EvictResult,
  LogEntry,
  MovesResult,
  PingResult,
  RateResult,
  RemoveResult,
  StopResult,
  TargetResult,
  TraceResult,
} from '../control/results.ts';
import type {
  MetricsView,
  NodeView,
  RunState,
  SettingsView,
  StatusView,
  Trend,
  UserListing,
  Vocabulary,
} from '../control/views.ts';
import { every } from '../lib/time/clock.ts';
import type { Rate } from '../lib/time/rate.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { idPairs } from '../lib/ids/id-pairs.ts';
import { IdSet, isId, MAX_ID } from '../lib/ids/id-set.ts';
import type { MetricsDelta } from '../metrics/metrics.ts';
import type { RunEvent, RunObserver } from '../record/types.ts';
import type { Verdict } from '../record/verdict.ts';
import { MasterContext, QUICK_MS } from './context.ts';
import type { MasterParts } from './context.ts';
import { Inspection } from './inspection.ts';
import { Distributor } from './users/distributor.ts';
import { Membership } from './nodes/membership.ts';
import type { NodeRegistry } from './nodes/node-registry.ts';
import { RunEnd } from './run/run-end.ts';
import type { Run } from './run/run.ts';
import { RunStart } from './run/run-start.ts';
import { startRequest } from './run/start-request.ts';
import { Tuning } from './run/tuning.ts';
import { demandRunning, demandStartable } from './run/run-state.ts';

/** Time between two searches for silent processes. */
const CHECK_MS = 250;
/** Time between two writes of the run to disk; each command writes it as well. */
const JOURNAL_MS = 1000;

/**
 * The master of a cluster: one run at a time over the slave processes that have joined. Every command
 * takes effect in the order of the calls and answers at once, also while users are still started.
 */
export class Master implements Control {
  readonly #context: MasterContext;
  readonly #distributor: Distributor;
  /** How processes join and leave. */
  readonly members: Membership;
  readonly #starting: RunStart;
  readonly #ending: RunEnd;
  readonly #inspection: Inspection;
  readonly #tuning: Tuning;

  constructor(parts: MasterParts) {
    const context = new MasterContext(parts);
    this.#context = context;
    this.#distributor = new Distributor(context);
    this.#starting = new RunStart(context, this.#distributor);
    this.members = new Membership(context, this.#distributor, this.#starting);
    const errors = async (): Promise<StopResult['errors']> =>
      (await this.users({ limit: 1 })).errors;
    this.#ending = new RunEnd(context, this.#distributor, errors);
    this.#inspection = new Inspection(context, () => this.#ending.lastResult);
    this.#tuning = new Tuning(context, this.#distributor);
    context.onAbort = (why) => this.#abort(why);
    if (parts.leases === true) {
      every(parts.clock, CHECK_MS, () => this.members.check());
      every(parts.clock, JOURNAL_MS, () => this.#keep());
    }
  }

  get name(): string {
    return this.#context.parts.name;
  }

  get nodes(): NodeRegistry {
    return this.#context.nodes;
  }

  get state(): RunState {
    return this.#context.state;
  }

  async compile(scenario: string): Promise<CompileResult> {
    const { files, packages } = await this.#context.parts.compile(scenario);
    return { files: files.map(({ path }) => path), packages };
  }

  async do(scenario: string, from: number, to: number, options: DoOptions = {}): Promise<DoResult> {
    const request = startRequest(scenario, from, to, options);
    demandStartable(this.#context.state);
    if (this.#context.state.is === 'failed') await this.#ending.discard();
    this.#context.enter({ is: 'starting', scenario: request.scenario });
    try {
      const result = await this.#starting.start(request);
      this.#ending.lastResult = undefined;
      const { processes } = result;
      const { chronicle } = this.#context;
      const started = { ...chronicle.definition, processes };
      chronicle.event('start', `${request.scenario}, users ${from}..${to}`, started);
      this.#context.enter({ is: 'running', scenario: request.scenario });
      return result;
    } catch (error) {
      await this.#ending.discard();
      this.#context.enter({ is: 'idle' });
      throw error;
    }
  }

  add(count: number): Promise<AddResult> {
    demandRunning(this.#context.state, 'add');
    const run = this.#context.requireRun();
    const first = Math.max(run.owners.highest, run.owners.top) + 1;
    if (!isId(first + count - 1)) {
      throw new AmocError('ARGUMENT', `add: ids end at ${MAX_ID}, the next one would be ${first}`);
    }
    const ids = IdSet.range(first, first + count - 1);
    this.#start(run, ids);
    const interarrival = run.ms('interarrival');
    const remain = run.owners.staying;
    const users = { users: count, ids: idPairs(ids), remain };
    return Promise.resolve({ ...users, interarrival, ...rateOf(run) });
  }

  /** Starts users that are not present. @throws {AmocError} `PREFLIGHT`; no user starts then */
  #start(run: Run, ids: IdSet): void {
    this.#distributor.checkLimits(run, ids);
    run.commanded(this.#context.parts.clock.monotonic());
    run.expectUsers();
    this.#distributor.place(run, ids, run.placement);
    this.#context.chronicle.event('add', `add ${ids.size}: users ${ids.toString()}`, {
      count: ids.size,
      users: run.owners.staying,
    });
  }

  remove(what: RemoveWhat, options: ForceOptions = {}): Promise<RemoveResult> {
    demandRunning(this.#context.state, 'remove');
    const run = this.#context.requireRun();
    const isCount = typeof what === 'number';
    const ids = isCount
      ? run.owners.highestStaying(what)
      : run.owners.staysOf(IdSet.parse(what.ids));
    const { force = false } = isCount ? options : what;
    this.#remove(run, ids, force);
    const remain = run.owners.staying;
    return Promise.resolve({ users: ids.size, ids: idPairs(ids), remain, force });
  }

  #remove(run: Run, ids: IdSet, force: boolean): void {
    run.commanded(this.#context.parts.clock.monotonic());
    this.#distributor.remove(run, ids, force);
    const how = force ? ' at once' : '';
    this.#context.chronicle.event('remove', `remove ${ids.size}${how}: users ${ids.toString()}`, {
      count: ids.size,
      users: run.owners.staying,
      force,
    });
  }

  setTarget(users: number, { rate }: TargetOptions = {}): Promise<TargetResult> {
    demandRunning(this.#context.state, 'target');
    const run = this.#context.requireRun();
    const missing = users - run.owners.staying;
    const added = run.owners.lowestFree(run.firstId, Math.max(0, missing));
    if (added.size < missing) {
      throw new AmocError(
        'ARGUMENT',
        `target: ids end at ${MAX_ID}, and only ${added.size} of ${missing} that are missing are free`,
      );
    }
    const removed = run.owners.highestStaying(Math.max(0, -missing));
    if (rate !== undefined) this.#tuning.setRate(rate);
    if (added.size > 0) this.#start(run, added);
    if (removed.size > 0) this.#remove(run, removed, false);
    const changes = { added: idPairs(added), removed: idPairs(removed) };
    return Promise.resolve({ users, ...changes, ...rateOf(run) });
  }

  setRate(rate: Rate): Promise<RateResult> {
    return Promise.resolve(this.#tuning.setRate(rate));
  }

  async stop({ force = false }: ForceOptions = {}): Promise<StopResult> {
    return this.#ending.stop(force);
  }

  forceStop(): void {
    this.#ending.forceStop();
  }

  get events(): readonly RunEvent[] {
    return this.#context.chronicle.events;
  }

  get trend(): readonly Trend[] {
    return this.#context.chronicle.trend;
  }

  get lastResult(): StopResult | undefined {
    return this.#ending.lastResult;
  }

  verdicts(): Verdict[] {
    return this.#inspection.verdicts();
  }

  subscribe(observer: Partial<RunObserver>): () => void {
    return this.#context.chronicle.subscribe(observer);
  }

  vocabulary(): Vocabulary {
    return this.#inspection.vocabulary();
  }

  status(): Promise<StatusView> {
    return this.#inspection.status();
  }

  listNodes(): Promise<NodeView[]> {
    return this.#inspection.listNodes();
  }

  ping(): Promise<PingResult[]> {
    return this.#inspection.ping();
  }

  users(options?: UsersOptions): Promise<UserListing> {
    return this.#inspection.users(options);
  }

  async trace(id: number, on?: boolean): Promise<TraceResult> {
    return this.#inspection.trace(id, on);
  }

  metrics(): Promise<MetricsView> {
    return this.#inspection.metrics();
  }

  /** Counters and raw histograms: subtract two snapshots to describe an interval. */
  rawMetrics(): Promise<MetricsDelta> {
    return this.#inspection.rawMetrics();
  }

  settings(): SettingsView {
    return this.#tuning.settings();
  }

  async update(
    change: Readonly<Record<string, unknown>>,
  ): Promise<Record<string, string | number | boolean>> {
    return this.#tuning.update(change);
  }

  pause(): void {
    this.#tuning.pause();
  }

  resume(): void {
    this.#tuning.resume();
  }

  rebalance(): MovesResult {
    return this.members.commands.rebalance();
  }

  drain(node: string): DrainResult {
    return this.members.commands.drain(node);
  }

  undrain(node: string): { nodes: string[] } {
    return this.members.commands.undrain(node);
  }

  async evict(node: string): Promise<EvictResult> {
    return this.members.commands.evict(node);
  }

  log(node: string): LogEntry[] {
    return this.members.commands.log(node);
  }

  async logLevel(level: string): Promise<void> {
    await Promise.allSettled(
      this.nodes.all().map((node) => node.peer.request('logLevel', { level }, QUICK_MS)),
    );
  }

  #abort(why: string): void {
    if (this.#context.state.is !== 'running') return;
    this.#context.parts.notice({ level: 'error', text: `abortOnFail: the run is stopped: ${why}` });
    this.stop().catch((error: unknown) => {
      this.#context.parts.notice({ level: 'error', text: messageOf(error) });
    });
  }

  #keep(): void {
    if (this.#context.state.is === 'running' && this.#context.parts.journal?.isDue === true) {
      this.#context.commit();
    }
  }
}

/** The rate of a run that has one. */
function rateOf({ rate }: Run): { rate?: number } {
  return rate === undefined ? {} : { rate };
}
