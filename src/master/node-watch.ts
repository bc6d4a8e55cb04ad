import { formatMs } from '../lib/duration.ts';
import type { IdSet } from '../lib/id-set.ts';
import { plural } from '../lib/words.ts';
import type { SlaveMessage } from '../protocol/messages.ts';
import type { Cluster } from './cluster.ts';
import type { Distributor } from './distributor.ts';
import type { NodeEntry } from './node-entry.ts';
import { NOWHERE } from './owner-table.ts';
import type { Run } from './run.ts';

/** What happens to users when a process dies, stands still, or goes on. */
export class NodeWatch {
  readonly #cluster: Cluster;
  readonly #distributor: Distributor;

  constructor(cluster: Cluster, distributor: Distributor) {
    this.#cluster = cluster;
    this.#distributor = distributor;
  }

  lose(node: NodeEntry, reason: string): void {
    if (!this.#cluster.nodes.remove(node)) return;
    node.watchdog?.close('its process is gone');
    const run = this.#cluster.run;
    const wasBlocked = node.status.is === 'blocked';
    if (run === undefined || !node.isReady) return;
    const { staying, leaving } = run.owners.ofNode(node.number);
    run.owners.release(leaving);
    run.ended.removed += leaving.size;
    if (this.#cluster.state.is !== 'running') {
      run.owners.release(staying);
      run.ended.lost += staying.size;
      return;
    }
    this.#replace(
      run,
      node,
      staying,
      wasBlocked ? 'was killed because it was blocked' : `is gone (${reason})`,
      wasBlocked,
    );
  }

  blocked(node: NodeEntry, { forMs, frames }: Extract<SlaveMessage, { type: 'blocked' }>): void {
    const isNew = node.status.is !== 'blocked';
    node.wasReady = node.isReady;
    node.status = { is: 'blocked', forMs, frames };
    const place = frames.find(({ file }) => file.includes('/scenarios/')) ?? frames[0];
    const where =
      place === undefined
        ? ''
        : ` at ${shortFile(place.file)}:${place.line}:${place.column} in ${place.function}`;
    if (isNew) {
      this.#cluster.parts.notice({
        level: 'warn',
        text: `${node.name} is stuck for ${formatMs(Math.round(forMs))}${where}; its ${plural(this.#cluster.run?.owners.countOf(node.number) ?? 0, 'user')} stand still; stop({force:true}) ends it`,
      });
    }
    node.onBlocked();
    const limitMs = this.#cluster.run?.ms('blockedLimit') ?? Infinity;
    if (forMs > limitMs) this.#cluster.kill(node);
  }

  unblocked(node: NodeEntry, afterMs: number): void {
    if (node.status.is !== 'blocked') return;
    node.status = node.wasReady ? { is: 'ready' } : { is: 'connected' };
    this.#cluster.parts.notice({
      level: 'warn',
      text: `${node.name} goes on after ${formatMs(Math.round(afterMs))}`,
    });
  }

  /** Places the users of a lost process again, unless they are what kills processes. */
  #replace(run: Run, node: NodeEntry, ids: IdSet, why: string, wasBlocked: boolean): void {
    run.ended.lost += ids.size;
    const isLoop = run.crashed(this.#cluster.parts.clock.monotonic());
    if (wasBlocked || isLoop) {
      run.owners.release(ids);
      const text = `${node.name} ${why}; its ${plural(ids.size, 'user')} are not started again${isLoop ? ': processes of this run crash again and again' : ', they would block another process'}`;
      this.#cluster.parts.notice({ level: 'error', text });
      if (isLoop) this.#fail(run, `its processes crash again and again, the last one ${why}`);
      return;
    }
    run.owners.assign(ids, NOWHERE);
    const others = this.#cluster.nodes.ready().map(({ name }) => name);
    const where =
      others.length === 0 ? 'wait for a process' : `are started again on ${others.join(', ')}`;
    const within = others.length === 0 ? '' : ` within ${formatMs(run.ms('recovery'))}`;
    run.announceRunning = true;
    this.#cluster.parts.notice({
      level: 'warn',
      text: `${node.name} ${why}; its ${plural(ids.size, 'user')} ${where}${within}`,
    });
    this.#distributor.pace(run);
    this.#distributor.placeHomeless(run);
  }

  #fail(run: Run, reason: string): void {
    for (const node of this.#cluster.nodes.ready()) {
      const ids = run.owners.ofNode(node.number).staying;
      this.#cluster.ask(node, 'withdraw', { run: run.id, ids: [...ids.ranges], force: true });
      run.owners.release(ids);
    }
    this.#cluster.enter({ is: 'failed', scenario: run.scenario, reason });
    this.#cluster.parts.notice({ level: 'error', text: `${run.scenario} has failed: ${reason}` });
  }
}

/** The part of a path that its author knows: from `scenarios/` on. */
function shortFile(file: string): string {
  const at = file.lastIndexOf('/scenarios/');
  return at < 0 ? file.replace(/^file:\/\//, '') : file.slice(at + 1);
}
