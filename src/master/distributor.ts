import { AmocError } from '../lib/errors.ts';
import { IdSet } from '../lib/id-set.ts';
import { leastLoaded } from '../placement/placement.ts';
import type { PlacementStrategy } from '../placement/placement.ts';
import type { Cluster } from './cluster.ts';
import type { NodeEntry } from './node-entry.ts';
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
      users: (shares.get(node.name)?.size ?? 0) + node.present,
    }));
    checkLimits(plan, run.connectionsPerUser);
  }

  place(run: Run, ids: IdSet, strategy: PlacementStrategy, withinMs?: number): void {
    const nodes = this.#cluster.nodes.ready();
    if (nodes.length === 0) {
      run.homeless = run.homeless.union(ids);
      return;
    }
    const shares = strategy(ids, this.#placementNodes(run, nodes));
    const placed = [...shares.values()].reduce((sum, share) => sum + share.size, 0);
    if (placed !== ids.size) {
      throw new AmocError(
        'ARGUMENT',
        `placement: ${placed} of ${ids.size} users were placed; every id must be given to one node`,
      );
    }
    for (const [name, share] of shares) {
      const node = nodes.find((each) => each.name === name);
      if (node === undefined)
        throw new AmocError('ARGUMENT', `placement: there is no node '${name}'`);
      run.owners.assign(share, node.number);
      this.#cluster.ask(node, 'assign', {
        run: run.id,
        ids: [...share.ranges],
        delayMs: this.#turnOf(node) * run.ms('interarrival'),
        withinMs,
      });
    }
  }

  placeHomeless(run: Run): void {
    const ids = run.homeless;
    if (ids.size === 0) return;
    run.homeless = IdSet.empty;
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
