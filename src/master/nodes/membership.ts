import { sha256 } from '../../lib/ids/sha256.ts';
import { plural } from '../../lib/text/plural.ts';
import { leastLoaded } from '../../placement/placement.ts';
import { TAKEOVER_MS } from '../../protocol/lease.ts';
import type { NodeInfo, Refusal } from '../../protocol/messages.ts';
import type { MasterPeer } from '../../protocol/peer.ts';
import type { MasterContext } from '../context.ts';
import type { Distributor } from '../users/distributor.ts';
import type { RunMemory } from '../run/journal.ts';
import { NodeCommands } from './node-commands.ts';
import { NodeEntry } from './node-entry.ts';
import { NodeLink } from './node-link.ts';
import { NodeWatch } from './node-watch.ts';
import { Reports } from '../users/reports.ts';
import { parseThresholds } from '../../record/thresholds.ts';
import { defineRun } from '../run/run-definition.ts';
import { restoreRun } from '../run/restore.ts';
import type { Run } from '../run/run.ts';
import type { RunStart } from '../run/run-start.ts';

const EVICTED = 'it was evicted; start it again to let it join';

/** Decides which processes belong to the cluster: how they join, come back and are sent away. */
export class Membership {
  readonly #context: MasterContext;
  readonly #starting: RunStart;
  readonly #watch: NodeWatch;
  readonly #link: NodeLink;
  readonly #evicted = new Set<string>();
  /** The commands about processes that belong to the cluster. */
  readonly commands: NodeCommands;

  constructor(context: MasterContext, distributor: Distributor, starting: RunStart) {
    this.#context = context;
    this.#starting = starting;
    this.#watch = new NodeWatch(context, distributor);
    this.commands = new NodeCommands(context, distributor, {
      banish: (node) => void this.#evicted.add(node.info.identity),
      dismiss: (node) => node.peer.close(EVICTED),
      lose: (node, why) => this.#watch.lose(node, why),
    });
    const reports = new Reports(context, {
      returned: (run, node) => {
        this.#watch.returned(run, node);
        if (node.isLeaving) this.commands.leave(node);
      },
      forgotten: (node) => {
        this.#watch.lose(node, 'it does not have the run any more');
        node.peer.close('the run continues without it; it may join again');
      },
      placeUnplaced: (run) => distributor.placeUnplaced(run),
      repair: (run, node) => distributor.repair(run, node),
      distrust: (run, node, why) => this.#distrust(run, node, why),
      move: (run, ids) => distributor.place(run, ids, leastLoaded, run.ms('recovery')),
    });
    this.#link = new NodeLink(context, {
      report: (node, report) => reports.ingest(node, report),
      leaving: (node) => {
        if (!node.isLeaving) this.commands.leave(node);
      },
      // It was not killed for what its users do, so this is no evidence against the scenario.
      gone: (node, reason) => this.#watch.lose(node, reason, false),
      disconnected: (node, peer, reason) => this.#watch.disconnected(node, peer, reason),
    });
  }

  /** Looks for processes that have been silent for too long. */
  check(): void {
    this.#watch.check();
  }

  /** Why a process that knows the cookie may not join; `undefined` when it may. */
  refusalOf(info: NodeInfo): Refusal | undefined {
    if (this.#evicted.has(info.identity)) return { code: 'EVICTED', reason: EVICTED };
    const known = this.#context.nodes.get(info.name);
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
    const known = this.#context.nodes.get(info.name);
    if (known !== undefined && known.info.identity === info.identity) {
      this.#watch.attach(known, info, peer);
      this.#link.listen(known, peer);
      if (!known.isInRun) this.#admitLate(known);
      return undefined;
    }
    if (known !== undefined) {
      if (info.replaces === known.info.identity)
        this.#watch.lose(known, info.ended ?? 'its process has ended', true);
      // The old process may run its users until its lease ends, although a new one takes its name.
      else this.#context.nodes.supersede(known);
    }
    const node = new NodeEntry(info, peer, this.#context.nodes.nextNumber());
    node.heardAt = this.#context.parts.clock.monotonic();
    // A process that never sends a beat needs a lease that ends, too: its users must not wait forever.
    node.leaseUntil = node.heardAt + TAKEOVER_MS;
    this.#context.nodes.add(node);
    this.#link.listen(node, peer);
    this.#admitLate(node);
    return undefined;
  }

  /** Resumes the run of the previous master: its processes have the length of a lease to come back. */
  restore(memory: RunMemory): void {
    const { clock, notice } = this.#context.parts;
    const run = restoreRun(memory, this.#context.nodes, clock);
    this.#context.enter({ is: 'starting', scenario: run.scenario });
    this.#context.begin(run);
    run.features?.restore(memory.features ?? {});
    this.#context.enter({ is: 'running', scenario: run.scenario });
    for (const node of this.#context.nodes.known()) this.#watch.expect(node);
    const { chronicle, nodes } = this.#context;
    chronicle.begin(
      run,
      defineRun(
        run,
        run.owners.highestStaying(run.owners.size),
        this.#context.parts,
        nodes.known(),
      ),
      parseThresholds(run.thresholds),
    );
    notice({
      level: 'info',
      text: `${run.scenario} resumed: waiting for ${plural(this.#context.nodes.size, 'process', 'processes')} with ${plural(run.owners.size, 'user')} to reconnect`,
    });
  }

  /**
   * Takes in the watchdog of a process, in place of the previous one.
   *
   * @param key a secret that only that process knows; it sent the hash of the secret when it joined
   * @returns the reason when the watchdog is refused
   */
  watch(info: NodeInfo, peer: MasterPeer, key: string | undefined): string | undefined {
    const node = this.#context.nodes.get(info.name);
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
        const { clock } = this.#context.parts;
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
    this.#context.tell('error', { level: 'error', text }, { node: node.name });
    this.#evicted.add(node.info.identity);
    node.peer.close(EVICTED);
  }

  #admitLate(node: NodeEntry): void {
    const { run, state } = this.#context;
    if (run === undefined || state.is !== 'running') return;
    void this.#starting.admitLate(run, node).then(() => {
      // It announced its end while it was being set up.
      if (node.isLeaving) this.commands.leave(node);
    });
  }
}
