import { AmocError } from '../../lib/errors.ts';
import { IdSet } from '../../lib/ids/id-set.ts';
import { sha256 } from '../../lib/ids/sha256.ts';
import { show } from '../../lib/text/quote.ts';
import { plural } from '../../lib/text/plural.ts';
import { excess, leastLoaded } from '../../placement/placement.ts';
import { TAKEOVER_MS } from '../../protocol/lease.ts';
import type {
  LogRecord,
  NodeInfo,
  Refusal,
  ShippedRecord,
  SlaveMessage,
} from '../../protocol/messages.ts';
import type { MasterPeer } from '../../protocol/peer.ts';
import { QUICK_MS } from '../cluster.ts';
import type { Cluster } from '../cluster.ts';
import type { Distributor } from '../users/distributor.ts';
import type { RunMemory } from '../run/journal.ts';
import { LOG, NodeEntry } from './node-entry.ts';
import { isDrained } from './node-state.ts';
import { NodeWatch, undrainHint } from './node-watch.ts';
import { Reports } from '../users/reports.ts';
import { parseThresholds } from '../../record/thresholds.ts';
import { defineRun } from '../run/run-definition.ts';
import { restoreRun } from '../run/restore.ts';
import type { Run } from '../run/run.ts';
import type { RunStart } from '../run/run-start.ts';
import { demandRunning } from '../run/run-state.ts';

const EVICTED = 'it was evicted; start it again to let it join';

/** Decides which processes belong to the cluster: how they join, come back, are drained and sent away. */
export class Membership {
  readonly #cluster: Cluster;
  readonly #distributor: Distributor;
  readonly #starting: RunStart;
  readonly #watch: NodeWatch;
  readonly #reports: Reports;
  readonly #evicted = new Set<string>();

  constructor(cluster: Cluster, distributor: Distributor, starting: RunStart) {
    this.#cluster = cluster;
    this.#distributor = distributor;
    this.#starting = starting;
    this.#watch = new NodeWatch(cluster, distributor);
    this.#reports = new Reports(cluster, {
      returned: (run, node) => {
        this.#watch.returned(run, node);
        if (node.isLeaving) this.#letGo(node);
      },
      forgotten: (node) => {
        this.#watch.lose(node, 'it does not have the run any more');
        node.peer.close('the run continues without it; it may join again');
      },
      placeHomeless: (run) => distributor.placeHomeless(run),
      repair: (run, node) => distributor.repair(run, node),
      distrust: (run, node, why) => this.#distrust(run, node, why),
      move: (run, ids) => distributor.place(run, ids, leastLoaded, run.ms('recovery')),
    });
  }

  /** Looks for processes that have been silent for too long. */
  check(): void {
    this.#watch.check();
  }

  /** Why a process that knows the cookie may not join; `undefined` when it may. */
  refusalOf(info: NodeInfo): Refusal | undefined {
    if (this.#evicted.has(info.identity)) return { code: 'EVICTED', reason: EVICTED };
    const known = this.#cluster.nodes.get(info.name);
    if (known === undefined || known.info.identity === info.identity) return undefined;
    if (known.isAway || info.replaces === known.info.identity) return undefined;
    const { host, pid } = known.info;
    const reason = `a process called ${info.name} has joined already (on ${host}, pid ${pid}); give this one another name`;
    return { code: 'NAME_TAKEN', reason };
  }

  /** Takes in a process that knows the cookie. @returns the reason when it is refused */
  join(info: NodeInfo, peer: MasterPeer): Refusal | undefined {
    const refusal = this.refusalOf(info);
    if (refusal !== undefined) return refusal;
    const known = this.#cluster.nodes.get(info.name);
    if (known !== undefined && known.info.identity === info.identity) {
      this.#watch.attach(known, info, peer);
      this.#listen(known, peer);
      if (!known.isInRun) this.#admitLate(known);
      return undefined;
    }
    if (known !== undefined) {
      if (info.replaces === known.info.identity)
        this.#watch.lose(known, info.ended ?? 'its process has ended', true);
      // The old process may run its users until its lease ends, although a new one takes its name.
      else this.#cluster.nodes.displace(known);
    }
    const node = new NodeEntry(info, peer, this.#cluster.nodes.nextNumber());
    node.heardAt = this.#cluster.parts.clock.monotonic();
    // A process that never sends a beat needs a lease that ends, too: its users must not wait forever.
    node.leaseUntil = node.heardAt + TAKEOVER_MS;
    this.#cluster.nodes.add(node);
    this.#listen(node, peer);
    this.#admitLate(node);
    return undefined;
  }

  /** Resumes the run of the previous master: its processes have the length of a lease to come back. */
  restore(memory: RunMemory): void {
    const { clock, notice } = this.#cluster.parts;
    const run = restoreRun(memory, this.#cluster.nodes, clock);
    this.#cluster.enter({ is: 'starting', scenario: run.scenario });
    this.#cluster.run = run;
    this.#cluster.enter({ is: 'running', scenario: run.scenario });
    for (const node of this.#cluster.nodes.known()) this.#watch.expect(node);
    const { chronicle, nodes } = this.#cluster;
    chronicle.begin(
      run,
      defineRun(
        run,
        run.owners.highestStaying(run.owners.size),
        this.#cluster.parts,
        nodes.known(),
      ),
      parseThresholds(run.thresholds),
    );
    notice({
      level: 'info',
      text: `${run.scenario} resumed: waiting for ${plural(this.#cluster.nodes.size, 'process', 'processes')} with ${plural(run.owners.size, 'user')} to reconnect`,
    });
  }

  /**
   * Evens out the users of the processes: some end their start() where they are, and continue elsewhere.
   *
   * @returns how many begin to move, and after what time those that are still in start() move by force
   */
  rebalance(): { moving: number; nodes: number; withinMs: number } {
    demandRunning(this.#cluster.state, 'rebalance');
    const run = this.#cluster.requireRun();
    const nodes = this.#cluster.nodes.ready();
    const coming = this.#cluster.nodes.all().reduce((sum, { moving }) => sum + moving.size, 0);
    const moves = excess(
      nodes.map((node) => run.owners.digestOf(node.number).count - node.moving.size),
      coming,
    );
    const users = nodes.map((node, at) => {
      const { staying } = run.owners.ofNode(node.number);
      const ids = staying
        .difference(node.moving)
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
  drain(name: unknown): { nodes: string[]; moving: number; withinMs: number } {
    demandRunning(this.#cluster.state, 'drain');
    const run = this.#cluster.requireRun();
    const nodes = this.#reachable('drain', name);
    const others = this.#cluster.nodes.ready().filter((node) => !nodes.includes(node));
    if (others.every(({ isLeaving }) => isLeaving)) {
      const hint = undrainHint(this.#cluster.nodes);
      throw new AmocError('NO_NODES', `drain: no other process can take the users${hint}`);
    }
    const moving = this.#empty(run, nodes, 'drain');
    const names = nodes.map((node) => node.name);
    this.#cluster.chronicle.event('drain', `drain ${names.join(', ')}: ${moving} users move`, {
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
  undrain(name: unknown): { nodes: string[] } {
    demandRunning(this.#cluster.state, 'undrain');
    const run = this.#cluster.requireRun();
    const reachable = this.#reachable('undrain', name);
    const nodes = reachable.filter(({ state }) => isDrained(state));
    const leaving = reachable.filter(({ state }) => state.role === 'leaving');
    if (nodes.length === 0) {
      const why =
        leaving.length === 0
          ? `${show(name)} is not drained; nodes() shows which processes are`
          : `${leaving.map((node) => node.name).join(', ')} is about to leave, and takes no more users`;
      throw new AmocError('ARGUMENT', `undrain: ${why}`);
    }
    this.#cluster.nodes.together(() => {
      for (const node of nodes) node.apply({ type: 'undrain' });
    });
    this.#cluster.commit();
    const names = nodes.map((node) => node.name);
    this.#cluster.chronicle.event('undrain', `undrain ${names.join(', ')}`, { nodes: names });
    this.#distributor.placeHomeless(run);
    // They announced their end while no process could take their users.
    for (const node of this.#cluster.nodes.ready()) if (node.isLeaving) this.#letGo(node);
    return { nodes: names };
  }

  /**
   * Sends a process, or all processes of a machine, away: its users are stopped there and run elsewhere,
   * and it may not come back under this identity.
   *
   * @throws {AmocError} `ARGUMENT` when no process has the name
   */
  async evict(name: unknown): Promise<{ nodes: string[]; users: number }> {
    const nodes = this.#reachable('evict', name);
    const run = this.#cluster.run;
    let users = 0;
    for (const node of nodes) {
      this.#evicted.add(node.info.identity);
      if (run !== undefined) {
        users += run.owners.countOf(node.number);
        // Until the process reports that its users are gone, only the end of its lease frees them.
        try {
          await node.peer.request('discard', { run: run.id }, QUICK_MS);
          this.#watch.lose(node, 'was evicted');
        } catch {
          // Its silence is handled like any other.
        }
      } else this.#cluster.nodes.remove(node);
      node.peer.close(EVICTED);
    }
    return { nodes: nodes.map((node) => node.name), users };
  }

  /**
   * The newest log lines of a process, or of all processes of a machine, in the order of their times.
   *
   * @throws {AmocError} `ARGUMENT` when no process has the name
   */
  log(name: unknown): LogRecord[] {
    return this.#named('log', name)
      .flatMap((node) => node.log.all)
      .sort((a, b) => a.time - b.time)
      .slice(-LOG.count);
  }

  /**
   * Takes in the watchdog of a process, in place of the previous one.
   *
   * @param key a secret that only that process knows; it sent the hash of the secret when it joined
   * @returns the reason when the watchdog is refused
   */
  watch(info: NodeInfo, peer: MasterPeer, key: string | undefined): string | undefined {
    const node = this.#cluster.nodes.get(info.name);
    const isIts = node?.info.identity === info.identity && node.info.pid === info.pid;
    if (node === undefined || !isIts) return 'no such process';
    if (key === undefined || node.info.watchdog !== sha256(key)) {
      return 'it is not the watchdog of this process';
    }
    node.watchdog?.close('a newer connection of this watchdog has replaced it');
    node.watchdog = peer;
    peer.onMessage = (message) => {
      if (node.watchdog !== peer) return;
      if (message.type === 'blocked') this.#watch.blocked(node, message);
      else if (message.type === 'beat') {
        // It comes after `blocked`, which has reserved the users for the process: its lease may continue.
        const { clock } = this.#cluster.parts;
        if (node.isAway) return;
        peer.beat({ sequence: message.sequence, at: clock.steady(), acked: 0 });
      } else if (message.type === 'unblocked') this.#watch.unblocked(node, message.afterMs);
    };
    peer.onClose = () => {
      if (node.watchdog === peer) node.watchdog = undefined;
    };
    return undefined;
  }

  /** Sends away a process whose report cannot be true: its figures are left out, its users run elsewhere. */
  #distrust(run: Run, node: NodeEntry, why: string): void {
    run.distrusted.push({ node: node.name, why });
    run.totals.forget(node.name);
    const text = `${node.name} cannot be trusted: ${why}; its figures are left out from now on, and it is sent away`;
    this.#cluster.tell('error', { level: 'error', text }, { node: node.name });
    this.#evicted.add(node.info.identity);
    node.peer.close(EVICTED);
  }

  #named(command: string, name: unknown): NodeEntry[] {
    if (typeof name === 'string') {
      return this.#cluster.nodes.select([name]).filter((node) => !node.isAway);
    }
    throw new AmocError(
      'ARGUMENT',
      `${command}: ${show(name)} is not a valid name; give a process or machine, as in ${command}('slave1')`,
    );
  }

  /** The processes of that name that are within reach now. */
  #reachable(command: string, name: unknown): NodeEntry[] {
    const nodes = this.#named(command, name);
    if (nodes.length > 0) return nodes;
    throw new AmocError(
      'ARGUMENT',
      `${command}: ${show(name)} is out of reach; once its lease has ended its users run elsewhere`,
    );
  }

  /** Lets the users of processes continue elsewhere. @returns how many begin to move */
  #empty(run: Run, nodes: readonly NodeEntry[], why: 'drain' | 'leave'): number {
    this.#cluster.nodes.together(() => {
      for (const node of nodes) {
        node.apply({ type: why });
        if (run.owners.countOf(node.number) === 0) node.apply({ type: 'emptied' });
      }
    });
    const users = nodes.map((node) => [node, run.owners.ofNode(node.number).staying] as const);
    return this.#distributor.moveAway(run, new Map(users));
  }

  /** A process is about to end: its users continue elsewhere, and no new users come. */
  #letGo(node: NodeEntry): void {
    node.isLeaving = true;
    const { run, state, parts, nodes } = this.#cluster;
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

  #admitLate(node: NodeEntry): void {
    const { run, state } = this.#cluster;
    if (run === undefined || state.is !== 'running') return;
    void this.#starting.admitLate(run, node).then(() => {
      // It announced its end while it was being set up.
      if (node.isLeaving) this.#letGo(node);
    });
  }

  #listen(node: NodeEntry, peer: MasterPeer): void {
    peer.onMessage = (message) => {
      if (node.peer === peer && node.state.reach !== 'away') this.#hear(node, message, peer);
    };
    peer.onClose = (reason) => this.#watch.disconnected(node, peer, reason);
  }

  #log(node: NodeEntry, shipped: readonly ShippedRecord[], dropped: number): void {
    // What a line says about its process is not trusted: it could name another process, or none.
    const records = shipped.map((record) => ({ ...record, node: node.name }));
    node.log.add(records);
    this.#cluster.parts.logs(records, dropped);
  }

  #hear(
    node: NodeEntry,
    message: Exclude<SlaveMessage, { type: 'reply' | 'failure' }>,
    peer: MasterPeer,
  ): void {
    const { clock } = this.#cluster.parts;
    node.heardAt = clock.monotonic();
    switch (message.type) {
      case 'beat':
        node.clock = message.clock;
        // A process that is back for this long without a matching report must not keep its users forever.
        if (node.heardAt - (node.returningSince ?? Infinity) > TAKEOVER_MS) return;
        node.leaseUntil = node.heardAt + TAKEOVER_MS;
        peer.beat({
          sequence: message.sequence,
          at: clock.steady(),
          acked: this.#cluster.ackedOf(node),
        });
        return;
      case 'logs':
        this.#log(node, message.records, message.dropped);
        return;
      case 'report':
        this.#reports.take(node, message);
        return;
      case 'leaving':
        // The process repeats this over each connection.
        if (!node.isLeaving) this.#letGo(node);
        return;
      case 'gone':
        // It was not killed for what its users do, so this is no evidence against the scenario.
        this.#watch.lose(node, message.reason, false);
        peer.close('the process has announced its end');
        return;
      case 'blocked':
      case 'unblocked':
        // Only a watchdog reports this, on its own connection.
        return;
    }
  }
}
