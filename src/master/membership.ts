import { formatMs } from '../lib/duration.ts';
import { AmocError } from '../lib/errors.ts';
import { IdSet } from '../lib/id-set.ts';
import { sha256 } from '../lib/sha256.ts';
import { show } from '../lib/show.ts';
import { plural } from '../lib/words.ts';
import { excess, leastLoaded } from '../placement/placement.ts';
import { TAKEOVER_MS } from '../protocol/lease.ts';
import type {
  LogRecord,
  NodeInfo,
  Refusal,
  ShippedRecord,
  SlaveMessage,
} from '../protocol/messages.ts';
import type { MasterPeer } from '../protocol/peer.ts';
import { QUICK_MS } from './cluster.ts';
import type { Cluster } from './cluster.ts';
import type { Distributor } from './distributor.ts';
import type { RunMemory } from './journal.ts';
import { LOG, NodeEntry } from './node-entry.ts';
import { NodeWatch, undrainHint } from './node-watch.ts';
import { Reports } from './reports.ts';
import { parseThresholds } from '../record/thresholds.ts';
import { defineRun } from './run-definition.ts';
import { restoreRun } from './restore.ts';
import type { Run } from './run.ts';
import type { RunStart } from './run-start.ts';
import { demandRunning } from './run-state.ts';

const EVICTED = 'it was evicted; start it again to let it join';

/** Which processes belong to the cluster: how they join, come back, are emptied and sent away. */
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
        node.peer.close('the run goes on without it; it may join again');
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

  /** Why a process that has proved itself may not join. */
  refusalOf(info: NodeInfo): Refusal | undefined {
    if (this.#evicted.has(info.identity)) return { code: 'EVICTED', reason: EVICTED };
    const known = this.#cluster.nodes.get(info.name);
    if (known === undefined || known.info.identity === info.identity) return undefined;
    if (known.isAway || info.replaces === known.info.identity) return undefined;
    const { host, pid } = known.info;
    const reason = `a node called ${info.name} is here already (on ${host}, process ${pid}); give this one another name`;
    return { code: 'NAME_TAKEN', reason };
  }

  /** Takes in a process that has proved itself. @returns why not, when it is refused */
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
      // Its users may go on for the rest of its lease, though another process has its name now.
      else this.#cluster.nodes.displace(known);
    }
    const node = new NodeEntry(info, peer, this.#cluster.nodes.nextNumber());
    node.heardAt = this.#cluster.parts.clock.monotonic();
    // One that never beats has no lease to speak of: its users must not wait for the end of one.
    node.leaseUntil = node.heardAt + TAKEOVER_MS;
    this.#cluster.nodes.add(node);
    this.#listen(node, peer);
    this.#admitLate(node);
    return undefined;
  }

  /** Goes on with the run of the master before: its nodes have a lease's time to come back. */
  restore(memory: RunMemory): void {
    const { clock, notice } = this.#cluster.parts;
    const run = restoreRun(memory, this.#cluster.nodes, clock);
    this.#cluster.enter({ is: 'starting', scenario: run.scenario });
    this.#cluster.run = run;
    this.#cluster.enter({ is: 'running', scenario: run.scenario });
    for (const node of this.#cluster.nodes.known()) this.#watch.expect(node);
    const { chronicle, nodes } = this.#cluster;
    chronicle.begin(
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
      text: `${run.scenario} goes on: ${plural(run.owners.size, 'user')} on ${plural(this.#cluster.nodes.size, 'process', 'processes')}, which are expected back`,
    });
  }

  /**
   * Evens out the users of the processes: some end their start() where they are, and go on elsewhere.
   *
   * @returns how many begin to move, and after what time those whose start() goes on move by force
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
   * Empties a process, or all of a machine: their users end their start() there and go on elsewhere, and
   * no others come.
   *
   * @returns how many begin to move, and after what time those whose start() goes on move by force
   * @throws {AmocError} `ARGUMENT` when nobody has the name, `NO_NODES` when none is left for the users
   */
  drain(name: unknown): { nodes: string[]; moving: number; withinMs: number } {
    demandRunning(this.#cluster.state, 'drain');
    const run = this.#cluster.requireRun();
    const nodes = this.#reachable('drain', name);
    const others = this.#cluster.nodes.ready().filter((node) => !nodes.includes(node));
    if (others.every(({ isLeaving }) => isLeaving)) {
      const hint = undrainHint(this.#cluster.nodes);
      throw new AmocError('NO_NODES', `drain: no other process is there to take the users${hint}`);
    }
    const moving = this.#empty(run, nodes);
    const names = nodes.map((node) => node.name);
    this.#cluster.chronicle.event('drain', `drain ${names.join(', ')}: ${moving} users move`, {
      nodes: names,
      moving,
    });
    return { nodes: names, moving, withinMs: run.ms('stopTimeout') };
  }

  /**
   * Lets processes that were drained take users again: those that wait for a process at once, others with
   * the next `add` or `rebalance`. Users that were about to move go on moving.
   *
   * @throws {AmocError} `ARGUMENT` when nobody has the name, or none of them is drained or stays
   */
  undrain(name: unknown): { nodes: string[] } {
    demandRunning(this.#cluster.state, 'undrain');
    const run = this.#cluster.requireRun();
    const drained = this.#reachable('undrain', name).filter(({ wasDrained }) => wasDrained);
    const nodes = drained.filter(({ isLeaving }) => !isLeaving);
    if (nodes.length === 0) {
      const why =
        drained.length === 0
          ? `${show(name)} is not drained; nodes() says which are`
          : `${drained.map((node) => node.name).join(', ')} is about to leave, and takes no more users`;
      throw new AmocError('ARGUMENT', `undrain: ${why}`);
    }
    for (const node of nodes) {
      if (node.isInRun) node.wasReady = true;
      node.wasDrained = false;
      if (node.status.is === 'drained') node.status = { is: 'ready' };
    }
    this.#cluster.commit();
    const names = nodes.map((node) => node.name);
    this.#cluster.chronicle.event('undrain', `undrain ${names.join(', ')}`, { nodes: names });
    this.#distributor.pace(run);
    this.#distributor.placeHomeless(run);
    // They were about to leave while nobody could take their users.
    for (const node of this.#cluster.nodes.ready()) if (node.isLeaving) this.#letGo(node);
    return { nodes: names };
  }

  /**
   * Sends a process, or all of a machine, away: its users are stopped there and run elsewhere, and it may
   * not come back under this identity.
   *
   * @throws {AmocError} `ARGUMENT` when nobody has the name
   */
  async evict(name: unknown): Promise<{ nodes: string[]; users: number }> {
    const nodes = this.#reachable('evict', name);
    const run = this.#cluster.run;
    let users = 0;
    for (const node of nodes) {
      this.#evicted.add(node.info.identity);
      if (run !== undefined) {
        users += run.owners.countOf(node.number);
        // Until it says that they are gone, its lease decides.
        try {
          await node.peer.request('discard', { run: run.id }, QUICK_MS);
          this.#watch.lose(node, 'was evicted');
        } catch {
          // Its silence is dealt with as any other.
        }
      } else this.#cluster.nodes.remove(node);
      node.peer.close(EVICTED);
    }
    return { nodes: nodes.map((node) => node.name), users };
  }

  /**
   * The newest lines of log of a process, or of all of a machine, in the order of their times.
   *
   * @throws {AmocError} `ARGUMENT` when nobody has the name
   */
  log(name: unknown): LogRecord[] {
    return this.#named('log', name)
      .flatMap((node) => node.log.all)
      .sort((a, b) => a.time - b.time)
      .slice(-LOG.count);
  }

  /**
   * Takes in the watchdog of a process, in place of the one before.
   *
   * @param key what only that process knows: it named the hash when it joined
   * @returns why not, when it is refused
   */
  watch(info: NodeInfo, peer: MasterPeer, key: string | undefined): string | undefined {
    const node = this.#cluster.nodes.get(info.name);
    const isIts = node?.info.identity === info.identity && node.info.pid === info.pid;
    if (node === undefined || !isIts) return 'no such node';
    if (key === undefined || node.info.watchdog !== sha256(key)) {
      return 'it is not the watchdog of this process';
    }
    node.watchdog?.close('another connection of this watchdog has come');
    node.watchdog = peer;
    peer.onMessage = (message) => {
      if (node.watchdog !== peer) return;
      if (message.type === 'blocked') this.#watch.blocked(node, message);
      else if (message.type === 'beat') {
        // Behind `blocked`, which has kept its users here: now its lease may go on.
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

  /** Takes nothing more of a process that reports what cannot be: its users run elsewhere. */
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
      `${command}: ${show(name)} is no name of a node, as in ${command}('slave1')`,
    );
  }

  /** Those of the name that can be told something now. */
  #reachable(command: string, name: unknown): NodeEntry[] {
    const nodes = this.#named(command, name);
    if (nodes.length > 0) return nodes;
    throw new AmocError(
      'ARGUMENT',
      `${command}: ${show(name)} is out of reach; once its lease has ended its users run elsewhere`,
    );
  }

  #empty(run: Run, nodes: readonly NodeEntry[]): number {
    for (const node of nodes) {
      // One that is about to be set up is drained when it has been.
      if (node.isInRun) node.status = { is: 'drained' };
      node.wasDrained = true;
    }
    this.#distributor.pace(run);
    const users = nodes.map((node) => [node, run.owners.ofNode(node.number).staying] as const);
    return this.#distributor.moveAway(run, new Map(users));
  }

  /** A process is about to end: its users go on elsewhere, and no others come. */
  #letGo(node: NodeEntry): void {
    node.isLeaving = true;
    const { run, state, parts, nodes } = this.#cluster;
    if (run === undefined || state.is !== 'running' || !node.isReady) return;
    const users = plural(run.owners.countOf(node.number), 'user');
    if (nodes.ready().every((each) => each === node || each.isLeaving)) {
      const text = `${node.name} is about to leave, and no other process is there to take its ${users}${undrainHint(nodes)}`;
      parts.notice({ level: 'warn', text });
      return;
    }
    this.#empty(run, [node]);
    const limit = formatMs(run.ms('stopTimeout'));
    const text = `${node.name} is about to leave; its ${users} go on elsewhere, each when its start() ends, or after ${limit}`;
    parts.notice({ level: 'info', text });
  }

  #admitLate(node: NodeEntry): void {
    const { run, state } = this.#cluster;
    if (run === undefined || state.is !== 'running') return;
    void this.#starting.admitLate(run, node).then(() => {
      // It said so while it was set up.
      if (node.isLeaving) this.#letGo(node);
    });
  }

  #listen(node: NodeEntry, peer: MasterPeer): void {
    peer.onMessage = (message) => {
      if (node.peer === peer && node.status.is !== 'away') this.#hear(node, message, peer);
    };
    peer.onClose = (reason) => this.#watch.disconnected(node, peer, reason);
  }

  #log(node: NodeEntry, shipped: readonly ShippedRecord[], dropped: number): void {
    // A line says nothing of where it comes from: it could name another process, or none.
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
        // One that is back for so long without a report that fits must not keep its users for ever.
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
        // It says so again over each connection.
        if (!node.isLeaving) this.#letGo(node);
        return;
      case 'gone':
        // Nobody has killed it for what its users do: that says nothing of the scenario.
        this.#watch.lose(node, message.reason, false);
        peer.close('it has said that it ends');
        return;
      case 'blocked':
      case 'unblocked':
        // Only a watchdog says so, on its own connection.
        return;
    }
  }
}
