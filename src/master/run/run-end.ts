import { deferred, withTimeout } from '../../lib/time/async.ts';
import type { Deferred } from '../../lib/time/async.ts';
import { formatMs } from '../../lib/time/duration.ts';
import { AmocError, messageOf } from '../../lib/errors.ts';
import { plural } from '../../lib/text/plural.ts';
import { RemoteError } from '../../protocol/peer.ts';
import type { RunResult } from '../../record/types.ts';
import { QUICK_MS } from '../context.ts';
import type { MasterContext } from '../context.ts';
import type { Distributor } from '../users/distributor.ts';
import type { NodeEntry } from '../nodes/node-entry.ts';
import type { StopResult } from '../../control/results.ts';
import type { Run } from './run.ts';
import { resultOf } from './run-result.ts';
import { demandRunning } from './run-state.ts';

/** Whether a stop still waits for users, and the signal that it no longer does. */
interface Patience {
  isOver: boolean;
  readonly over: Deferred<undefined>;
}

/** Brings a run to its end: users, `terminate`, `teardown`; then nothing of the run is left. */
export class RunEnd {
  readonly #context: MasterContext;
  readonly #distributor: Distributor;
  /** The kinds of errors of the run, from all processes. */
  readonly #errors: () => Promise<RunResult['errors']>;
  #stopping: { readonly result: Promise<StopResult>; readonly patience: Patience } | undefined;
  /** The result of the last run; `undefined` while one runs, and before the first. */
  lastResult: StopResult | undefined;

  constructor(
    context: MasterContext,
    distributor: Distributor,
    errors: () => Promise<RunResult['errors']>,
  ) {
    this.#context = context;
    this.#distributor = distributor;
    this.#errors = errors;
  }

  /**
   * Ends the run. If it is ending already, this waits for the same result; with `force` it comes sooner.
   *
   * @throws {AmocError} `NO_RUN`
   */
  stop(force: boolean): Promise<StopResult> {
    const { state } = this.#context;
    if (this.#stopping !== undefined) {
      if (force) this.forceStop();
      return this.#stopping.result;
    }
    if (state.is !== 'failed') demandRunning(state, 'stop');
    const patience: Patience = { isOver: force, over: deferred() };
    const result = this.#end(force, patience).finally(() => (this.#stopping = undefined));
    this.#stopping = { result, patience };
    return result;
  }

  /** While a run stops gently: removes the remaining users by force. */
  forceStop(): void {
    const { run, nodes, chronicle } = this.#context;
    if (run === undefined || this.#stopping === undefined) return;
    const { patience } = this.#stopping;
    if (patience.isOver) return;
    patience.isOver = true;
    const present = run.owners.size;
    chronicle.event('stop', `stop at once: ${present} users`, { users: present, force: true });
    for (const node of nodes.ready()) {
      const { staying, leaving } = run.owners.ofNode(node.number);
      this.#distributor.withdraw(run, node, staying.union(leaving), true);
    }
    patience.over.resolve(undefined);
  }

  async #end(force: boolean, patience: Patience): Promise<StopResult> {
    const { clock, notice, journal } = this.#context.parts;
    const run = this.#context.requireRun();
    this.#context.enter({ is: 'stopping', scenario: run.scenario });
    const began = clock.now();
    const gentleMs = force ? 0 : run.ms('stopTimeout');
    const present = run.owners.size;
    if (!force && present > 0) {
      const text = `${run.scenario} is stopping: its users finish their start(), for at most ${formatMs(gentleMs)}`;
      notice({ level: 'info', text });
    }
    this.#context.chronicle.event('stop', `stop${force ? ' at once' : ''}: ${present} users`, {
      users: present,
      force,
    });
    // A restarted master must not resume this run.
    journal?.clear();
    const nodes = this.#context.nodes.ready();
    const forced = await Promise.all(
      nodes.map((node) => this.#finish(run, node, gentleMs, patience)),
    );
    await this.#teardown(run);
    // Announced before the run is forgotten, so that these notices are among its events.
    for (const text of run.problems.list()) notice({ level: 'error', text });
    const outcome = resultOf(run, this.#context, {
      forced: forced.reduce((sum, each) => sum + each, 0),
      errors: await this.#errors(),
      stoppingForMs: clock.now() - began,
    });
    const record = this.#context.chronicle.end(run, outcome);
    const result = record === undefined ? outcome : { ...outcome, record };
    this.lastResult = result;
    await this.discard();
    this.#context.enter({ is: 'idle' });
    return result;
  }

  /** Ends the users of one process; a process that does not answer is killed. */
  async #finish(run: Run, node: NodeEntry, gentleMs: number, patience: Patience): Promise<number> {
    const limitMs = gentleMs + run.ms('initTimeout') + QUICK_MS;
    const params = { run: run.id, force: patience.isOver, gentleMs };
    const finished = node.peer.request('finish', params, limitMs);
    finished.catch(() => {});
    const over = deferred<undefined>();
    const stuck = this.#untilStuck(node, gentleMs, patience, over.promise);
    try {
      const { forced } = await Promise.race([finished, stuck]);
      return forced;
    } catch (error) {
      const why = messageOf(error);
      const isTimeout = error instanceof AmocError && error.code === 'TIMEOUT';
      const users = isTimeout ? this.#killed(run, node) : 0;
      if (error instanceof RemoteError) {
        // A terminate that hangs would still be running during the next run.
        run.problems.noteOn(node.name, 'terminate', isTimeout ? `${why}; it was killed` : why);
      } else if (isTimeout) {
        run.problems.note(`${node.name} ${why} and was killed with its ${plural(users, 'user')}`);
      } else {
        run.problems.note(`${node.name} was lost while its users ended (${why})`);
      }
      return 0;
    } finally {
      over.resolve(undefined);
      // Fetches the last counts and log lines, whether terminate succeeded or not.
      await node.peer.request('report', {}, QUICK_MS).catch(() => {});
    }
  }

  /** Ends a process that does not answer. @returns how many users were lost with it */
  #killed(run: Run, node: NodeEntry): number {
    const users = run.ledger.kill(node.number);
    this.#context.expel(node);
    return users;
  }

  /** Rejects when the process is blocked and its users have had their time. @param over aborted when no one waits any more */
  #untilStuck(
    node: NodeEntry,
    gentleMs: number,
    patience: Patience,
    over: Promise<unknown>,
  ): Promise<never> {
    const { clock } = this.#context.parts;
    return new Promise<never>((_resolve, reject) => {
      const giveUp = (): void => reject(new AmocError('TIMEOUT', 'is blocked'));
      const whenGentleIsOver = (): void => {
        clock.schedule(patience.isOver ? 0 : gentleMs, giveUp);
      };
      if (node.state.reach === 'blocked') whenGentleIsOver();
      else {
        const unfollow = this.#context.nodes.onChange((change) => {
          if (change.node !== node || change.to.reach !== 'blocked') return;
          unfollow();
          whenGentleIsOver();
        });
        void over.then(unfollow);
      }
      void patience.over.promise.then(() => {
        if (node.state.reach === 'blocked') giveUp();
      });
    });
  }

  async #teardown(run: Run): Promise<void> {
    const [first] = this.#context.nodes.ready().filter(({ state }) => state.reach === 'here');
    if (first === undefined) return;
    const params = { run: run.id, ...(run.setup === undefined ? {} : { setup: run.setup }) };
    try {
      await first.peer.request('teardown', params, run.ms('initTimeout') + QUICK_MS);
    } catch (error) {
      run.problems.note(`teardown: ${messageOf(error)}`);
    }
  }

  /** Forgets the run everywhere. */
  async discard(): Promise<void> {
    const run = this.#context.run;
    this.#context.run = undefined;
    if (run === undefined) return;
    run.features?.close();
    for (const node of this.#context.nodes.superseded()) {
      node.cancelExpiry();
      this.#context.nodes.remove(node);
    }
    this.#context.parts.journal?.clear();
    const asked = this.#context.nodes.all().map(async (node) => {
      node.users = undefined;
      if (node.isAway) {
        // The process is told that the run is over when it comes back.
        node.cancelExpiry();
        this.#context.nodes.remove(node);
        return;
      }
      if (node.state.reach === 'blocked') {
        // A blocked process would not learn that the run is over, but the next run would count on it.
        this.#context.expel(node);
        return;
      }
      node.apply({ type: 'release' });
      await node.peer.request('discard', { run: run.id }, QUICK_MS);
    });
    await withTimeout(
      Promise.allSettled(asked),
      QUICK_MS,
      'discard',
      this.#context.parts.clock,
    ).catch(() => {});
  }
}
