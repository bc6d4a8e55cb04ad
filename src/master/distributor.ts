import { AmocError } from '../lib/errors.ts';
import type { IdSet } from '../lib/id-set.ts';
import { leastLoaded, strategies } from '../placement/placement.ts';
import type { Pace } from '../protocol/messages.ts';
import type { Placement, PlacementNode, PlacementStrategy } from '../placement/placement.ts';
import type { Cluster } from './cluster.ts';
import type { NodeEntry } from './node-entry.ts';
import { matchesAny } from './node-registry.ts';
import { NOWHERE } from './owner-table.ts';
import { checkLimits } from './preflight.ts';
import type { Run } from './run.ts';

/** Gives users to processes, and each process its share of the pace. */
export class Distributor {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  checkLimits(run: Run, ids: IdSet): void {
    if (run.settings['checkLimits'] !== true) return;
    const nodes = this.#cluster.nodes.ready();
    const shares = run.placement(ids, this.#placementNodes(run, nodes));
    const plan = nodes.map((node) => ({
      info: node.info,
      users: (shares.get(node.name)?.size ?? 0) + run.owners.countOf(node.number),
    }));
    checkLimits(plan, run.connectionsPerUser);
  }

  place(run: Run, ids: IdSet, strategy: PlacementStrategy, withinMs?: number): void {
    const nodes = this.#cluster.nodes.ready();
    if (nodes.length === 0) {
      run.owners.assign(ids, NOWHERE);
      this.#cluster.commit();
      return;
    }
    const held = this.#held(ids);
    const free = held.reduce((left, { share }) => left.difference(share), ids);
    const shares: Placement =
      free.size === 0 ? new Map<string, IdSet>() : strategy(free, this.#placementNodes(run, nodes));
    checkShares(free, shares, nodes, strategy);
    const byName = new Map(nodes.map((node) => [node.name, node]));
    const orders: { node: NodeEntry; share: IdSet; revision: number; anew?: boolean }[] = [];
    const give = (node: NodeEntry, share: IdSet, anew?: boolean): void => {
      run.owners.assign(share, node.number);
      run.served.add(node.info.identity);
      orders.push({
        node,
        share,
        revision: node.assigned(share),
        ...(anew === true ? { anew } : {}),
      });
    };
    for (const { node, share } of held) {
      if (node.isReady) give(node, share, true);
      else run.owners.assign(share, NOWHERE);
    }
    for (const [name, share] of shares) give(byName.get(name) as NodeEntry, share);
    // What a master has promised, the one after it must know.
    this.#cluster.commit();
    const turns = turnsOf(nodes);
    for (const { node, share, revision, anew } of orders) {
      this.#cluster.ask(node, 'assign', {
        ...(anew === undefined ? {} : { anew }),
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
   * A user that was removed by force may run for as long as its node has not said that it is gone: it can
   * be started again by that node alone, or waits. @returns those, each with its node
   */
  #held(ids: IdSet): { node: NodeEntry; share: IdSet }[] {
    const held: { node: NodeEntry; share: IdSet }[] = [];
    let free = ids;
    for (const node of this.#cluster.nodes.known()) {
      const share = free.intersection(node.unconfirmedForced);
      if (share.size === 0) continue;
      free = free.difference(share);
      held.push({ node, share });
    }
    return held;
  }

  /** Tells a process everything that it should have. */
  repair(run: Run, node: NodeEntry): void {
    const { staying, leaving } = run.owners.ofNode(node.number);
    const moving = staying.intersection(node.moving);
    const revision = node.nextRevision();
    node.provenFrom = Math.min(node.provenFrom, revision);
    // It starts those that are missing, and reports the end of others that it does not know.
    node.mayHave(staying.size + leaving.size + node.unconfirmedRemovals);
    this.#cluster.ask(node, 'desire', {
      run: run.id,
      // Not a new assignment: those whose end it tells meanwhile have ended.
      revision,
      staying: [...staying.difference(moving).ranges],
      leaving: [...leaving.ranges],
      moving: [...moving.ranges],
      gone: node.forcedBatches.map((batch) => [...batch.ranges]),
      heard: node.lastReport,
      pace: this.paceOf(run, node),
      withinMs: run.ms('recovery'),
      ...this.#hold(run),
    });
  }

  /**
   * After a restart of the master: its journal may be older than what the one before did, and users may
   * run where it does not look for them. By the end of a lease every node has come back or has stopped them.
   */
  #hold(run: Run): { holdMs?: number } {
    const holdMs = run.heldUntil - this.#cluster.parts.clock.monotonic();
    return holdMs > 0 ? { holdMs } : {};
  }

  /** Has a process remove users. */
  withdraw(run: Run, node: NodeEntry, ids: IdSet, force: boolean): void {
    const revision = node.nextRevision();
    const params = { run: run.id, ids: [...ids.ranges], force, revision };
    this.#cluster.ask(node, 'withdraw', params);
  }

  /**
   * Lets users end their start() where they are; {@link place} takes them when they have.
   *
   * @returns how many that are, besides those that were moving
   */
  moveAway(run: Run, users: ReadonlyMap<NodeEntry, IdSet>): number {
    const orders: { node: NodeEntry; ids: IdSet }[] = [];
    for (const [node, all] of users) {
      const ids = all.difference(node.moving);
      node.moving = node.moving.union(ids);
      if (ids.size > 0) orders.push({ node, ids });
    }
    // A master that did not know of it would let them stay.
    this.#cluster.commit();
    for (const { node, ids } of orders) {
      const params = { run: run.id, ids: [...ids.ranges], revision: node.nextRevision() };
      this.#cluster.ask(node, 'move', params);
    }
    return orders.reduce((sum, { ids }) => sum + ids.size, 0);
  }

  placeHomeless(run: Run): void {
    const ids = run.owners.ofNode(NOWHERE).staying;
    if (ids.size === 0) return;
    this.place(run, ids, leastLoaded, run.ms('recovery'));
  }

  pace(run: Run): void {
    const processes = this.#processes(run);
    for (const node of this.#cluster.nodes.ready()) {
      this.#cluster.ask(node, 'pace', { run: run.id, pace: this.paceOf(run, node, processes) });
    }
  }

  /** The pace is that of a machine, whose processes take turns, or of the cluster, whose processes all do. */
  paceOf(run: Run, { machine }: NodeEntry, processes = this.#processes(run)): Pace {
    const interarrivalMs =
      run.rate === undefined
        ? run.ms('interarrival') * Math.max(1, processes.ofMachine.get(machine) ?? 0)
        : (Math.max(1, processes.ready) * 1000) / run.rate;
    return { interarrivalMs, paused: run.paused };
  }

  /** How many processes share a pace. */
  #processes(run: Run): { ready: number; ofMachine: ReadonlyMap<string, number> } {
    const ofMachine = new Map<string, number>();
    let ready = 0;
    for (const node of this.#cluster.nodes.all()) {
      // A name of the command may belong to nobody by now.
      if (run.nodes !== undefined && !matchesAny(node, run.nodes)) continue;
      const { machine, isReady } = node;
      ofMachine.set(machine, (ofMachine.get(machine) ?? 0) + 1);
      if (isReady) ready++;
    }
    return { ready, ofMachine };
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

function weightOf({ info }: NodeEntry): number {
  const weight = Number(info.labels?.['weight'] ?? 1);
  return weight > 0 && Number.isFinite(weight) ? weight : 1;
}

/** In which order the processes start their first users: evenly spread, whatever the number of machines. */
function turnsOf(nodes: readonly NodeEntry[]): Map<NodeEntry, number> {
  return new Map(nodes.map((node, index) => [node, index]));
}

/** A strategy of the user's own is checked before anything follows from it. */
function checkShares(
  ids: IdSet,
  shares: Placement,
  nodes: readonly NodeEntry[],
  strategy: PlacementStrategy,
): void {
  if (Object.values(strategies).includes(strategy)) return;
  if (!((shares as unknown) instanceof Map)) {
    throw new AmocError('ARGUMENT', 'placement must return a Map from node names to sets of ids');
  }
  const placed = new Set<number>();
  let count = 0;
  for (const [name, share] of shares) {
    if (!nodes.some((node) => node.name === name)) {
      throw new AmocError('ARGUMENT', `placement: there is no node '${name}'`);
    }
    share.forEach((id) => {
      count++;
      if (ids.has(id)) placed.add(id);
    });
  }
  if (placed.size === ids.size && count === ids.size) return;
  throw new AmocError(
    'ARGUMENT',
    `placement: ${placed.size} of ${ids.size} users were placed, in ${count} places; every id must be given to one node`,
  );
}
