import type { IdSet } from '../../lib/ids/id-set.ts';
import { Recent } from '../../lib/recent.ts';
import type {
  ClockEstimate,
  LogRecord,
  NodeInfo,
  NodeLoad,
  UserCounts,
} from '../../protocol/messages.ts';
import type { MasterPeer } from '../../protocol/peer.ts';
import { connected, isAway, isInRun, isReady, nextState } from './node-state.ts';
import type { NodeInput, NodeState } from './node-state.ts';

/** Log lines of each process that `log(node)` can show. */
export const LOG = { count: 200, characters: 512 * 1024 };

/** A process has changed its role, or whether it can be reached. */
export interface NodeChange {
  readonly node: NodeEntry;
  readonly from: NodeState;
  readonly to: NodeState;
  /** What changed it. */
  readonly input: NodeInput;
}

/** What a journal keeps of a process. */
export interface NodeMemory {
  revision: number;
  lastReport: number;
  unconfirmed: readonly Assignment[];
  state: NodeState;
}

/** Users that were given to a process by the command of that revision. */
export interface Assignment {
  readonly revision: number;
  readonly ids: IdSet;
}

/** Minimum time between two repairs of a process. */
const REPAIR_MS = 2000;

/** One slave process as the master sees it, from its first joining, across cut connections, to its end. */
export class NodeEntry {
  readonly name: string;
  /** The machine's part of the name: `local` of `local/1`. */
  readonly machine: string;
  /** Its number in the owner table; no other known process has it. */
  readonly number: number;
  info: NodeInfo;
  peer: MasterPeer;
  watchdog: MasterPeer | undefined;
  #state: NodeState = connected;
  /** Called after each change of the state; the registry sets it. */
  onChange: (change: NodeChange) => void = () => {};
  /** The process has announced its end: no run counts on it. */
  isLeaving = false;
  users: UserCounts | undefined;
  load: NodeLoad | undefined;
  clock: ClockEstimate | undefined;
  /** Until when it may run its users as far as the master knows, margin included; monotonic. */
  leaseUntil = Infinity;
  /** Since when it has been back without having reported its users, over all connections; monotonic. */
  returningSince: number | undefined;
  /** When the last message of the process came; monotonic. */
  heardAt = 0;
  /** Cancels what is scheduled for the end of its lease. */
  cancelExpiry: () => void = () => {};
  /** The last report that was taken in. */
  lastReport = 0;
  /** The last report whose effects are on disk. */
  safeReport = 0;
  /** Assignments that its reports do not cover yet, the oldest first. */
  #unconfirmed: readonly Assignment[] = [];
  /** How many users it was given in this run whose end it has not reported; see {@link mostUsers}. */
  #outstanding = 0;
  #revision = 0;
  #repairedAt = -Infinity;
  /** Reports of a lower revision may be older than this master's journal. */
  provenFrom = 0;
  /** Such a report named ended users, and came after the process was told which users it should have. */
  isUnproven = false;
  /** When its load was last checked for saturation. */
  loadNotedAt = -Infinity;
  /** Since when its reports have been behind the commands. */
  behindSince: number | undefined;
  /** Whether it was reported that its figures are left out. */
  isLeftOut = false;
  /** Its newest log lines. */
  readonly log = new Recent<LogRecord>(LOG);
  constructor(info: NodeInfo, peer: MasterPeer, number: number, memory?: NodeMemory) {
    this.name = info.name;
    this.machine = machineOf(info.name);
    this.info = info;
    this.peer = peer;
    this.number = number;
    if (memory === undefined) return;
    this.#state = memory.state;
    this.#revision = memory.revision;
    this.#unconfirmed = memory.unconfirmed;
    this.lastReport = memory.lastReport;
    this.safeReport = memory.lastReport;
  }

  get state(): NodeState {
    return this.#state;
  }

  /** Applies an input; {@link nextState} says what follows. */
  apply(input: NodeInput): void {
    const from = this.#state;
    const to = nextState(from, input);
    this.#state = to;
    if (from.role === to.role && from.reach === to.reach) return;
    this.onChange({ node: this, from, to, input });
  }

  /** Whether it takes users and commands now. */
  get isReady(): boolean {
    return isReady(this.#state);
  }

  /** Whether users of the run may be in it. */
  get isInRun(): boolean {
    return isInRun(this.#state);
  }

  /** Whether it cannot be told anything now. */
  get isAway(): boolean {
    return isAway(this.#state);
  }

  get revision(): number {
    return this.#revision;
  }

  /** Continues from the revision that the process reports: a journal may be older than the last commands. */
  hasHad(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
  }

  /** The number of the next command. */
  nextRevision(): number {
    return ++this.#revision;
  }

  /** A run begins in the process: it has no users. */
  beginRun(): void {
    this.#outstanding = 0;
  }

  /** The most users that it can have now, or report the end of: a report of more is not true. */
  get mostUsers(): number {
    return this.#outstanding;
  }

  /** Notes users that it may start, or must report the end of, from now on. */
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

  /** Assignments that its reports do not cover yet. */
  get unconfirmed(): readonly Assignment[] {
    return this.#unconfirmed;
  }

  /** Notes that its reports cover the commands up to `revision`. */
  covered(revision: number): void {
    this.#unconfirmed = this.#unconfirmed.filter((each) => each.revision > revision);
  }

  /** Those of `ids` that its reports do not show to be given to it again; see {@link covered}. */
  notGivenSince(ids: IdSet): IdSet {
    return this.#unconfirmed.reduce((left, each) => left.difference(each.ids), ids);
  }

  /** Whether a difference may be repaired now: only after the last repair can have taken effect. */
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
