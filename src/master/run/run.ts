import { MetricsTotals } from '../../metrics/totals.ts';
import type { Params, Result } from '../../protocol/messages.ts';
import type { PlacementStrategy } from '../../placement/placement.ts';
import type { CompiledScenario } from '../../scenario/bundle.ts';
import type { WindowMemory } from '../../record/window-history.ts';
import type { Json } from '../../scenario/contract.ts';
import { Ledger } from '../users/ledger.ts';
import type { EndedCounts, Owners } from '../users/ledger.ts';
import { Problems } from './problems.ts';
import type { RunFeatures } from './run-features.ts';
import { Saturation } from './saturation.ts';

/** After this many process crashes within {@link CRASH_WINDOW_MS}, their users are not placed again. */
export const MAX_CRASHES = 3;
/** See {@link MAX_CRASHES}. */
export const CRASH_WINDOW_MS = 30_000;

/** Commands at most this far apart are one burst. */
const BURST_MS = 1000;

/** One run of a scenario, as the master holds it. */
export class Run {
  readonly id: string;
  readonly bundle: CompiledScenario;
  readonly seed: number;
  readonly comment: string | undefined;
  readonly placement: PlacementStrategy;
  readonly nodes: readonly string[] | undefined;
  /** The lowest id of the users that the run began with. */
  readonly firstId: number;
  /** User starts per second in the whole cluster, instead of a pace for each machine. */
  rate: number | undefined;
  /** The parameters with which every process of the run is prepared. */
  readonly prepare: Params<'prepare'>;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** The same moment on the monotonic clock. */
  readonly #began: number;
  /** Who has whom, and how many users have ended. */
  readonly ledger = new Ledger();
  readonly totals = new MetricsTotals();
  readonly saturation = new Saturation();
  /** Failures other than those of users. */
  readonly problems = new Problems();
  /** What its users do together. */
  features: RunFeatures | undefined;
  settings: Record<string, string | number | boolean> = {};
  variables: Result<'prepare'>['variables'] = [];
  connectionsPerUser = 1;
  setup: Json | undefined;
  /** As `message_ttd p99` and `< 200ms`. */
  thresholds: Record<string, string> = {};
  /** How those over a window have done, for a master that continues the run. */
  windowMemory: readonly WindowMemory[] = [];
  /** By process: how many values it reported as recorded, and how many arrived. */
  readonly audit = new Map<string, { recorded: number; arrived: number; isLost: boolean }>();
  /** Identities of the processes that were given users: no others have anything to count. */
  readonly served = new Set<string>();
  /** Processes whose reports cannot be true: their figures are left out from then on. */
  readonly distrusted: { node: string; why: string }[] = [];
  paused = false;
  /** The run was resumed from the journal of a previous master. */
  isRestored = false;
  /** No user is started before this moment, after a restart of the master; monotonic. */
  heldUntil = -Infinity;
  /** Whether "all users are running" is still to be announced after the last `do` or `add`. */
  announceRunning = true;
  /** Whether "no users are left" is still to be announced, also when the users were never all present at once. */
  announceEmpty = true;
  /** When the last `do`, `add` or `remove` came. */
  #commandedAt: number;
  /** Whether "all users are running" was announced in the burst to which that command belongs. */
  #isSaidInBurst = false;
  #crashes: number[] = [];

  constructor(parts: {
    prepare: Params<'prepare'>;
    comment: string | undefined;
    placement: PlacementStrategy;
    nodes: readonly string[] | undefined;
    startedAt: number;
    /** The same moment on the monotonic clock. */
    began: number;
    rate?: number | undefined;
    firstId: number;
  }) {
    this.prepare = parts.prepare;
    this.id = parts.prepare.run;
    this.bundle = parts.prepare.scenario;
    this.seed = parts.prepare.seed;
    this.comment = parts.comment;
    this.placement = parts.placement;
    this.nodes = parts.nodes;
    this.startedAt = parts.startedAt;
    this.#began = parts.began;
    this.#commandedAt = parts.began;
    this.rate = parts.rate;
    this.firstId = parts.firstId;
  }

  get scenario(): string {
    return this.bundle.name;
  }

  /** Which process has which user; only the {@link ledger} changes it. */
  get owners(): Owners {
    return this.ledger.owners;
  }

  get ended(): Readonly<EndedCounts> {
    return this.ledger.ended;
  }

  /** Whether the users of a lost process stay with it. */
  get leavesUsers(): boolean {
    return this.settings['onNodeLoss'] === 'leave';
  }

  /** How long the run has lasted; setting the machine's clock does not change it. @param now monotonic */
  lastedMs(now: number): number {
    return now - this.#began;
  }

  /** A moment in epoch milliseconds, by the clock as it was when the run began. @param now monotonic */
  epochAt(now: number): number {
    return Math.round(this.startedAt + this.lastedMs(now));
  }

  /** A resolved setting that is a time, in milliseconds. */
  ms(name: string): number {
    return Number(this.settings[name]);
  }

  /** Notes a command that changes how many users there should be. @param now monotonic */
  commanded(now: number): void {
    if (now - this.#commandedAt > BURST_MS) this.#isSaidInBurst = false;
    this.#commandedAt = now;
  }

  /**
   * Whether "all users are running" may be announced now: once in a burst of commands, and again after it.
   *
   * @param now monotonic
   */
  mayAnnounce(now: number): boolean {
    return !this.#isSaidInBurst || now - this.#commandedAt > BURST_MS;
  }

  /** Notes that "all users are running" was announced. */
  announced(): void {
    this.announceRunning = false;
    this.#isSaidInBurst = true;
  }

  /** New users are about to start: announces again when all are running, and when none are left. */
  expectUsers(): void {
    this.announceRunning = true;
    this.announceEmpty = true;
  }

  /** Notes the crash of a process. @returns whether there were too many crashes */
  crashed(now: number): boolean {
    this.#crashes = [...this.#crashes.filter((at) => now - at < CRASH_WINDOW_MS), now];
    return this.#crashes.length >= MAX_CRASHES;
  }

  /**
   * Notes how much of what a process has recorded has arrived here.
   *
   * @param recorded how many values the process has recorded in this run so far
   * @param arrived how many of them came with this report
   */
  noteArrival(identity: string, recorded: number, arrived: number): void {
    const known = this.audit.get(identity);
    if (known === undefined) {
      // What the process reported to the previous master is in the totals already.
      const before = this.isRestored ? recorded - arrived : 0;
      this.audit.set(identity, { recorded, arrived: before + arrived, isLost: false });
      return;
    }
    known.recorded = Math.max(known.recorded, recorded);
    known.arrived += arrived;
  }
}
