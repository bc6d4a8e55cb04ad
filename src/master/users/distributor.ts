import { assert } from '../../lib/assert.ts';
import { AmocError } from '../../lib/errors.ts';
import type { IdSet } from '../../lib/ids/id-set.ts';
import { leastLoaded, strategies } from '../../placement/placement.ts';
import type { Pace } from '../../protocol/messages.ts';
import type { Placement, PlacementNode, PlacementStrategy } from '../../placement/placement.ts';
import type { MasterContext } from '../context.ts';
import type { NodeEntry } from '../nodes/node-entry.ts';
import { matchesAny } from '../nodes/node-registry.ts';
import { isReady } from '../nodes/node-state.ts';
import { UNPLACED } from './owner-table.ts';
import { checkLimits } from '../run/preflight.ts';
import type { Run } from '../run/run.ts';

/** Gives users to processes, and each process its share of the pace. */
export class Distributor {
  readonly #context: MasterContext;

  constructor(context: MasterContext) {
    this.#context = context;
    // The processes that take users share the pace.
    context.nodes.onChange(({ from, to }) => {
      if (isReady(from) === isReady(to) || context.run === undefined) return;
      if (context.state.is === 'running') this.pace(context.run);
    });
  }

  checkLimits(
    run: Run,
    ids: IdSet,
    nodes: readonly NodeEntry[] = this.#context.nodes.ready(),
  ): void {
    if (run.settings['checkLimits'] !== true) return;
    const shares = run.placement(ids, this.#placementNodes(run, nodes));
    const plan = nodes.map((node) => ({
      info: node.info,
      users: (shares.get(node.name)?.size ?? 0) + run.owners.countOf(node.number),
    }));
    checkLimits(plan, run.connectionsPerUser);
  }

  place(run: Run, ids: IdSet, strategy: PlacementStrategy, withinMs?: number): void {
    const nodes = this.#context.nodes.ready();
    if (nodes.length === 0) {
      run.ledger.assign(ids, UNPLACED);
      this.#context.commit();
      return;
    }
    const held = this.#held(run, ids);
    const free = held.reduce((left, { share }) => left.difference(share), ids);
    const shares: Placement =
      free.size === 0 ? new Map<string, IdSet>() : strategy(free, this.#placementNodes(run, nodes));
    checkShares(free, shares, nodes, strategy);
    const byName = new Map(nodes.map((node) => [node.name, node]));
    const orders: { node: NodeEntry; share: IdSet; revision: number; again?: boolean }[] = [];
    const give = (node: NodeEntry, share: IdSet, again?: boolean): void => {
      run.ledger.assign(share, node.number);
      run.served.add(node.info.identity);
      orders.push({
        node,
        share,
        revision: node.assigned(share),
        ...(again === true ? { again } : {}),
      });
    };
    for (const { node, share } of held) {
      if (node.isReady) give(node, share, true);
      else run.ledger.assign(share, UNPLACED);
    }
    for (const [name, share] of shares) give(byName.get(name) as NodeEntry, share);
    // A restarted master must know every assignment that was sent.
    this.#context.commit();
    const turns = turnsOf(nodes);
    for (const { node, share, revision, again } of orders) {
      this.#context.ask(node, 'assign', {
        ...(again === undefined ? {} : { again }),
        run: run.id,
        ids: [...share.ranges],
        revision,
        delayMs: (turns.get(node) ?? 0) * this.#stepMs(run, nodes),
        withinMs,
        ...this.#hold(run),
      });
    }
  }

  /**
   * A user that was removed by force may run until its process reports that it is gone: only that process
   * may start it again; otherwise the user waits. @returns such users, each with its process
   */
  #held(run: Run, ids: IdSet): { node: NodeEntry; share: IdSet }[] {
    return [...run.ledger.heldOf(ids)].map(([number, share]) => {
      const node = this.#context.nodes.byNumber(number);
      assert(node !== undefined, `a process that is gone holds ${share.size} users`);
      return { node, share };
    });
  }

  /** Tells a process all users that it should have. */
  repair(run: Run, node: NodeEntry): void {
    const { staying, leaving } = run.owners.ofNode(node.number);
    const moving = run.ledger.movingOf(node.number);
    const revision = node.nextRevision();
    node.provenFrom = Math.min(node.provenFrom, revision);
    // The process starts the missing users, and reports the end of users that it does not know.
    node.mayHave(staying.size + leaving.size + run.ledger.unconfirmedOf(node.number));
    this.#context.ask(node, 'desire', {
      run: run.id,
      // Not counted as an assignment, so that ends reported in the meantime still count.
      revision,
      staying: [...staying.difference(moving).ranges],
      leaving: [...leaving.ranges],
      moving: [...moving.ranges],
      gone: run.ledger.removalsOf(node.number).map((batch) => [...batch.ranges]),
      heard: node.lastReport,
      pace: this.paceOf(run, node),
      withinMs: run.ms('recovery'),
      ...this.#hold(run),
    });
  }

  /**
   * After a restart of the master: its journal may be older than the last commands of the previous master,
   * so users may run where this master does not expect them. Within the length of a lease every process
   * comes back or stops them.
   */
  #hold(run: Run): { holdMs?: number } {
    const holdMs = run.heldUntil - this.#context.parts.clock.monotonic();
    return holdMs > 0 ? { holdMs } : {};
  }

  /**
   * Removes users: gently, when their start() ends, or by force. Users that wait for a process are gone at
   * once.
   */
  remove(run: Run, ids: IdSet, force: boolean): void {
    const orders = run.ledger.remove(ids, force);
    this.#context.commit();
    for (const [number, share] of orders) {
      const node = this.#context.nodes.byNumber(number);
      if (node !== undefined) this.withdraw(run, node, share, force);
    }
  }

  /** Tells a process to remove users. */
  withdraw(run: Run, node: NodeEntry, ids: IdSet, force: boolean): void {
    const revision = node.nextRevision();
    const params = { run: run.id, ids: [...ids.ranges], force, revision };
    this.#context.ask(node, 'withdraw', params);
  }

  /**
   * Lets users end their start() where they are; then {@link place} gives them to other processes.
   *
   * @returns how many users that are, not counting those that were moving already
   */
  moveAway(run: Run, users: ReadonlyMap<NodeEntry, IdSet>): number {
    const orders: { node: NodeEntry; ids: IdSet }[] = [];
    for (const [node, all] of users) {
      const ids = run.ledger.move(all, node.number);
      if (ids.size > 0) orders.push({ node, ids });
    }
    // A restarted master that did not know of the move would let the users stay.
    this.#context.commit();
    for (const { node, ids } of orders) {
      const params = { run: run.id, ids: [...ids.ranges], revision: node.nextRevision() };
      this.#context.ask(node, 'move', params);
    }
    return orders.reduce((sum, { ids }) => sum + ids.size, 0);
  }

  placeUnplaced(run: Run): void {
    const ids = run.owners.ofNode(UNPLACED).staying;
    if (ids.size === 0) return;
    this.place(run, ids, leastLoaded, run.ms('recovery'));
  }

  pace(run: Run): void {
    const ready = this.#context.nodes.ready();
    const sharing = this.#sharing(run, ready);
    for (const node of ready) {
      this.#context.ask(node, 'pace', { run: run.id, pace: paceOf(run, node, sharing) });
    }
  }

  /** The pace of one process. @param taking the processes that take users, or are about to */
  paceOf(
    run: Run,
    node: NodeEntry,
    taking: readonly NodeEntry[] = this.#context.nodes.ready(),
  ): Pace {
    return paceOf(run, node, this.#sharing(run, taking));
  }

  #sharing(run: Run, taking: readonly NodeEntry[]): Sharing {
    const ofMachine = new Map<string, number>();
    for (const node of this.#context.nodes.all()) {
      if (!takesPart(run, node)) continue;
      ofMachine.set(node.machine, (ofMachine.get(node.machine) ?? 0) + 1);
    }
    return { ready: taking.filter((node) => takesPart(run, node)).length, ofMachine };
  }

  #placementNodes(run: Run, nodes: readonly NodeEntry[]): PlacementNode[] {
    return nodes.map((node) => ({
      name: node.name,
      users: run.owners.countOf(node.number),
      weight: weightOf(node),
    }));
  }

  /** Time between the first starts of two processes that take turns. */
  #stepMs(run: Run, nodes: readonly NodeEntry[]): number {
    if (run.rate !== undefined) return 1000 / run.rate;
    const machines = new Set(nodes.map(({ machine }) => machine)).size;
    return run.ms('interarrival') / machines;
  }
}

/** How many processes share a pace: those of the cluster that take users, and those of each machine. */
interface Sharing {
  readonly ready: number;
  readonly ofMachine: ReadonlyMap<string, number>;
}

/** The pace is that of a machine, whose processes take turns, or of the cluster, where all processes do. */
function paceOf(run: Run, { machine }: NodeEntry, { ready, ofMachine }: Sharing): Pace {
  const interarrivalMs =
    run.rate === undefined
      ? run.ms('interarrival') * Math.max(1, ofMachine.get(machine) ?? 0)
      : (Math.max(1, ready) * 1000) / run.rate;
  return { interarrivalMs, paused: run.paused };
}

/** A name that the command gave may match no process by now. */
function takesPart(run: Run, node: NodeEntry): boolean {
  return run.nodes === undefined || matchesAny(node, run.nodes);
}

function weightOf({ info }: NodeEntry): number {
  const weight = Number(info.labels?.['weight'] ?? 1);
  return weight > 0 && Number.isFinite(weight) ? weight : 1;
}

/** The order in which the processes start their first users, evenly spread for any number of machines. */
function turnsOf(nodes: readonly NodeEntry[]): Map<NodeEntry, number> {
  return new Map(nodes.map((node, index) => [node, index]));
}

/** Checks the result of a custom strategy before it is used. */
function checkShares(
  ids: IdSet,
  shares: Placement,
  nodes: readonly NodeEntry[],
  strategy: PlacementStrategy,
): void {
  if (Object.values(strategies).includes(strategy)) return;
  if (!((shares as unknown) instanceof Map)) {
    throw new AmocError('ARGUMENT', 'placement must return a Map from process names to id sets');
  }
  const placed = new Set<number>();
  let count = 0;
  for (const [name, share] of shares) {
    if (!nodes.some((node) => node.name === name)) {
      throw new AmocError('ARGUMENT', `placement: there is no process '${name}'`);
    }
    share.forEach((id) => {
      count++;
      if (ids.has(id)) placed.add(id);
    });
  }
  if (placed.size === ids.size && count === ids.size) return;
  throw new AmocError(
    'ARGUMENT',
    `placement: ${placed.size} of ${ids.size} users were placed, in ${count} places; every id must be given to exactly one process`,
  );
}
