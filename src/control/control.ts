import type { Rate } from '../lib/time/rate.ts';
import type { RunEvent, RunObserver, RunResult } from '../record/types.ts';
import type { Verdict } from '../record/verdict.ts';
import type {
  DoOptions,
  ForceOptions,
  RemoveWhat,
  TargetOptions,
  UsersOptions,
} from './requests.ts';
import type {
  AddResult,
  CompileResult,
  DoResult,
  DrainResult,
  EvictResult,
  LogEntry,
  MovesResult,
  PingResult,
  RateResult,
  RemoveResult,
  StopResult,
  TargetResult,
  TraceResult,
} from './results.ts';
import type {
  MetricsView,
  NodeView,
  RunState,
  SettingsView,
  StatusView,
  Trend,
  UserListing,
  Vocabulary,
} from './views.ts';

/**
 * All that can be asked of a cluster: what consoles, `amoc run` and nodes use, and nothing below it.
 *
 * Requests are typed: the code that takes them from outside checks them (`src/commands`). Requests and results
 * are plain JSON. A command takes effect in the order of the calls; those that need a running scenario throw
 * `NO_RUN` in other states.
 */
export interface Control {
  /** `amocLocal` or `amocDist`. */
  readonly name: string;
  readonly state: RunState;

  /**
   * Compiles a scenario, and starts nothing.
   *
   * @throws {AmocError} `SCENARIO`, `COMPILE`
   */
  compile(scenario: string): Promise<CompileResult>;

  /**
   * Starts a scenario for the users `from..to`, both included.
   *
   * @throws {AmocError} `BUSY` during a run, `NO_NODES`, and what compiling and starting throw
   */
  do(scenario: string, from: number, to: number, options?: DoOptions): Promise<DoResult>;

  /**
   * Adds the next `count` users. Their ids follow the highest id that is present or has ended by itself; ids
   * that were removed are used again.
   */
  add(count: number): Promise<AddResult>;

  /** Removes the users with the highest ids, or those with the given ids. */
  remove(what: RemoveWhat, options?: ForceOptions): Promise<RemoveResult>;

  /**
   * Brings the run to a number of users: adds the missing ones, with the lowest ids of the run that no user
   * has, or removes the highest ones gently. Users that are leaving already do not count. A second call with
   * the same number does nothing.
   */
  setTarget(users: number, options?: TargetOptions): Promise<TargetResult>;

  /**
   * Sets how many users start per second in the whole cluster, also for users that wait to be started. It
   * replaces the pace that `interarrival` gives each machine. A second call with the same rate does nothing.
   */
  setRate(rate: Rate): Promise<RateResult>;

  /**
   * Ends the run: gently, then by force after `stopTimeout`. If the run is ending already, the result is the
   * same; with `force` it comes at once.
   */
  stop(options?: ForceOptions): Promise<StopResult>;

  /** While a run stops gently: removes the remaining users by force. */
  forceStop(): void;

  /** Stops starting users; users that run continue. */
  pause(): void;

  /** Lets users start again. */
  resume(): void;

  /** Changes settings of the running test, in all processes or in none. @returns the changed settings */
  update(
    change: Readonly<Record<string, unknown>>,
  ): Promise<Record<string, string | number | boolean>>;

  /** The current state, with fresh counts from every process that answers in time. */
  status(): Promise<StatusView>;

  /** The processes, with fresh figures. */
  listNodes(): Promise<NodeView[]>;

  /** Individual users, the lowest ids first, and the kinds of errors. */
  users(options?: UsersOptions): Promise<UserListing>;

  /** Everything counted in the run so far; after the run, in that run. */
  metrics(): Promise<MetricsView>;

  /** The settings of the run. */
  settings(): SettingsView;

  /** What happened in the current run, or in the last one; the oldest first. */
  readonly events: readonly RunEvent[];

  /** The last minutes of the run, second by second. */
  readonly trend: readonly Trend[];

  /** The verdicts of the thresholds on the run so far. */
  verdicts(): Verdict[];

  /** The result of the last run; `undefined` while one runs, and before the first. */
  readonly lastResult: RunResult | undefined;

  /**
   * Shows what one user sends and receives in the log, or stops that.
   *
   * @param on the opposite of the current state when left out
   */
  trace(id: number, on?: boolean): Promise<TraceResult>;

  /** Round trips to all processes. */
  ping(): Promise<PingResult[]>;

  /**
   * The newest log lines of a process, or of all processes of a machine, in the order of their times.
   *
   * @throws {AmocError} `ARGUMENT` when no process has the name; so do the commands below
   */
  log(node: string): LogEntry[];

  /** Sets the level of the scenarios' logs in all processes. */
  logLevel(level: string): Promise<void>;

  /** Evens out the users of the processes. */
  rebalance(): MovesResult;

  /** Empties a process, or all processes of a machine, gently. @throws {AmocError} `NO_NODES`, `ARGUMENT` */
  drain(node: string): DrainResult;

  /** Lets processes that were drained take users again. */
  undrain(node: string): { nodes: string[] };

  /** Sends a process, or all processes of a machine, away at once. */
  evict(node: string): Promise<EvictResult>;

  /** The names that can be typed now; costs no message. */
  vocabulary(): Vocabulary;

  /**
   * Follows the runs from now on. During a run, `started` is called at once.
   *
   * @returns ends it; a second call does nothing
   */
  subscribe(observer: Partial<RunObserver>): () => void;
}
