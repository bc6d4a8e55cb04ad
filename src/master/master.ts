import { formatMs } from '../lib/duration.ts';
import { AmocError } from '../lib/errors.ts';
import { IdSet, isId, MAX_ID } from '../lib/id-set.ts';
import { show } from '../lib/show.ts';
import type { NodeInfo, SlaveMessage } from '../protocol/messages.ts';
import type { CompiledScenario } from '../scenario/compiler.ts';
import type { MasterPeer } from '../protocol/peer.ts';
import { parseCount, parseDo, parseRemove, parseStop, parseUsers } from './arguments.ts';
import { Cluster, QUICK_MS } from './cluster.ts';
import type { MasterParts } from './cluster.ts';
import { Distributor } from './distributor.ts';
import { NodeEntry } from './node-entry.ts';
import type { NodeRegistry } from './node-registry.ts';
import { NodeWatch } from './node-watch.ts';
import { NOWHERE } from './owner-table.ts';
import { Reports } from './reports.ts';
import type { Run } from './run.ts';
import type { ChangeResult, StopResult } from './results.ts';
import { RunEnd } from './run-end.ts';
import { RunStart } from './run-start.ts';
import type { DoResult } from './run-start.ts';
import { demandRunning, demandStartable } from './run-state.ts';
import type { RunState } from './run-state.ts';
import { mergeListings } from './user-listing.ts';
import type { UserListing } from './user-listing.ts';
import { viewMessages, viewNode, viewStatus } from './views.ts';
import type { NodeView, StatusView } from './views.ts';

/** `status()` does not wait longer for a fresh count; the last report stands in. */
const STATUS_MS = 250;

/**
 * The master of a cluster: one run at a time over the slave processes that have joined. Every command
 * takes effect in the order of the calls and answers at once, also while users are still started.
 */
export class Master {
  readonly #cluster: Cluster;
  readonly #distributor: Distributor;
  readonly #reports: Reports;
  readonly #watch: NodeWatch;
  readonly #starting: RunStart;
  readonly #ending: RunEnd;

  constructor(parts: MasterParts) {
    const cluster = new Cluster(parts);
    this.#cluster = cluster;
    this.#distributor = new Distributor(cluster);
    this.#reports = new Reports(cluster);
    this.#watch = new NodeWatch(cluster, this.#distributor);
    this.#starting = new RunStart(cluster, this.#distributor);
    this.#ending = new RunEnd(cluster);
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
    throw new AmocError('ARGUMENT', `the scenario must be a text, not ${show(name)}`);
  }

  /** Starts a scenario for the users `from..to`. */
  async do(scenario: unknown, from: unknown, to: unknown, options?: unknown): Promise<DoResult> {
    const request = parseDo(scenario, from, to, options);
    demandStartable(this.#cluster.state);
    if (this.#cluster.state.is === 'failed') await this.#ending.discard();
    this.#cluster.enter({ is: 'starting', scenario: request.scenario });
    try {
      const result = await this.#starting.start(request);
      this.#cluster.enter({ is: 'running', scenario: request.scenario });
      return result;
    } catch (error) {
      await this.#ending.discard();
      this.#cluster.enter({ is: 'idle' });
      throw error;
    }
  }

  /** Adds the `count` next users. */
  add(count: unknown): Promise<ChangeResult> {
    const wanted = parseCount('add', count);
    demandRunning(this.#cluster.state, 'add');
    const run = this.#cluster.requireRun();
    const first = run.owners.highest + 1;
    if (!isId(first + wanted - 1)) {
      throw new AmocError('ARGUMENT', `add: ids end at ${MAX_ID}, the next one would be ${first}`);
    }
    const ids = IdSet.range(first, first + wanted - 1);
    this.#distributor.checkLimits(run, ids);
    run.announceRunning = true;
    this.#distributor.place(run, ids, run.placement);
    const interarrival = run.ms('interarrival');
    const remain = run.owners.staying;
    return Promise.resolve({ ids, users: wanted, wanted, remain, interarrival });
  }

  /** Removes the `count` highest users that still run, or those that are named. */
  remove(what: unknown, options?: unknown): Promise<ChangeResult> {
    const request = parseRemove(what, options);
    demandRunning(this.#cluster.state, 'remove');
    const run = this.#cluster.requireRun();
    const { force } = request;
    const ids =
      'ids' in request ? run.owners.staysOf(request.ids) : run.owners.highestStaying(request.count);
    const wanted = 'ids' in request ? request.ids.size : request.count;
    for (const [number, share] of run.owners.byNode(ids)) {
      const node = this.nodes.byNumber(number);
      if (node === undefined) continue;
      this.#cluster.ask(node, 'withdraw', { run: run.id, ids: [...share.ranges], force });
    }
    const homeless = run.owners.ownedBy(ids, NOWHERE);
    run.owners.release(homeless);
    run.ended.removed += homeless.size;
    if (force) run.owners.release(ids);
    else run.owners.markLeaving(ids);
    return Promise.resolve({ ids, users: ids.size, wanted, remain: run.owners.staying, force });
  }

  /** Ends the run: gently, then by force after `stopTimeout`. */
  async stop(options?: unknown): Promise<StopResult> {
    const { force } = parseStop(options);
    if (this.#cluster.state.is !== 'failed') demandRunning(this.#cluster.state, 'stop');
    const run = this.#cluster.requireRun();
    this.#cluster.enter({ is: 'stopping', scenario: run.scenario });
    const gentleMs = force ? 0 : run.ms('stopTimeout');
    if (!force && run.owners.size > 0) {
      this.#cluster.parts.notice({
        level: 'info',
        text: `${run.scenario} is stopping: its users finish their start(), for at most ${formatMs(gentleMs)}`,
      });
    }
    const nodes = this.nodes.ready();
    const problems: string[] = [];
    const forced = await Promise.all(
      nodes.map((node) => this.#ending.finish(run, node, force, gentleMs, problems)),
    );
    await this.#ending.teardown(run, problems);
    const ended = { ...run.ended };
    const messages = viewMessages(run, this.#cluster.parts.clock.monotonic());
    const { errors } = await this.users({ limit: 1 });
    await this.#ending.discard();
    this.#cluster.enter({ is: 'idle' });
    for (const text of problems) this.#cluster.parts.notice({ level: 'error', text });
    return {
      scenario: run.scenario,
      users: ended,
      forced: forced.reduce((sum, each) => sum + each, 0),
      ranForMs: this.#cluster.parts.clock.now() - run.startedAt,
      messages,
      metrics: run.totals.summary(),
      errors,
    };
  }

  /** While a run stops gently: removes by force whoever is still there. */
  hurry(): void {
    const { run, state } = this.#cluster;
    if (run === undefined || state.is !== 'stopping') return;
    for (const node of this.nodes.ready()) {
      const { staying, leaving } = run.owners.ofNode(node.number);
      const ids = [...staying.union(leaving).ranges];
      this.#cluster.ask(node, 'withdraw', { run: run.id, ids, force: true });
    }
  }

  /** What is, with fresh counts from every process that answers in time. */
  async status(): Promise<StatusView> {
    await this.#refresh();
    const { clock } = this.#cluster.parts;
    const now = { epoch: clock.now(), monotonic: clock.monotonic() };
    return viewStatus(this.#cluster.state, this.#cluster.run, this.nodes.all(), now);
  }

  /** The processes, with fresh figures. */
  async listNodes(): Promise<NodeView[]> {
    await this.#refresh();
    return this.nodes.all().map((node) => viewNode(node, this.#cluster.run));
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
      this.nodes.all().map(async ({ name, peer, status }) => {
        // One that stands still would be waited for in vain.
        if (status.is === 'blocked') return { name, users: [], errors: [] };
        try {
          return { name, ...(await peer.request('users', { state, limit }, QUICK_MS)) };
        } catch {
          return { name, users: [], errors: [] };
        }
      }),
    );
    return mergeListings(answers, limit);
  }

  /** Everything that was counted in the run so far. */
  async metrics(): Promise<ReturnType<Run['totals']['summary']>> {
    await this.#refresh();
    return this.#cluster.run?.totals.summary() ?? { counters: {}, times: {} };
  }

  /** The settings of the run: value, meaning, whether they may change while it runs. */
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
        "update: say what changes, as in update({ interarrival: '10ms' })",
      );
    }
    const params = { run: run.id, change: change as Record<string, unknown> };
    const nodes = this.nodes.ready();
    const [first] = nodes;
    if (first === undefined) throw new AmocError('NO_NODES', this.#cluster.parts.whenNoNodes);
    await first.peer.request('update', { ...params, check: true }, QUICK_MS);
    const answers = await Promise.all(
      nodes.map((node) => node.peer.request('update', { ...params, check: false }, QUICK_MS)),
    );
    const settings = answers[0]?.settings ?? {};
    Object.assign(run.settings, settings);
    // A process that joins later is prepared with the values of now.
    Object.assign(run.prepare.call, settings);
    if ('interarrival' in settings) this.#distributor.pace(run);
    return settings;
  }

  /** Holds new starts back; users that run go on. */
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

  /** Takes in a process that has proved itself. @returns why not, when it is refused */
  join(info: NodeInfo, peer: MasterPeer): string | undefined {
    if (this.nodes.get(info.name) !== undefined)
      return `a node called ${info.name} is here already`;
    const node = new NodeEntry(info, peer, this.nodes.nextNumber());
    peer.onMessage = (message) => this.#hear(node, message);
    peer.onClose = (reason) => this.#watch.lose(node, reason);
    this.nodes.add(node);
    const run = this.#cluster.run;
    if (run !== undefined && this.#cluster.state.is === 'running')
      void this.#starting.admitLate(run, node);
    return undefined;
  }

  /** Takes in the watchdog of a process. */
  watch(info: NodeInfo, peer: MasterPeer): void {
    const node = this.nodes.get(info.name);
    if (node === undefined || node.info.pid !== info.pid) {
      peer.close('no such node');
      return;
    }
    node.watchdog = peer;
    peer.onMessage = (message) => {
      if (message.type === 'blocked') this.#watch.blocked(node, message);
      else if (message.type === 'unblocked') this.#watch.unblocked(node, message.afterMs);
    };
    peer.onClose = () => (node.watchdog = undefined);
  }
  #setPaused(command: 'pause' | 'resume', paused: boolean): void {
    demandRunning(this.#cluster.state, command);
    const run = this.#cluster.requireRun();
    run.paused = paused;
    this.#distributor.pace(run);
  }

  async #refresh(): Promise<void> {
    await Promise.all(
      this.nodes.all().map(async (node) => {
        if (node.status.is === 'blocked') return;
        try {
          await node.peer.request('report', {}, STATUS_MS);
        } catch {
          // Its last report stands in.
        }
      }),
    );
  }

  #hear(node: NodeEntry, message: Exclude<SlaveMessage, { type: 'reply' | 'failure' }>): void {
    switch (message.type) {
      case 'logs':
        this.#cluster.parts.logs(message.records, message.dropped);
        return;
      case 'report':
        this.#reports.take(node, message);
        return;
      case 'blocked':
      case 'unblocked':
        // Only a watchdog says so, on its own connection.
        return;
    }
  }
}
