import { formatMs } from '../lib/duration.ts';
import type { IdSet } from '../lib/id-set.ts';
import { plural } from '../lib/words.ts';
import { SILENT_MS, TAKEOVER_MS } from '../protocol/lease.ts';
import type { NodeInfo, SlaveMessage } from '../protocol/messages.ts';
import type { MasterPeer } from '../protocol/peer.ts';
import type { Cluster } from './cluster.ts';
import type { Distributor } from './distributor.ts';
import type { NodeEntry } from './node-entry.ts';
import type { NodeRegistry } from './node-registry.ts';
import { NOWHERE } from './owner-table.ts';
import type { Run } from './run.ts';

/** What happens to users when a process dies, stands still, or goes on. */
export class NodeWatch {
  readonly #cluster: Cluster;
  readonly #distributor: Distributor;
  #checkedAt = -Infinity;

  constructor(cluster: Cluster, distributor: Distributor) {
    this.#cluster = cluster;
    this.#distributor = distributor;
  }

  /** The connection of a process is gone: it may be the process, or the way to it. */
  disconnected(node: NodeEntry, peer: MasterPeer, reason: string): void {
    if (node.peer !== peer || node.status.is === 'away') return;
    // It was given up, and its connection is closed because of that.
    if (this.#cluster.nodes.byNumber(node.number) !== node) return;
    const { run, state, parts } = this.#cluster;
    const keeps = parts.leases === true && run !== undefined && node.isInRun;
    const hasLeft = node.isLeaving && (run?.owners.countOf(node.number) ?? 0) === 0;
    if (!keeps || hasLeft || state.is !== 'running') {
      this.lose(node, parts.causeOf?.(node.info) ?? reason);
      return;
    }
    const now = parts.clock.monotonic();
    const since = node.status.is === 'returning' ? node.status.since : now;
    const isNew = node.status.is !== 'returning';
    node.status = { is: 'away', since };
    node.watchdog?.close('the way to its process is cut');
    const users = plural(run.owners.countOf(node.number), 'user');
    const waitMs = Math.max(0, node.leaseUntil - now);
    const then = run.leavesUsers
      ? `its ${users} go on there, out of reach`
      : `its ${users} run elsewhere when its lease ends, in ${roughly(waitMs)}`;
    if (isNew)
      parts.notice({ level: 'warn', text: `${node.name} is out of reach (${reason}); ${then}` });
    if (!run.leavesUsers) this.#expireIn(node, waitMs);
    this.#distributor.pace(run);
  }

  /** A process is there again, with the users that it had. */
  attach(node: NodeEntry, info: NodeInfo, peer: MasterPeer): void {
    const old = node.peer;
    const now = this.#cluster.parts.clock.monotonic();
    node.peer = peer;
    node.info = info;
    node.heardAt = now;
    old.close('it has connected anew');
    if (node.isInRun) {
      const since = node.status.is === 'away' ? node.status.since : now;
      node.status = { is: 'returning', since };
      node.returningSince ??= now;
    }
  }

  /** What a returning process reported first is taken in: now it is told what it should have. */
  returned(run: Run, node: NodeEntry): void {
    if (node.status.is !== 'returning') return;
    const now = this.#cluster.parts.clock.monotonic();
    const awayMs = now - node.status.since;
    node.returningSince = undefined;
    node.cancelExpiry();
    node.status = node.wasDrained ? { is: 'drained' } : { is: 'ready' };
    node.wasReady = true;
    this.#distributor.repair(run, node);
    this.#distributor.pace(run);
    this.#distributor.placeHomeless(run);
    this.#cluster.parts.notice({
      level: 'info',
      text: `${node.name} is back after ${roughly(awayMs)}, with its ${plural(run.owners.countOf(node.number), 'user')}`,
    });
  }

  /** Looks for processes that have been silent for too long. */
  check(): void {
    const { nodes, parts } = this.#cluster;
    const now = parts.clock.monotonic();
    const wasAsleep = now - this.#checkedAt > SILENT_MS / 2;
    this.#checkedAt = now;
    if (wasAsleep) {
      // It was this process that did not listen; what they said is about to be read.
      for (const node of nodes.all()) node.heardAt = Math.max(node.heardAt, now);
      return;
    }
    for (const node of nodes.all()) {
      const silentMs = now - node.heardAt;
      if (silentMs <= SILENT_MS || node.status.is === 'away' || node.status.is === 'blocked')
        continue;
      const { peer } = node;
      const reason = `silent for ${roughly(silentMs)}`;
      this.disconnected(node, peer, reason);
      peer.close(reason);
    }
  }

  /** For a node of before the restart of the master: it has a lease's time from now on. */
  expect(node: NodeEntry): void {
    const run = this.#cluster.run;
    if (run?.leavesUsers !== true) this.#expireIn(node, TAKEOVER_MS);
  }

  #expireIn(node: NodeEntry, waitMs: number): void {
    node.cancelExpiry();
    node.cancelExpiry = this.#cluster.parts.clock.schedule(waitMs, () => {
      const leftMs = node.leaseUntil - this.#cluster.parts.clock.monotonic();
      // It may have been heard of in between: blocked, or back.
      if (leftMs > 0) this.#expireIn(node, leftMs);
      else if (node.isAway) {
        this.lose(node, 'its lease has ended');
        // It may be connected, without ever having said whom it has: it joins again, with nobody.
        node.peer.close('its lease has ended');
      }
    });
  }

  /** A process is gone for good. */
  lose(node: NodeEntry, reason: string, hasDied = !node.isAway): void {
    if (!this.#cluster.nodes.remove(node)) return;
    node.cancelExpiry();
    node.watchdog?.close('its process is gone');
    const run = this.#cluster.run;
    const wasBlocked = node.status.is === 'blocked';
    if (run === undefined || !node.isInRun) return;
    const known = run.audit.get(node.info.identity);
    if (known !== undefined) known.isLost = true;
    run.totals.forget(node.name);
    const { staying, leaving } = run.owners.ofNode(node.number);
    run.owners.release(leaving);
    run.ended.removed += leaving.size + node.unconfirmedRemovals;
    if (this.#cluster.state.is !== 'running') {
      run.owners.release(staying);
      run.ended.lost += staying.size;
      return;
    }
    if (node.isLeaving && staying.size === 0) {
      this.#cluster.parts.notice({ level: 'info', text: `${node.name} has left` });
      this.#distributor.pace(run);
      return;
    }
    this.#replace(
      run,
      node,
      staying,
      wasBlocked ? 'was killed because it was blocked' : `is gone (${reason})`,
      { wasBlocked, hasDied },
    );
  }

  blocked(node: NodeEntry, { forMs, frames }: Extract<SlaveMessage, { type: 'blocked' }>): void {
    const { clock } = this.#cluster.parts;
    // It stands still, and says so: nobody else may run its users.
    node.leaseUntil = clock.monotonic() + TAKEOVER_MS;
    node.heardAt = clock.monotonic();
    if (node.isAway) return;
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
    node.heardAt = this.#cluster.parts.clock.monotonic();
    const before = node.wasDrained ? 'drained' : node.wasReady ? 'ready' : 'connected';
    node.status = { is: before };
    this.#cluster.parts.notice({
      level: 'warn',
      text: `${node.name} goes on after ${formatMs(Math.round(afterMs))}`,
    });
  }

  /** Places the users of a lost process again, unless they are what kills processes. */
  #replace(
    run: Run,
    node: NodeEntry,
    ids: IdSet,
    why: string,
    { wasBlocked, hasDied }: { wasBlocked: boolean; hasDied: boolean },
  ): void {
    run.ended.lost += ids.size;
    // Machines that are cut off together say nothing about the scenario.
    const isLoop = hasDied && run.crashed(this.#cluster.parts.clock.monotonic());
    if (wasBlocked || isLoop) {
      run.owners.release(ids);
      const text = `${node.name} ${why}; its ${plural(ids.size, 'user')} are not started again${isLoop ? ': processes of this run crash again and again' : ', they would block another process'}`;
      this.#cluster.tell('node_lost', { level: 'error', text }, { node: node.name });
      if (isLoop) this.#fail(run, `its processes crash again and again, the last one ${why}`);
      return;
    }
    if (run.leavesUsers) {
      run.owners.release(ids);
      const text = `${node.name} ${why}; its ${plural(ids.size, 'user')} are not started elsewhere (onNodeLoss: leave)`;
      this.#cluster.tell('node_lost', { level: 'warn', text }, { node: node.name });
      return;
    }
    run.owners.assign(ids, NOWHERE);
    const others = this.#cluster.nodes.ready().map(({ name }) => name);
    const where =
      others.length === 0
        ? `wait for a process${undrainHint(this.#cluster.nodes)}`
        : `are started again on ${others.join(', ')}`;
    const within = others.length === 0 ? '' : ` within ${formatMs(run.ms('recovery'))}`;
    run.expectUsers();
    const text = `${node.name} ${why}; its ${plural(ids.size, 'user')} ${where}${within}`;
    this.#cluster.tell('node_lost', { level: 'warn', text }, { node: node.name });
    this.#distributor.pace(run);
    this.#distributor.placeHomeless(run);
  }

  #fail(run: Run, reason: string): void {
    for (const node of this.#cluster.nodes.known()) {
      const ids = run.owners.ofNode(node.number).staying;
      // One that is out of reach hears it when it is back.
      if (node.isReady) this.#distributor.withdraw(run, node, ids, true);
      node.forced(ids);
      run.owners.release(ids);
    }
    run.owners.release(run.owners.ofNode(NOWHERE).staying);
    this.#cluster.enter({ is: 'failed', scenario: run.scenario, reason });
    this.#cluster.parts.notice({ level: 'error', text: `${run.scenario} has failed: ${reason}` });
  }
}

/** What lets drained processes take users again, when some are there; else nothing. */
export function undrainHint(nodes: NodeRegistry): string {
  const idle = nodes.all().filter((node) => node.status.is === 'drained' && !node.isLeaving);
  if (idle.length === 0) return '';
  const names = idle.map(({ name }) => name);
  const verb = names.length === 1 ? 'is' : 'are';
  return ` (${names.join(', ')} ${verb} drained: undrain('${names[0] ?? ''}') lets it take users again)`;
}

/** A time as people say it, to a tenth of a second. */
function roughly(ms: number): string {
  return formatMs(Math.round(ms / 100) * 100);
}

/** The part of a path that its author knows: from `scenarios/` on. */
function shortFile(file: string): string {
  const at = file.lastIndexOf('/scenarios/');
  return at < 0 ? file.replace(/^file:\/\//, '') : file.slice(at + 1);
}
