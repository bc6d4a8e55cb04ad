import type { DriverView } from '../drivers/mod.ts';
import type { Feature } from '../features/feature.ts';
import { assert } from '../lib/assert.ts';
import type { Clock } from '../lib/time/clock.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import type { LogRecord, NodeInfo, Operation, Params } from '../protocol/messages.ts';
import type { CompiledScenario } from '../scenario/bundle.ts';
import type { NodeChange, NodeEntry } from './nodes/node-entry.ts';
import { describeChange } from './nodes/node-events.ts';
import { describeRun } from './run/journal.ts';
import type { RunJournal } from './run/journal.ts';
import { NodeRegistry } from './nodes/node-registry.ts';
import type { Notice } from '../control/notice.ts';
import type { Run } from './run/run.ts';
import { Chronicle } from './run/chronicle.ts';
import type { EventKind } from '../record/event.ts';
import type { RunObserver } from '../record/observer.ts';
import { RunFeatures } from './run/run-features.ts';
import { successors } from './run/run-state.ts';
import type { RunState } from './run/run-state.ts';

export type { Notice };

/** Time limit for requests that a healthy process answers at once. */
export const QUICK_MS = 5000;

/** Reports that a process keeps while the journal cannot be written; fewer than stop it (`ReportQueue`). */
const MAX_UNSAFE_REPORTS = 48;

/** What a master is made of. */
export interface MasterParts {
  /** `amocLocal` or `amocDist`. */
  name: string;
  clock: Clock;
  /** Compiles a scenario by name. */
  compile: (name: string) => Promise<CompiledScenario>;
  /** Reads the settings file and the environment, at each `do`; `call` is what `do` itself was given. */
  readSources: (call: { scenario: string; settings: Readonly<Record<string, unknown>> }) => {
    file: Record<string, unknown>;
    environment: Record<string, string>;
  };
  /** How many processes should have joined before a run starts, and what to say when none has. */
  expected: () => number;
  whenNoNodes: () => string;
  /** How long `do` waits for them. @default 15 s */
  joinMs?: number;
  /** Ends a process that does not answer any more. */
  kill: (node: NodeInfo) => void;
  /** Why a process whose connection is gone has ended, where known: only for processes of this machine. */
  causeOf?: (node: NodeInfo) => string | undefined;
  randomSeed: () => number;
  /** Whether processes keep their users over a cut connection, until their leases end. @default false */
  leases?: boolean;
  /** They follow the runs: the record on disk, Graphite, and others. */
  observers?: readonly RunObserver[];
  /** The protocols that users can speak. @default none */
  drivers?: readonly DriverView[];
  /** What the users of a run can do together. @default nothing */
  features?: readonly Feature[];
  /** The version of amoc, for the record of runs. */
  version?: string;
  /** Where the run is saved for a restarted master. */
  journal?: RunJournal;
  /** Whether each commit checks who has whom user by user, which costs O(ids): for tests. @default false */
  checksUsers?: boolean;
  notice: (notice: Notice) => void;
  logs: (records: readonly LogRecord[], dropped: number) => void;
}

const eventKinds = { info: 'notice', warn: 'warning', error: 'error' } as const;

/** What the parts of a master share: its processes, its one run, and the run's state. */
export class MasterContext {
  readonly nodes = new NodeRegistry();
  readonly parts: MasterParts;
  readonly #told: (notice: Notice) => void;
  #state: RunState = { is: 'idle' };
  /** Whether the last attempt to write the journal succeeded. */
  #isKept = true;
  run: Run | undefined;

  /** Reports what happens in the run to its observers. */
  readonly chronicle: Chronicle;

  constructor(parts: MasterParts) {
    this.chronicle = new Chronicle({
      clock: parts.clock,
      observers: parts.observers ?? [],
      drivers: parts.drivers ?? [],
      notice: parts.notice,
      run: () => this.run,
      isRunning: () => this.#state.is === 'running',
      nodes: () => this.nodes.all(),
      abort: (why) => this.onAbort(why),
    });
    // A notice about a run is also an event of the run.
    const notice = (told: Notice): void => {
      this.chronicle.event(eventKinds[told.level], told.text);
      parts.notice(told);
    };
    this.parts = { ...parts, notice };
    this.#told = parts.notice;
    this.nodes.onChange((change) => this.run?.features?.nodeChanged(change));
    this.nodes.onChange((change) => this.#tellChange(change));
  }

  /** Ends the run because a threshold was missed; set by the master. */
  onAbort: (why: string) => void = () => {};

  /** Shows a notice, which is recorded as an event of the given kind. */
  tell(kind: EventKind, told: Notice, data?: Record<string, unknown>): void {
    this.chronicle.event(kind, told.text, data);
    this.#told(told);
  }

  /** Changes of processes are events of the run; most of them are shown as well. */
  #tellChange(change: NodeChange): void {
    if (change.to.reach === 'gone') this.chronicle.forget(change.node.name);
    const begun = this.chronicle.definition === undefined ? undefined : this.run;
    const isRunning = this.#state.is === 'running';
    const event = describeChange(change, begun, this.parts.clock.monotonic(), isRunning);
    if (event === undefined) return;
    const data = { node: change.node.name };
    const { kind, level, text } = event;
    if (level === undefined) this.chronicle.event(kind, text, data);
    else this.tell(kind, { level, text }, data);
  }

  get state(): RunState {
    return this.#state;
  }

  enter(next: RunState): void {
    assert(successors[this.#state.is].includes(next.is), `${this.#state.is} → ${next.is}`);
    this.#state = next;
  }

  /** Makes a run the current one, with its features. */
  begin(run: Run): void {
    const { clock, features = [] } = this.parts;
    run.features = new RunFeatures(features, {
      run: run.id,
      clock,
      nodes: () => this.nodes.known(),
      commit: () => this.commit(),
      heldMs: () => Math.max(0, run.heldUntil - clock.monotonic()),
    });
    this.run = run;
  }

  /** Writes changes to disk before they take effect. */
  commit(): void {
    const { run } = this;
    if (run === undefined) return;
    run.ledger.check(this.parts.checksUsers === true);
    if (this.parts.journal === undefined) return;
    this.#isKept = this.parts.journal.save(() => describeRun(run, this.nodes));
    if (!this.#isKept) return;
    for (const node of this.nodes.all()) node.safeReport = node.lastReport;
  }

  /** The last report of a process that need not be sent again, even if this master restarts. */
  ackedOf(node: NodeEntry): number {
    const isRunning = this.#state.is === 'running' || this.#state.is === 'stopping';
    if (!isRunning || this.parts.journal === undefined) return node.lastReport;
    if (this.#isKept) return node.safeReport;
    // A process stops sending when it keeps too many: a disk that stays full must not blind the master.
    return Math.max(node.safeReport, node.lastReport - MAX_UNSAFE_REPORTS);
  }

  requireRun(): Run {
    assert(this.run !== undefined, `no run in state ${this.#state.is}`);
    return this.run;
  }

  /** Ends a process that does not answer. Its users are dealt with when its end is noticed. */
  kill(node: NodeEntry): void {
    node.watchdog?.kill();
    this.parts.kill(node.info);
  }

  /** Ends a process that does not answer and has no users of the run, and removes it from the cluster. */
  expel(node: NodeEntry): void {
    this.kill(node);
    this.nodes.remove(node);
    node.peer.close('it does not answer');
  }

  /** Sends a request that fails only when the process is lost, which is noticed elsewhere. */
  ask<O extends Operation>(node: NodeEntry, operation: O, params: Params<O>): void {
    node.peer.request<O>(operation, params, 3_600_000).catch((error: unknown) => {
      if (error instanceof AmocError && (error.code === 'NODE_LOST' || error.code === 'NO_RUN'))
        return;
      this.parts.notice({ level: 'error', text: `${node.name}: ${messageOf(error)}` });
    });
  }
}
