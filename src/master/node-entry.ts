import { IdSet } from '../lib/id-set.ts';
import { Recent } from '../lib/recent.ts';
import type {
  ClockEstimate,
  LogRecord,
  NodeInfo,
  NodeLoad,
  StackFrame,
  UserCounts,
} from '../protocol/messages.ts';
import type { MasterPeer } from '../protocol/peer.ts';

/** Lines of each node that `log(node)` can show. */
export const LOG = { count: 200, characters: 512 * 1024 };

/** What is known of a slave process. */
export type NodeStatus =
  /** Connected; no run's scenario is in it. */
  | { readonly is: 'connected' }
  /** Ready for users of the run. */
  | { readonly is: 'ready' }
  /** Takes no more users; those that it had have moved or are about to end. */
  | { readonly is: 'drained' }
  /** Its event loop stands still, since `forMs` before `at`. */
  | { readonly is: 'blocked'; readonly forMs: number; readonly frames: readonly StackFrame[] }
  /** Out of reach since then, on the monotonic clock; its users may still run there. */
  | { readonly is: 'away'; readonly since: number }
  /** Connected again; what it has is about to be compared with what it should have. */
  | { readonly is: 'returning'; readonly since: number };

/** What a journal keeps of a node. */
export interface NodeMemory {
  revision: number;
  lastReport: number;
  forced: readonly IdSet[];
  unconfirmed: readonly Assignment[];
}

/** Users that were given to a node by its command of that revision. */
export interface Assignment {
  readonly revision: number;
  readonly ids: IdSet;
}

/** Differences between what a process has and what it should have are put right at most so often. */
const REPAIR_MS = 2000;

/** One slave process, as the master sees it: from its first joining, over cut connections, to its end. */
export class NodeEntry {
  readonly name: string;
  /** The machine's part of the name: `local` of `local/1`. */
  readonly machine: string;
  /** Its number in the owner table; no other node that is known has it. */
  readonly number: number;
  info: NodeInfo;
  peer: MasterPeer;
  watchdog: MasterPeer | undefined;
  status: NodeStatus = { is: 'connected' };
  /** It has said that it is about to end: no run counts on it. */
  isLeaving = false;
  /** It was emptied in this run, which a cut connection does not undo. */
  wasDrained = false;
  /** What `status` goes back to when the loop turns again. */
  wasReady = false;
  users: UserCounts | undefined;
  load: NodeLoad | undefined;
  clock: ClockEstimate | undefined;
  /** Until when it may run its users as far as the master knows, margin included; monotonic. */
  leaseUntil = Infinity;
  /** Since when it has been back without having said whom it has, over all its connections; monotonic. */
  returningSince: number | undefined;
  /** When it was last heard of; monotonic. */
  heardAt = 0;
  /** Plans what happens when it stays away. */
  cancelExpiry: () => void = () => {};
  /** The last report that was taken in. */
  lastReport = 0;
  /** The last report whose effects are on disk. */
  safeReport = 0;
  /** Assignments that its reports do not cover yet, the oldest first. */
  #unconfirmed: readonly Assignment[] = [];
  /** Removals by force that no report covers, the oldest first; a user can be in several. */
  #forced: readonly IdSet[] = [];
  /** Users that it was given in this run and whose end it has not reported, in all; for the bound below. */
  #outstanding = 0;
  #revision = 0;
  #repairedAt = -Infinity;
  /** Reports of a lower revision may be of before what this master's journal tells of the process. */
  provenFrom = 0;
  /** Such a report told who has ended, and came after the process was told whom it should have. */
  isUnproven = false;
  /** Users that run elsewhere as soon as their start() here has ended. */
  moving = IdSet.empty;
  /** When its load was last looked at for saturation. */
  loadNotedAt = -Infinity;
  /** Since when its reports have been behind the commands. */
  behindSince: number | undefined;
  /** That its figures are left out was told. */
  isLeftOut = false;
  /** Its newest lines of log. */
  readonly log = new Recent<LogRecord>(LOG);
  /** Told when the process stops answering, for whoever waits for it. */
  onBlocked: () => void = () => {};

  constructor(info: NodeInfo, peer: MasterPeer, number: number, memory?: NodeMemory) {
    this.name = info.name;
    this.machine = machineOf(info.name);
    this.info = info;
    this.peer = peer;
    this.number = number;
    if (memory === undefined) return;
    this.#revision = memory.revision;
    this.#forced = memory.forced;
    this.#unconfirmed = memory.unconfirmed;
    this.lastReport = memory.lastReport;
    this.safeReport = memory.lastReport;
  }

  /** Whether it takes users and commands now. */
  get isReady(): boolean {
    return this.status.is === 'ready' || (this.status.is === 'blocked' && this.wasReady);
  }

  /** Whether users of the run may be in it. */
  get isInRun(): boolean {
    const isBlocked = this.status.is === 'blocked';
    return (
      this.isReady || this.isAway || this.status.is === 'drained' || (isBlocked && this.wasDrained)
    );
  }

  /** Whether it cannot be told anything now. */
  get isAway(): boolean {
    return this.status.is === 'away' || this.status.is === 'returning';
  }

  get revision(): number {
    return this.#revision;
  }

  /** Goes on from what the process says that it has had: a journal may be older than its commands. */
  hasHad(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
  }

  /** The number of the next command. */
  nextRevision(): number {
    return ++this.#revision;
  }

  /** A run begins in it: it has nobody. */
  beginRun(): void {
    this.#outstanding = 0;
  }

  /** Users that it can have now, and report the end of, at most: a report of more is not true. */
  get mostUsers(): number {
    return this.#outstanding;
  }

  /** Notes users that it may start, or has to report the end of, from now on. */
  mayHave(users: number): void {
    this.#outstanding += users;
  }

  /** Notes the ends that it has reported. */
  reportedEnds(users: number): void {
    this.#outstanding -= users;
  }

  /** Notes an assignment. @returns its revision */
  assigned(ids: IdSet): number {
    this.mayHave(ids.size);
    this.#unconfirmed = [...this.#unconfirmed, { revision: ++this.#revision, ids }];
    return this.#revision;
  }

  /** Notes a removal by force: its report is still to come. */
  forced(ids: IdSet): void {
    this.#forced = [...this.#forced, ids];
  }

  /** Users that were removed by force and whose end has not been reported. */
  get unconfirmedForced(): IdSet {
    return this.#forced.reduce((all, batch) => all.union(batch), IdSet.empty);
  }

  /** How many removals those are. */
  get unconfirmedRemovals(): number {
    return this.#forced.reduce((sum, { size }) => sum + size, 0);
  }

  /** Assignments that its reports do not cover yet. */
  get unconfirmed(): readonly Assignment[] {
    return this.#unconfirmed;
  }

  get forcedBatches(): readonly IdSet[] {
    return this.#forced;
  }

  /** Notes whose end was reported, whether they have been started again or not. */
  confirmForced(ids: IdSet): void {
    if (this.#forced.length === 0) return;
    let left = ids;
    this.#forced = this.#forced
      .map((batch) => {
        const ended = batch.intersection(left);
        left = left.difference(ended);
        return batch.difference(ended);
      })
      .filter(({ size }) => size > 0);
  }

  /** Those of `ids`, gone as of `revision`, that were not given to it anew since. */
  confirmGone(ids: IdSet, revision: number): IdSet {
    this.#unconfirmed = this.#unconfirmed.filter((each) => each.revision > revision);
    return this.#unconfirmed.reduce((gone, each) => gone.difference(each.ids), ids);
  }

  /** Whether a difference may be put right now: not again before the last repair can have taken effect. */
  mayRepair(now: number): boolean {
    if (now - this.#repairedAt < REPAIR_MS) return false;
    this.#repairedAt = now;
    return true;
  }
}

/** `slave1` of `slave1/2`. */
export function machineOf(name: string): string {
  const slash = name.lastIndexOf('/');
  return slash < 0 ? name : name.slice(0, slash);
}
