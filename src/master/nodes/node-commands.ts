import type { DrainResult, EvictResult, LogEntry, MovesResult } from '../../control/results.ts';
import { AmocError } from '../../lib/errors.ts';
import { IdSet } from '../../lib/ids/id-set.ts';
import { plural } from '../../lib/text/plural.ts';
import { quote } from '../../lib/text/quote.ts';
import { excess } from '../../placement/placement.ts';
import { QUICK_MS } from '../context.ts';
import type { MasterContext } from '../context.ts';
import type { Run } from '../run/run.ts';
import { demandRunning } from '../run/run-state.ts';
import type { Distributor } from '../users/distributor.ts';
import { LOG } from './node-entry.ts';
import type { NodeEntry } from './node-entry.ts';
import { isDrained } from './node-state.ts';
import { undrainHint } from './node-watch.ts';

/** What the commands need of the membership. */
export interface MembershipHooks {
  /** Does not let a process come back under its identity. */
  banish: (node: NodeEntry) => void;
  /** Closes the connection of a process that was banished. */
  dismiss: (node: NodeEntry) => void;
  /** A process is gone, and so are its users. */
  lose: (node: NodeEntry, why: string) => void;
}

/** Commands about processes and machines: moving their users, sending them away, showing their logs. */
export class NodeCommands {
  readonly #context: MasterContext;
  readonly #distributor: Distributor;
  readonly #hooks: MembershipHooks;

  constructor(context: MasterContext, distributor: Distributor, hooks: MembershipHooks) {
    this.#context = context;
    this.#distributor = distributor;
    this.#hooks = hooks;
  }

  /**
   * Evens out the users of the processes: some end their start() where they are, and continue elsewhere.
   *
   * @returns how many begin to move, and after what time those that are still in start() move by force
   */
  rebalance(): MovesResult {
    demandRunning(this.#context.state, 'rebalance');
    const run = this.#context.requireRun();
    const nodes = this.#context.nodes.ready();
    const movingOf = ({ number }: NodeEntry): IdSet => run.ledger.movingOf(number);
    const coming = this.#context.nodes.all().reduce((sum, node) => sum + movingOf(node).size, 0);
    const moves = excess(
      nodes.map((node) => run.ledger.settledDigestOf(node.number).count),
      coming,
    );
    const users = nodes.map((node, at) => {
      const { staying } = run.owners.ofNode(node.number);
      const ids = staying
        .difference(movingOf(node))
        .toArray()
        .slice(-(moves[at] ?? 0) || Infinity);
      return [node, IdSet.ofSorted(ids)] as const;
    });
    const moving = this.#distributor.moveAway(run, new Map(users));
    return { moving, nodes: nodes.length, withinMs: run.ms('stopTimeout') };
  }

  /**
   * Empties a process, or all processes of a machine: their users end their start() there and continue
   * elsewhere, and no new users come.
   *
   * @returns how many begin to move, and after what time those that are still in start() move by force
   * @throws {AmocError} `ARGUMENT` when no process has the name, `NO_NODES` when no other can take the users
   */
  drain(name: string): DrainResult {
    demandRunning(this.#context.state, 'drain');
    const run = this.#context.requireRun();
    const nodes = this.#reachable('drain', name);
    const others = this.#context.nodes.ready().filter((node) => !nodes.includes(node));
    if (others.every(({ isLeaving }) => isLeaving)) {
      const hint = undrainHint(this.#context.nodes);
      throw new AmocError('NO_NODES', `drain: no other process can take the users${hint}`);
    }
    const moving = this.#empty(run, nodes, 'drain');
    const names = nodes.map((node) => node.name);
    this.#context.chronicle.event('drain', `drain ${names.join(', ')}: ${moving} users move`, {
      nodes: names,
      moving,
    });
    return { nodes: names, moving, withinMs: run.ms('stopTimeout') };
  }

  /**
   * Lets processes that were drained take users again: users that wait for a process come at once, others
   * with the next `add` or `rebalance`. Users that were about to move still move.
   *
   * @throws {AmocError} `ARGUMENT` when no process has the name, none is drained, or all are leaving
   */
  undrain(name: string): { nodes: string[] } {
    demandRunning(this.#context.state, 'undrain');
    const run = this.#context.requireRun();
    const reachable = this.#reachable('undrain', name);
    const nodes = reachable.filter(({ state }) => isDrained(state));
    const leaving = reachable.filter(({ state }) => state.role === 'leaving');
    if (nodes.length === 0) {
      const why =
        leaving.length === 0
          ? `${quote(name)} is not drained; nodes() shows which processes are`
          : `${leaving.map((node) => node.name).join(', ')} is about to leave, and takes no more users`;
      throw new AmocError('ARGUMENT', `undrain: ${why}`);
    }
    this.#context.nodes.together(() => {
      for (const node of nodes) node.apply({ type: 'undrain' });
    });
    this.#context.commit();
    const names = nodes.map((node) => node.name);
    this.#context.chronicle.event('undrain', `undrain ${names.join(', ')}`, { nodes: names });
    this.#distributor.placeUnplaced(run);
    // They announced their end while no process could take their users.
    for (const node of this.#context.nodes.ready()) if (node.isLeaving) this.leave(node);
    return { nodes: names };
  }

  /**
   * Sends a process, or all processes of a machine, away: its users are stopped there and run elsewhere,
   * and it may not come back under this identity.
   *
   * @throws {AmocError} `ARGUMENT` when no process has the name
   */
  async evict(name: string): Promise<EvictResult> {
    const nodes = this.#reachable('evict', name);
    const run = this.#context.run;
    let users = 0;
    for (const node of nodes) {
      this.#hooks.banish(node);
      if (run !== undefined) {
        users += run.owners.countOf(node.number);
        // Until the process reports that its users are gone, only the end of its lease frees them.
        try {
          await node.peer.request('discard', { run: run.id }, QUICK_MS);
          this.#hooks.lose(node, 'was evicted');
        } catch {
          // Its silence is handled like any other.
        }
      } else this.#context.nodes.remove(node);
      this.#hooks.dismiss(node);
    }
    return { nodes: nodes.map((node) => node.name), users };
  }

  /**
   * The newest log lines of a process, or of all processes of a machine, in the order of their times.
   *
   * @throws {AmocError} `ARGUMENT` when no process has the name
   */
  log(name: string): LogEntry[] {
    return this.#named(name)
      .flatMap((node) => node.log.all)
      .sort((a, b) => a.time - b.time)
      .slice(-LOG.count);
  }

  /** A process is about to end: its users continue elsewhere, and no new users come. */
  leave(node: NodeEntry): void {
    node.isLeaving = true;
    const { run, state, parts, nodes } = this.#context;
    if (run === undefined || state.is !== 'running') return;
    // The users of a drained process move already.
    if (isDrained(node.state)) node.apply({ type: 'leave' });
    if (!node.isReady) return;
    const users = plural(run.owners.countOf(node.number), 'user');
    if (nodes.ready().every((each) => each === node || each.isLeaving)) {
      const text = `${node.name} is about to leave, and no other process can take its ${users}${undrainHint(nodes)}`;
      parts.notice({ level: 'warn', text });
      return;
    }
    this.#empty(run, [node], 'leave');
  }

  #named(name: string): NodeEntry[] {
    return this.#context.nodes.select([name]).filter((node) => !node.isAway);
  }

  /** The processes of that name that are within reach now. */
  #reachable(command: string, name: string): NodeEntry[] {
    const nodes = this.#named(name);
    if (nodes.length > 0) return nodes;
    throw new AmocError(
      'ARGUMENT',
      `${command}: ${quote(name)} is out of reach; once its lease has ended its users run elsewhere`,
    );
  }

  /** Lets the users of processes continue elsewhere. @returns how many begin to move */
  #empty(run: Run, nodes: readonly NodeEntry[], why: 'drain' | 'leave'): number {
    this.#context.nodes.together(() => {
      for (const node of nodes) {
        node.apply({ type: why });
        if (run.owners.countOf(node.number) === 0) node.apply({ type: 'emptied' });
      }
    });
    const users = nodes.map((node) => [node, run.owners.ofNode(node.number).staying] as const);
    return this.#distributor.moveAway(run, new Map(users));
  }
}
