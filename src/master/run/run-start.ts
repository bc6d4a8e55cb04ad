import { runVariables } from '../../config/run-variables.ts';
import { AmocError, messageOf } from '../../lib/errors.ts';
import { DEFAULT_STRATEGY, nameOfStrategy } from '../../placement/placement.ts';
import type { DoResult } from '../../control/results.ts';
import type { Params, Result } from '../../protocol/messages.ts';
import { QUICK_MS } from '../context.ts';
import type { MasterContext } from '../context.ts';
import type { Distributor } from '../users/distributor.ts';
import type { NodeEntry } from '../nodes/node-entry.ts';
import { matchesAny } from '../nodes/node-registry.ts';
import { demandSettings } from './reported-settings.ts';
import { RemoteError } from '../../protocol/peer.ts';
import { Run } from './run.ts';
import { parseThresholds } from '../../record/thresholds.ts';
import { defineRun } from './run-definition.ts';
import type { StartRequest } from './start-request.ts';

const JOIN_MS = 15_000;

/** Starts a run: compile, prepare and check, `setup`, `init`, first users. */
export class RunStart {
  readonly #context: MasterContext;
  readonly #distributor: Distributor;
  #runs = 0;

  constructor(context: MasterContext, distributor: Distributor) {
    this.#context = context;
    this.#distributor = distributor;
  }

  async start(request: StartRequest): Promise<DoResult> {
    const {
      joinMs = JOIN_MS,
      clock,
      compile,
      expected,
      randomSeed,
      readSources,
      whenNoNodes,
    } = this.#context.parts;
    const bundle = await compile(request.scenario);
    const call = { ...request.settings };
    const sources = readSources({ scenario: bundle.name, settings: call });
    await this.#context.nodes.whenJoined(expected(), joinMs, clock);
    const nodes = this.#context.nodes.select(request.nodes).filter((node) => !node.isLeaving);
    const [first] = nodes;
    if (first === undefined) throw new AmocError('NO_NODES', whenNoNodes());
    const run = new Run({
      prepare: {
        run: `${bundle.name}-${clock.now().toString(36)}-${++this.#runs}`,
        scenario: bundle,
        seed: request.seed ?? randomSeed(),
        ...sources,
        call,
        ...(request.demandUnits ? { demandUnits: true } : {}),
      },
      comment: request.comment,
      placement: request.placement,
      nodes: request.nodes,
      startedAt: clock.now(),
      began: clock.monotonic(),
      rate: request.rate,
      firstId: request.ids.lowest,
    });
    this.#context.begin(run);
    const prepared = await this.#prepareAll(run, nodes);
    const [resolved] = prepared as [(typeof prepared)[number]];
    run.settings = { ...resolved.settings };
    run.variables = resolved.variables;
    run.connectionsPerUser = resolved.connectionsPerUser;
    run.thresholds = { ...resolved.thresholds, ...request.thresholds };
    const thresholds = parseThresholds(run.thresholds);
    this.#sayMissingTarget(run);
    this.#distributor.checkLimits(run, request.ids, nodes);
    const limitMs = run.ms('initTimeout') + QUICK_MS;
    run.setup = (await this.#demand(first, 'setup', { run: run.id }, limitMs)).value;
    await Promise.all(nodes.map((node) => this.#init(run, node, limitMs, nodes)));
    for (const node of nodes) node.apply({ type: 'serve' });
    this.#context.chronicle.begin(
      run,
      defineRun(run, request.ids, this.#context.parts, nodes),
      thresholds,
    );
    this.#sayLostPlacement(run);
    this.#distributor.place(run, request.ids, run.placement);
    return {
      run: run.id,
      scenario: bundle.name,
      from: request.ids.lowest,
      to: request.ids.highest,
      users: request.ids.size,
      processes: nodes.length,
      interarrival: run.ms('interarrival'),
      ...(run.rate === undefined ? {} : { rate: run.rate }),
    };
  }

  /** Sets up a process that joined during the run; it takes waiting users, and its share of new ones. */
  async admitLate(run: Run, node: NodeEntry): Promise<void> {
    if (run.nodes !== undefined && !matchesAny(node, run.nodes)) return;
    const { peer } = node;
    try {
      await this.#prepare(run, node);
      await this.#init(run, node, run.ms('initTimeout') + QUICK_MS);
    } catch (error) {
      // Over a newer connection it may be prepared already.
      if (node.peer === peer) node.apply({ type: 'fail' });
      const text = `${node.name} joined, but cannot take users: ${messageOf(error)}`;
      this.#context.parts.notice({ level: 'error', text });
      // If the process was lost in the meantime, its loss is reported and counted elsewhere.
      const { cause } = error as { cause?: unknown };
      const isLost = cause instanceof AmocError && cause.code === 'NODE_LOST';
      if (!isLost && this.#context.state.is === 'running') run.problems.note(text);
      return;
    }
    if (this.#context.run !== run || this.#context.nodes.get(node.name) !== node) return;
    // The run may have failed, or begun to stop, while the process was set up.
    if (this.#context.state.is !== 'running') return;
    node.apply({ type: 'serve' });
    this.#distributor.placeUnplaced(run);
  }

  /** A function cannot be kept in a journal. */
  #sayLostPlacement({ placement }: Run): void {
    const { journal, notice } = this.#context.parts;
    if (journal === undefined || nameOfStrategy(placement) !== undefined) return;
    const text = `placement is a function, which a restarted master does not have: it would place new users by '${DEFAULT_STRATEGY}'`;
    notice({ level: 'warn', text });
  }

  /** An embedded server is on one machine's loopback, so slaves on other machines cannot use it. */
  #sayMissingTarget({ settings, scenario, connectionsPerUser }: Run): void {
    // A scenario whose users hold no connections needs no server to log in to.
    if (connectionsPerUser === 0) return;
    const { drivers = [], notice } = this.#context.parts;
    for (const { target } of drivers) {
      if (target === undefined || target.isNamed(settings)) continue;
      notice({ level: 'warn', text: target.whyCrash(scenario) });
    }
  }

  /** Prepares all processes; one error names every mistake of every process. */
  async #prepareAll(run: Run, nodes: readonly NodeEntry[]): Promise<Result<'prepare'>[]> {
    const answers = await Promise.allSettled(nodes.map((node) => this.#prepare(run, node)));
    const failures = new Map<string, { error: unknown; names: string[] }>();
    const prepared: Result<'prepare'>[] = [];
    answers.forEach((answer, at) => {
      if (answer.status === 'fulfilled') {
        prepared.push(answer.value);
        return;
      }
      const text = messageOf(answer.reason);
      const failure = failures.get(text) ?? { error: answer.reason as unknown, names: [] };
      failure.names.push((nodes[at] as NodeEntry).name);
      failures.set(text, failure);
    });
    const [first] = failures.values();
    if (first === undefined) return prepared;
    // A mistake that all processes report is one of the scenario or of the call.
    if (failures.size === 1 && first.names.length === nodes.length) throw first.error;
    const lines = [...failures].map(([text, { names }]) => `${names.join(', ')}: ${text}`);
    throw new AmocError('SCENARIO', lines.join('\n'), { cause: first.error });
  }

  async #prepare(run: Run, node: NodeEntry): Promise<Result<'prepare'>> {
    node.apply({ type: 'prepare' });
    const prepared = await this.#demand(node, 'prepare', run.prepare, QUICK_MS * 2);
    // The master takes time-outs and paces from these settings.
    demandSettings('prepare', Object.keys(runVariables), prepared.settings);
    return prepared;
  }

  /** @param taking the processes that share the pace; those that are ready when left out */
  async #init(
    run: Run,
    node: NodeEntry,
    limitMs: number,
    taking?: readonly NodeEntry[],
  ): Promise<void> {
    const params = {
      run: run.id,
      ...(run.setup === undefined ? {} : { setup: run.setup }),
      pace: this.#distributor.paceOf(run, node, taking),
      revision: node.revision,
    };
    node.beginRun();
    await this.#demand(node, 'init', params, limitMs);
  }

  /** Sends a request during the start: a failure is the answer to the command. */
  async #demand<O extends 'prepare' | 'setup' | 'init'>(
    node: NodeEntry,
    operation: O,
    params: Params<O>,
    timeoutMs: number,
  ): Promise<Result<O>> {
    try {
      return await node.peer.request<O>(operation, params, timeoutMs);
    } catch (error) {
      // The slave has its own time-outs: if it does not answer at all, it is blocked.
      const isMute = error instanceof AmocError && error.code === 'TIMEOUT';
      if (isMute && !(error instanceof RemoteError)) this.#context.expel(node);
      // A mistake in settings or programs has nothing to do with that process.
      if (error instanceof AmocError && error.code === 'CONFIG') throw error;
      const isLost = error instanceof AmocError && error.code === 'NODE_LOST';
      const isGeneral = operation === 'prepare' && !isLost;
      const where = isGeneral ? '' : `${operation} failed on ${node.name}: `;
      throw new AmocError('SCENARIO', `${where}${messageOf(error)}`, { cause: error });
    }
  }
}
