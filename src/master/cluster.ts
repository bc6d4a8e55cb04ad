import { assert } from '../lib/assert.ts';
import type { Clock } from '../lib/clock.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import type { LogRecord, NodeInfo, Operation, Params } from '../protocol/messages.ts';
import type { CompiledScenario } from '../scenario/compiler.ts';
import type { NodeEntry } from './node-entry.ts';
import { describeRun } from './journal.ts';
import type { RunJournal } from './journal.ts';
import { NodeRegistry } from './node-registry.ts';
import type { Notice } from './notice.ts';
import type { Run } from './run.ts';
import { Chronicle } from './chronicle.ts';
import type { EventKind, RunObserver } from '../record/types.ts';
import { successors } from './run-state.ts';
import type { RunState } from './run-state.ts';

export type { Notice };

/** Answers that only need a moment: a process that takes longer is blocked. */
export const QUICK_MS = 5000;

/** Reports that a node keeps while the journal cannot be written; below what stops it (`ReportQueue`). */
const MAX_UNSAFE_REPORTS = 48;

/** What a master is made of. */
export interface MasterParts {
  /** `amocLocal` or `amocDist`. */
  name: string;
  clock: Clock;
  /** Compiles a scenario by name. */
  compile: (name: string) => Promise<CompiledScenario>;
  /** Reads the settings file and the environment, at each `do` with what it was given itself. */
  readSources: (call: { scenario: string; settings: Readonly<Record<string, unknown>> }) => {
    file: Record<string, unknown>;
    environment: Record<string, string>;
  };
  /** How many processes should be there before a run starts, and what to say when none is. */
  expected: () => number;
  whenNoNodes: () => string;
  /** How long `do` waits for them. @default 15 s */
  joinMs?: number;
  /** Ends a process that does not answer any more. */
  kill: (node: NodeInfo) => void;
  /** Why a process ends whose connection is gone, where that is known: of processes of this machine. */
  causeOf?: (node: NodeInfo) => string | undefined;
  randomSeed: () => number;
  /** Whether nodes keep their users over a cut connection, as long as their leases go on. @default false */
  leases?: boolean;
  /** Follow the runs: their record on disk, Graphite, and others. */
  observers?: readonly RunObserver[];
  /** amoc's own, for the record of runs. */
  version?: string;
  /** Where the run is kept for the master that comes after this one. */
  journal?: RunJournal;
  notice: (notice: Notice) => void;
  logs: (records: readonly LogRecord[], dropped: number) => void;
}

const eventKinds = { info: 'notice', warn: 'warning', error: 'error' } as const;

/** What the parts of a master share: its nodes, its one run, and the run's state. */
export class Cluster {
  readonly nodes = new NodeRegistry();
  readonly parts: MasterParts;
  readonly #told: (notice: Notice) => void;
  #state: RunState = { is: 'idle' };
  /** Whether the journal was written when it was last to be. */
  #isKept = true;
  run: Run | undefined;

  /** What happens in the run, for whoever follows it. */
  readonly chronicle: Chronicle;

  constructor(parts: MasterParts) {
    this.chronicle = new Chronicle({
      clock: parts.clock,
      observers: parts.observers ?? [],
      notice: parts.notice,
      run: () => this.run,
      nodes: () => this.nodes.all(),
      abort: (why) => this.onAbort(why),
    });
    // What is said of a run is part of what happened in it.
    const notice = (told: Notice): void => {
      this.chronicle.event(eventKinds[told.level], told.text);
      parts.notice(told);
    };
    this.parts = { ...parts, notice };
    this.#told = parts.notice;
  }

  /** Ends the run because a threshold was missed; set by the master. */
  onAbort: (why: string) => void = () => {};

  /** Says something, as an event of its own kind. */
  tell(kind: EventKind, told: Notice, data?: Record<string, unknown>): void {
    this.chronicle.event(kind, told.text, data);
    this.#told(told);
  }

  get state(): RunState {
    return this.#state;
  }

  enter(next: RunState): void {
    assert(successors[this.#state.is].includes(next.is), `${this.#state.is} → ${next.is}`);
    this.#state = next;
  }

  /** Puts what has changed on disk, before anything follows from it. */
  commit(): void {
    const { run } = this;
    if (run === undefined || this.parts.journal === undefined) return;
    this.#isKept = this.parts.journal.save(() => describeRun(run, this.nodes));
    if (!this.#isKept) return;
    for (const node of this.nodes.all()) node.safeReport = node.lastReport;
  }

  /** The last report of a node that a restart of this master would not lose, or would not miss. */
  ackedOf(node: NodeEntry): number {
    const isRunning = this.#state.is === 'running' || this.#state.is === 'stopping';
    if (!isRunning || this.parts.journal === undefined) return node.lastReport;
    if (this.#isKept) return node.safeReport;
    // A node sends no more while it keeps too many: a disk that stays full must not blind the master.
    return Math.max(node.safeReport, node.lastReport - MAX_UNSAFE_REPORTS);
  }

  requireRun(): Run {
    assert(this.run !== undefined, `no run in state ${this.#state.is}`);
    return this.run;
  }

  /** Ends a process that does not answer. What becomes of its users follows from its end. */
  kill(node: NodeEntry): void {
    node.watchdog?.kill();
    this.parts.kill(node.info);
  }

  /** The same for one that has no users to care for; from now on it is not counted on. */
  expel(node: NodeEntry): void {
    this.kill(node);
    this.nodes.remove(node);
    node.peer.close('it does not answer');
  }

  /** Asks something that cannot fail but by the loss of the process, which is noticed elsewhere. */
  ask<O extends Operation>(node: NodeEntry, operation: O, params: Params<O>): void {
    node.peer.request<O>(operation, params, 3_600_000).catch((error: unknown) => {
      if (error instanceof AmocError && (error.code === 'NODE_LOST' || error.code === 'NO_RUN'))
        return;
      this.parts.notice({ level: 'error', text: `${node.name}: ${messageOf(error)}` });
    });
  }
}
