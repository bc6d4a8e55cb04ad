import { formatMs } from '../../lib/time/duration.ts';
import type { IdSet } from '../../lib/ids/id-set.ts';
import { plural } from '../../lib/text/plural.ts';
import { SILENT_MS, TAKEOVER_MS } from '../../protocol/lease.ts';
import type { NodeInfo, SlaveMessage } from '../../protocol/messages.ts';
import type { MasterPeer } from '../../protocol/peer.ts';
import type { MasterContext } from '../context.ts';
import type { Distributor } from '../users/distributor.ts';
import type { NodeEntry } from './node-entry.ts';
import { isDrained } from './node-state.ts';
import type { NodeRegistry } from './node-registry.ts';
import type { Run } from '../run/run.ts';

/** Decides what happens to the users of a process that dies, is blocked, or responds again. */
export class NodeWatch {
  readonly #context: MasterContext;
  readonly #distributor: Distributor;
  #checkedAt = -Infinity;

  constructor(context: MasterContext, distributor: Distributor) {
    this.#context = context;
    this.#distributor = distributor;
  }

  /** The connection of a process is gone: the process has ended, or the network between is cut. */
  disconnected(node: NodeEntry, peer: MasterPeer, reason: string): void {
    if (node.peer !== peer || node.state.reach === 'away') return;
    // The process was given up, and its connection was closed for that reason.
    if (this.#context.nodes.byNumber(node.number) !== node) return;
    const { run, state, parts } = this.#context;
    const keeps = parts.leases === true && run !== undefined && node.isInRun;
    const hasLeft = node.isLeaving && (run?.owners.countOf(node.number) ?? 0) === 0;
    if (!keeps || hasLeft || state.is !== 'running') {
      this.lose(node, parts.causeOf?.(node.info) ?? reason);
      return;
    }
    const now = parts.clock.monotonic();
    node.apply({ type: 'cut', at: now, reason });
    node.watchdog?.close('the connection of its process is lost');
    if (!run.leavesUsers) this.#expireIn(node, Math.max(0, node.leaseUntil - now));
  }

  /** A process has connected again, with the users that it had. */
  attach(node: NodeEntry, info: NodeInfo, peer: MasterPeer): void {
    const old = node.peer;
    const now = this.#context.parts.clock.monotonic();
    node.peer = peer;
    node.info = info;
    node.heardAt = now;
    old.close('a newer connection of this process has replaced it');
    if (node.isInRun) {
      node.apply({ type: 'attach', at: now });
      node.returningSince ??= now;
    }
  }

  /** The first report of a returning process was taken in: now it is told which users it should have. */
  returned(run: Run, node: NodeEntry): void {
    if (node.state.reach !== 'returning') return;
    node.returningSince = undefined;
    node.cancelExpiry();
    // What it should have comes first: the followers of the change may give it more.
    this.#distributor.repair(run, node);
    node.apply({ type: 'compared' });
    this.#distributor.placeUnplaced(run);
  }

  /** Looks for processes that have been silent for too long. */
  check(): void {
    const { nodes, parts } = this.#context;
    const now = parts.clock.monotonic();
    const wasAsleep = now - this.#checkedAt > SILENT_MS / 2;
    this.#checkedAt = now;
    if (wasAsleep) {
      // The master itself was asleep; what the processes sent is about to be read.
      for (const node of nodes.all()) node.heardAt = Math.max(node.heardAt, now);
      return;
    }
    for (const node of nodes.all()) {
      const silentMs = now - node.heardAt;
      const { reach } = node.state;
      if (silentMs <= SILENT_MS || reach === 'away' || reach === 'blocked') continue;
      const { peer } = node;
      const reason = `silent for ${roughly(silentMs)}`;
      this.disconnected(node, peer, reason);
      peer.close(reason);
    }
  }

  /** Gives a process from before the restart of the master one lease from now on to come back. */
  expect(node: NodeEntry): void {
    const run = this.#context.run;
    if (run?.leavesUsers !== true) this.#expireIn(node, TAKEOVER_MS);
  }

  #expireIn(node: NodeEntry, waitMs: number): void {
    node.cancelExpiry();
    node.cancelExpiry = this.#context.parts.clock.schedule(waitMs, () => {
      const leftMs = node.leaseUntil - this.#context.parts.clock.monotonic();
      // A message may have extended the lease in between: the process is blocked, or back.
      if (leftMs > 0) this.#expireIn(node, leftMs);
      else if (node.isAway) {
        this.lose(node, 'its lease has ended');
        // It may be connected without ever having reported its users: it joins again, without users.
        node.peer.close('its lease has ended');
      }
    });
  }

  /** A process is gone for good. */
  lose(node: NodeEntry, reason: string, hasDied = !node.isAway): void {
    const wasBlocked = node.state.reach === 'blocked';
    const wasInRun = node.isInRun;
    if (!this.#context.nodes.remove(node)) return;
    node.cancelExpiry();
    node.watchdog?.close('its process is gone');
    const run = this.#context.run;
    if (run === undefined || !wasInRun) return;
    const known = run.audit.get(node.info.identity);
    if (known !== undefined) known.isLost = true;
    run.totals.forget(node.name);
    const users = run.ledger.lose(node.number);
    if (this.#context.state.is !== 'running') {
      run.ledger.abandon(users);
      return;
    }
    if (node.isLeaving && users.size === 0) return;
    this.#replace(
      run,
      node,
      users,
      wasBlocked ? 'was killed because it was blocked' : `is gone (${reason})`,
      { wasBlocked, hasDied },
    );
  }

  blocked(node: NodeEntry, { forMs, frames }: Extract<SlaveMessage, { type: 'blocked' }>): void {
    const { clock } = this.#context.parts;
    // Its watchdog reports that it is blocked: it keeps its users, and no other process may run them.
    node.leaseUntil = clock.monotonic() + TAKEOVER_MS;
    node.heardAt = clock.monotonic();
    if (node.isAway) return;
    node.apply({ type: 'block', forMs, frames });
    const limitMs = this.#context.run?.ms('blockedLimit') ?? Infinity;
    if (forMs > limitMs) this.#context.kill(node);
  }

  unblocked(node: NodeEntry, afterMs: number): void {
    if (node.state.reach !== 'blocked') return;
    node.heardAt = this.#context.parts.clock.monotonic();
    node.apply({ type: 'unblock', afterMs });
  }

  /** Places the users of a lost process again, unless these users are what kills processes. */
  #replace(
    run: Run,
    node: NodeEntry,
    ids: IdSet,
    why: string,
    { wasBlocked, hasDied }: { wasBlocked: boolean; hasDied: boolean },
  ): void {
    // Machines that are cut off at the same time are no evidence against the scenario.
    const isLoop = hasDied && run.crashed(this.#context.parts.clock.monotonic());
    if (wasBlocked || isLoop) {
      run.ledger.abandon(ids);
      const text = `${node.name} ${why}; its ${plural(ids.size, 'user')} are not started again${isLoop ? ': processes of this run crash again and again' : ', they would block another process'}`;
      this.#context.tell('node_lost', { level: 'error', text }, { node: node.name });
      if (isLoop) this.#fail(run, `its processes crash again and again, the last one ${why}`);
      return;
    }
    if (run.leavesUsers) {
      run.ledger.abandon(ids);
      const text = `${node.name} ${why}; its ${plural(ids.size, 'user')} are not started elsewhere (onNodeLoss: leave)`;
      this.#context.tell('node_lost', { level: 'warn', text }, { node: node.name });
      return;
    }
    const others = this.#context.nodes.ready().map(({ name }) => name);
    const where =
      others.length === 0
        ? `wait for a process${undrainHint(this.#context.nodes)}`
        : `are started again on ${others.join(', ')}`;
    const within = others.length === 0 ? '' : ` within ${formatMs(run.ms('recovery'))}`;
    run.expectUsers();
    const text = `${node.name} ${why}; its ${plural(ids.size, 'user')} ${where}${within}`;
    this.#context.tell('node_lost', { level: 'warn', text }, { node: node.name });
    this.#distributor.placeUnplaced(run);
  }

  #fail(run: Run, reason: string): void {
    const all = run.owners.highestStaying(run.owners.staying);
    for (const [number, ids] of run.ledger.remove(all, true)) {
      const node = this.#context.nodes.byNumber(number);
      // A process that is out of reach is told when it is back.
      if (node?.isReady === true) this.#distributor.withdraw(run, node, ids, true);
    }
    this.#context.enter({ is: 'failed', scenario: run.scenario, reason });
    this.#context.parts.notice({ level: 'error', text: `${run.scenario} has failed: ${reason}` });
  }
}

/** Says how to let drained processes take users again; an empty text when no process is drained. */
export function undrainHint(nodes: NodeRegistry): string {
  const idle = nodes.all().filter(({ state }) => state.reach === 'here' && isDrained(state));
  if (idle.length === 0) return '';
  const names = idle.map(({ name }) => name);
  const verb = names.length === 1 ? 'is' : 'are';
  return ` (${names.join(', ')} ${verb} drained: undrain('${names[0] ?? ''}') lets it take users again)`;
}

/** A time for people to read, to a tenth of a second. */
function roughly(ms: number): string {
  return formatMs(Math.round(ms / 100) * 100);
}
