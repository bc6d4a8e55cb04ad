import { AmocError } from '../lib/errors.ts';
import type { IdSet } from '../lib/id-set.ts';
import { leastLoaded, strategies } from '../placement/placement.ts';
import type { Placement, PlacementStrategy } from '../placement/placement.ts';
import type { Cluster } from './cluster.ts';
import type { NodeEntry } from './node-entry.ts';
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
      return;
    }
    const shares = strategy(ids, this.#placementNodes(run, nodes));
    checkShares(ids, shares, nodes, strategy);
    for (const [name, share] of shares) {
      const node = nodes.find((each) => each.name === name) as NodeEntry;
      run.owners.assign(share, node.number);
      this.#cluster.ask(node, 'assign', {
        run: run.id,
        ids: [...share.ranges],
        revision: node.assigned(share),
        delayMs: this.#turnOf(node) * run.ms('interarrival'),
        withinMs,
      });
    }
  }

  placeHomeless(run: Run): void {
    const ids = run.owners.ofNode(NOWHERE).staying;
    if (ids.size === 0) return;
    this.place(run, ids, leastLoaded, run.ms('recovery'));
  }

  pace(run: Run): void {
    for (const node of this.#cluster.nodes.ready()) {
      const pace = { interarrivalMs: this.processInterval(run, node), paused: run.paused };
      this.#cluster.ask(node, 'pace', { run: run.id, pace });
    }
  }

  /** The pace is that of a machine: its processes take turns. */
  processInterval(run: Run, node: NodeEntry): number {
    const processes = this.#cluster.nodes
      .select(run.nodes)
      .filter(({ machine }) => machine === node.machine);
    return run.ms('interarrival') * Math.max(1, processes.length);
  }

  #placementNodes(run: Run, nodes: readonly NodeEntry[]): { name: string; users: number }[] {
    return nodes.map((node) => ({ name: node.name, users: run.owners.countOf(node.number) }));
  }

  #turnOf(node: NodeEntry): number {
    const machine = this.#cluster.nodes.ready().filter((each) => each.machine === node.machine);
    return Math.max(0, machine.indexOf(node));
  }
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
