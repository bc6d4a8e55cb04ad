import { every } from '../lib/time/clock.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { IdSet, isId, MAX_ID } from '../lib/ids/id-set.ts';
import { show } from '../lib/text/quote.ts';
import type { MetricsDelta } from '../metrics/metrics.ts';
import type { Result } from '../protocol/messages.ts';
import type { RunEvent } from '../record/types.ts';
import type { Verdict } from '../record/verdict.ts';
import type { CompiledScenario } from '../scenario/compiler.ts';
import { parseCount, parseDo, parseRemove, parseStop, parseUsers } from './arguments.ts';
import { Cluster, QUICK_MS } from './cluster.ts';
import type { Trend } from './run/chronicle.ts';
import type { MasterParts } from './cluster.ts';
import { Distributor } from './users/distributor.ts';
import { Membership } from './nodes/membership.ts';
import type { NodeEntry } from './nodes/node-entry.ts';
import type { NodeRegistry } from './nodes/node-registry.ts';
import { NOWHERE } from './users/owner-table.ts';
import type { ChangeResult, StopResult, TraceResult } from './results.ts';
import { demandSettings } from './run/reported-settings.ts';
import { RunEnd } from './run/run-end.ts';
import { RunStart } from './run/run-start.ts';
import type { DoResult } from './run/run-start.ts';
import { demandRunning, demandStartable } from './run/run-state.ts';
import type { RunState } from './run/run-state.ts';
import { mergeListings } from './users/user-listing.ts';
import type { UserListing } from './users/user-listing.ts';
import { viewNode, viewStatus } from './views.ts';
import type { MetricsView, NodeView, StatusView } from './views.ts';

/** Time between two searches for silent processes. */
const CHECK_MS = 250;
/** Time between two writes of the run to disk; each command writes it as well. */
const JOURNAL_MS = 1000;

/** How long `status()` waits for fresh counts; after that it uses the last report. */
const STATUS_MS = 250;

/**
 * The master of a cluster: one run at a time over the slave processes that have joined. Every command
 * takes effect in the order of the calls and answers at once, also while users are still started.
 */
export class Master {
  readonly #cluster: Cluster;
  readonly #distributor: Distributor;
  /** How processes join and leave. */
  readonly members: Membership;
  readonly #starting: RunStart;
  readonly #ending: RunEnd;

  constructor(parts: MasterParts) {
    const cluster = new Cluster(parts);
    this.#cluster = cluster;
    this.#distributor = new Distributor(cluster);
    this.#starting = new RunStart(cluster, this.#distributor);
    this.members = new Membership(cluster, this.#distributor, this.#starting);
    const errors = async (): Promise<StopResult['errors']> =>
      (await this.users({ limit: 1 })).errors;
    this.#ending = new RunEnd(cluster, this.#distributor, errors);
    cluster.onAbort = (why) => this.#abort(why);
    if (parts.leases === true) {
      every(parts.clock, CHECK_MS, () => this.members.check());
      every(parts.clock, JOURNAL_MS, () => this.#keep());
    }
  }

  get nodes(): NodeRegistry {
    return this.#cluster.nodes;
  }

  get state(): RunState {
    return this.#cluster.state;
  }

  /**
   * Compiles a scenario, and starts nothing.
   *
   * @throws {AmocError} `SCENARIO`, `COMPILE`
   */
  compile(name: unknown): Promise<CompiledScenario> {
    if (typeof name === 'string') return this.#cluster.parts.compile(name);
    throw new AmocError('ARGUMENT', `the scenario must be a string, not ${show(name)}`);
  }

  /**
   * Starts a scenario for the users `from..to`.
   *
   * @param how `demandUnits`: the settings were typed on a command line, where a time needs its unit
   */
  async do(
    scenario: unknown,
    from: unknown,
    to: unknown,
    options?: unknown,
    how: { demandUnits?: boolean } = {},
  ): Promise<DoResult> {
    const request = parseDo(scenario, from, to, options);
    demandStartable(this.#cluster.state);
    if (this.#cluster.state.is === 'failed') await this.#ending.discard();
    this.#cluster.enter({ is: 'starting', scenario: request.scenario });
    try {
      const result = await this.#starting.start(request, how.demandUnits);
      this.#ending.lastResult = undefined;
      const { from, to, processes } = result;
      const { chronicle } = this.#cluster;
      const started = { ...chronicle.definition, processes };
      chronicle.event('start', `${request.scenario}, users ${from}..${to}`, started);
      this.#cluster.enter({ is: 'running', scenario: request.scenario });
      return result;
    } catch (error) {
      await this.#ending.discard();
      this.#cluster.enter({ is: 'idle' });
      throw error;
    }
  }

  /**
   * Adds the next `count` users. Their ids follow the highest id that is present or has ended by itself;
   * ids that were removed are used again.
   */
  add(count: unknown): Promise<ChangeResult> {
    const wanted = parseCount('add', count);
    demandRunning(this.#cluster.state, 'add');
    const run = this.#cluster.requireRun();
    const first = Math.max(run.owners.highest, run.owners.top) + 1;
    if (!isId(first + wanted - 1)) {
      throw new AmocError('ARGUMENT', `add: ids end at ${MAX_ID}, the next one would be ${first}`);
    }
    const ids = IdSet.range(first, first + wanted - 1);
    this.#distributor.checkLimits(run, ids);
    run.commanded(this.#cluster.parts.clock.monotonic());
    run.expectUsers();
    this.#distributor.place(run, ids, run.placement);
    const interarrival = run.ms('interarrival');
    const remain = run.owners.staying;
    this.#cluster.chronicle.event('add', `add ${wanted}: users ${ids.toString()}`, {
      count: wanted,
      users: remain,
    });
    const rate = run.rate === undefined ? {} : { rate: run.rate };
    return Promise.resolve({ ids, users: wanted, wanted, remain, interarrival, ...rate });
  }

  /** Removes the `count` highest users that still run, or the users with the given ids. */
  remove(what: unknown, options?: unknown): Promise<ChangeResult> {
    const request = parseRemove(what, options);
    demandRunning(this.#cluster.state, 'remove');
    const run = this.#cluster.requireRun();
    const { force } = request;
    const ids =
      'ids' in request ? run.owners.staysOf(request.ids) : run.owners.highestStaying(request.count);
    const wanted = 'ids' in request ? request.ids.size : request.count;
    run.commanded(this.#cluster.parts.clock.monotonic());
    const orders: { node: NodeEntry; share: IdSet }[] = [];
    for (const [number, share] of run.owners.byNode(ids)) {
      const node = this.nodes.byNumber(number);
      if (node === undefined) continue;
      if (force) node.forced(share);
      node.moving = node.moving.difference(share);
      orders.push({ node, share });
    }
    const homeless = run.owners.ownedBy(ids, NOWHERE);
    run.owners.release(homeless);
    run.ended.removed += homeless.size;
    if (force) run.owners.release(ids);
    else run.owners.markLeaving(ids);
    run.owners.giveBack(ids);
    this.#cluster.commit();
    for (const { node, share } of orders) this.#distributor.withdraw(run, node, share, force);
    const remain = run.owners.staying;
    const how = force ? ' at once' : '';
    this.#cluster.chronicle.event('remove', `remove ${ids.size}${how}: users ${ids.toString()}`, {
      count: ids.size,
      users: remain,
      force,
    });
    return Promise.resolve({ ids, users: ids.size, wanted, remain, force });
  }

  /**
   * Ends the run: gently, then by force after `stopTimeout`. If the run is ending already, the result is
   * the same; with `force` it comes at once.
   */
  async stop(options?: unknown): Promise<StopResult> {
    return this.#ending.stop(parseStop(options).force);
  }

  /** While a run stops gently: removes the remaining users by force. */
  hurry(): void {
    this.#ending.hurry();
  }

  /** The current state, with fresh counts from every process that answers in time. */
  async status(): Promise<StatusView> {
    await this.#refresh();
    const { parts, state, run, chronicle } = this.#cluster;
    return viewStatus(state, run, this.nodes.all(), parts.clock.monotonic(), {
      rate: (name) => chronicle.rate(name),
      verdicts: (each) => chronicle.verdicts(each),
    });
  }

  /** The processes, with fresh figures. */
  async listNodes(): Promise<NodeView[]> {
    await this.#refresh();
    return this.nodes
      .all()
      .map((node) => viewNode(node, this.#cluster.run, this.#cluster.parts.clock.monotonic()));
  }

  /** Round trips to all processes, in milliseconds; `undefined` for one that does not answer. */
  async ping(): Promise<{ name: string; ms: number | undefined }[]> {
    const { clock } = this.#cluster.parts;
    return Promise.all(
      this.nodes.all().map(async ({ name, peer }) => {
        const began = clock.monotonic();
        try {
          await peer.request('ping', {}, 2000);
          return { name, ms: clock.monotonic() - began };
        } catch {
          return { name, ms: undefined };
        }
      }),
    );
  }

  /** Single users, the lowest ids first, and the kinds of errors. */
  async users(options?: unknown): Promise<UserListing> {
    const { state, limit } = parseUsers(options);
    const answers = await Promise.all(
      this.nodes.all().map(async ({ name, peer, state: { reach } }) => {
        // A blocked process would not answer.
        if (reach === 'blocked') return { name, users: [], errors: [] };
        try {
          return { name, ...(await peer.request('users', { state, limit }, QUICK_MS)) };
        } catch {
          return { name, users: [], errors: [] };
        }
      }),
    );
    return mergeListings(answers, limit);
  }

  /**
   * Shows one user's stanzas in the log, or stops showing them. The stanzas of a user that does not run
   * are shown as soon as it does.
   *
   * @param on the opposite of the current state when left out
   * @throws {AmocError} `ARGUMENT` when too many users that do not run are to be traced
   */
  async trace(id: unknown, on?: boolean): Promise<TraceResult> {
    demandRunning(this.#cluster.state, 'trace');
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 1) {
      throw new AmocError(
        'ARGUMENT',
        `user: ${show(id)} is not a valid id; expected a whole number ≥ 1`,
      );
    }
    const answers = await this.#traceEverywhere(id, on, false);
    const found = answers.find((each) => each.found);
    if (found !== undefined) return { id, on: found.on, waits: false };
    const wanted = on ?? !answers.some(({ waits }) => waits);
    if (!wanted) return { id, on: false, waits: false };
    // It is not known on which process the user will run.
    const waiting = await this.#traceEverywhere(id, true, true);
    if (waiting.some((each) => each.found)) return { id, on: true, waits: false };
    if (waiting.some(({ waits }) => waits)) return { id, on: true, waits: true };
    throw new AmocError(
      'ARGUMENT',
      `user ${id} is not running, and too many others wait to be traced; trace(false) cancels one`,
    );
  }

  #traceEverywhere(
    id: number,
    on: boolean | undefined,
    waits: boolean,
  ): Promise<Result<'trace'>[]> {
    return Promise.all(
      this.nodes.all().map(async ({ peer, state }) => {
        if (state.reach === 'blocked') return { found: false, on: false, waits: false };
        const wish = { id, waits, ...(on === undefined ? {} : { on }) };
        return peer.request('trace', wish, QUICK_MS);
      }),
    );
  }

  /** Everything counted in the run so far. */
  async metrics(): Promise<MetricsView> {
    await this.#refresh();
    const { run, chronicle } = this.#cluster;
    const summary = run?.totals.summary() ??
      this.#ending.lastResult?.metrics ?? { counters: {}, times: {}, gauges: {} };
    const names = [...Object.keys(summary.counters), ...Object.keys(summary.times)];
    const rates =
      run === undefined ? [] : names.map((name) => [name, chronicle.rate(name)] as const);
    return { ...summary, rates: Object.fromEntries(rates) };
  }

  /** What happened in the current run, or in the last one; the oldest first. */
  get events(): readonly RunEvent[] {
    return this.#cluster.chronicle.events;
  }

  /** The last minutes of the run, second by second. */
  get trend(): readonly Trend[] {
    return this.#cluster.chronicle.trend;
  }

  /** The result of the last run; `undefined` while one runs, and before the first. */
  get lastResult(): StopResult | undefined {
    return this.#ending.lastResult;
  }

  /** The verdicts of the thresholds on the run so far. */
  verdicts(): Verdict[] {
    const { run, chronicle } = this.#cluster;
    return run === undefined ? (this.#ending.lastResult?.verdicts ?? []) : chronicle.verdicts(run);
  }

  /** Counters and raw histograms: subtract two snapshots to describe an interval. */
  async rawMetrics(): Promise<MetricsDelta> {
    await this.#refresh();
    return this.#cluster.run?.totals.export() ?? { counters: {}, histograms: {} };
  }

  /** The settings of the run: value, meaning, and whether they may change during the run. */
  settings(): Record<
    string,
    { value: string | number | boolean; description: string; update: boolean }
  > {
    const run = this.#cluster.run;
    if (run === undefined) demandRunning(this.#cluster.state, 'settings');
    return Object.fromEntries(
      (run?.variables ?? []).map(({ name, description, update, secret }) => {
        const value = secret ? '***' : (run?.settings[name] ?? '');
        return [name, { value, description, update }];
      }),
    );
  }

  /** Changes settings of the running test, in all processes or in none. */
  async update(change: unknown): Promise<Record<string, string | number | boolean>> {
    demandRunning(this.#cluster.state, 'update');
    const run = this.#cluster.requireRun();
    if (typeof change !== 'object' || change === null || Array.isArray(change)) {
      throw new AmocError(
        'ARGUMENT',
        "update: give the settings to change, as in update({ interarrival: '10ms' })",
      );
    }
    const params = { run: run.id, change: change as Record<string, unknown> };
    const nodes = this.nodes.ready();
    const [first] = nodes;
    if (first === undefined) throw new AmocError('NO_NODES', this.#cluster.parts.whenNoNodes());
    const asked = { ...params, check: true };
    const { settings } = await first.peer.request('update', asked, QUICK_MS);
    demandSettings('update', Object.keys(params.change), settings);
    await Promise.all(
      nodes.map((node) => node.peer.request('update', { ...params, check: false }, QUICK_MS)),
    );
    Object.assign(run.settings, settings);
    const changes = Object.entries(settings).map(([name, value]) => `${name} = ${String(value)}`);
    this.#cluster.chronicle.event('update', `update: ${changes.join(', ')}`, { settings });
    // A process that joins later is prepared with the current values.
    Object.assign(run.prepare.call, settings);
    if ('interarrival' in settings) this.#distributor.pace(run);
    return settings;
  }

  /** Stops starting users; users that run continue. */
  pause(): void {
    this.#setPaused('pause', true);
  }

  /** Lets users start again. */
  resume(): void {
    this.#setPaused('resume', false);
  }

  /** Sets the level of the scenarios' logs in all processes. */
  async logLevel(level: string): Promise<void> {
    await Promise.allSettled(
      this.nodes.all().map((node) => node.peer.request('logLevel', { level }, QUICK_MS)),
    );
  }

  #abort(why: string): void {
    if (this.#cluster.state.is !== 'running') return;
    this.#cluster.parts.notice({ level: 'error', text: `abortOnFail: the run is stopped: ${why}` });
    this.stop().catch((error: unknown) => {
      this.#cluster.parts.notice({ level: 'error', text: messageOf(error) });
    });
  }

  #keep(): void {
    if (this.#cluster.state.is === 'running' && this.#cluster.parts.journal?.isDue === true) {
      this.#cluster.commit();
    }
  }

  #setPaused(command: 'pause' | 'resume', paused: boolean): void {
    demandRunning(this.#cluster.state, command);
    const run = this.#cluster.requireRun();
    run.paused = paused;
    this.#cluster.chronicle.event(command, command);
    this.#distributor.pace(run);
  }

  async #refresh(): Promise<void> {
    await Promise.all(
      this.nodes.all().map(async (node) => {
        if (node.state.reach === 'blocked') return;
        try {
          await node.peer.request('report', {}, STATUS_MS);
        } catch {
          // Its last report is used instead.
        }
      }),
    );
  }
}
