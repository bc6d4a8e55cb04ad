import { withTimeout } from '../lib/abort.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { IdSet } from '../lib/id-set.ts';
import { QUICK_MS } from './cluster.ts';
import type { Cluster } from './cluster.ts';
import type { NodeEntry } from './node-entry.ts';
import type { Run } from './run.ts';

/** Brings a run to its end: users, `terminate`, `teardown`, and nothing of it left. */
export class RunEnd {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Ends the users of one process; one that does not answer is killed. */
  async finish(
    run: Run,
    node: NodeEntry,
    force: boolean,
    gentleMs: number,
    problems: string[],
  ): Promise<number> {
    const limitMs = gentleMs + run.ms('initTimeout') + QUICK_MS;
    const params = { run: run.id, force, gentleMs };
    const finished = node.peer.request('finish', params, limitMs);
    finished.catch(() => {});
    const { clock } = this.#cluster.parts;
    const stuck = new Promise<never>((_resolve, reject) => {
      const giveUp = (): void => reject(new AmocError('TIMEOUT', 'is blocked'));
      const whenGentleIsOver = (): void => void clock.schedule(gentleMs, giveUp);
      if (node.status.is === 'blocked') whenGentleIsOver();
      else node.onBlocked = whenGentleIsOver;
    });
    try {
      const { forced } = await Promise.race([finished, stuck]);
      await node.peer.request('report', {}, QUICK_MS);
      return forced;
    } catch (error) {
      const lost = run.owners.ofNode(node.number);
      const users = lost.staying.size + lost.leaving.size;
      if (error instanceof AmocError && error.code === 'TIMEOUT') {
        this.#cluster.expel(node);
        problems.push(`${node.name} ${messageOf(error)} and was killed with its ${users} users`);
        return users;
      }
      problems.push(`${node.name}: ${messageOf(error)}`);
      return 0;
    } finally {
      node.onBlocked = () => {};
    }
  }

  async teardown(run: Run, problems: string[]): Promise<void> {
    const [first] = this.#cluster.nodes.ready().filter((node) => node.status.is === 'ready');
    if (first === undefined) return;
    const params = { run: run.id, ...(run.setup === undefined ? {} : { setup: run.setup }) };
    try {
      await first.peer.request('teardown', params, run.ms('initTimeout') + QUICK_MS);
    } catch (error) {
      problems.push(`teardown: ${messageOf(error)}`);
    }
  }

  /** Forgets the run everywhere. */
  async discard(): Promise<void> {
    const run = this.#cluster.run;
    this.#cluster.run = undefined;
    if (run === undefined) return;
    for (const node of this.#cluster.nodes.displaced()) {
      node.cancelExpiry();
      this.#cluster.nodes.remove(node);
    }
    this.#cluster.parts.journal?.clear();
    const asked = this.#cluster.nodes.all().map(async (node) => {
      node.users = undefined;
      node.wasReady = false;
      node.moving = IdSet.empty;
      if (node.isAway) {
        // It hears that the run is over when it comes back.
        node.cancelExpiry();
        this.#cluster.nodes.remove(node);
        return;
      }
      if (node.status.is === 'blocked') {
        // It would not hear that the run is over, and be counted on by the next one.
        this.#cluster.expel(node);
        return;
      }
      node.status = { is: 'connected' };
      node.wasDrained = false;
      await node.peer.request('discard', { run: run.id }, QUICK_MS);
    });
    await withTimeout(
      Promise.allSettled(asked),
      QUICK_MS,
      'discard',
      this.#cluster.parts.clock,
    ).catch(() => {});
  }
}
