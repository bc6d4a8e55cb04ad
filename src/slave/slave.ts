import type { Logger } from 'pino';
import type { LoadedDriver } from '../drivers/driver.ts';
import { sleep } from '../lib/time/async.ts';
import { every } from '../lib/time/clock.ts';
import type { Cancel, Clock } from '../lib/time/clock.ts';
import { ClockSteps } from '../lib/time/clock-steps.ts';
import { AmocError, errorName, messageOf, stackOf } from '../lib/errors.ts';
import { IdSet } from '../lib/ids/id-set.ts';
import { MetricsRegistry } from '../metrics/metrics.ts';
import type { ClockEstimate, NodeLoad, Params, Result } from '../protocol/messages.ts';
import { SlavePeer } from '../protocol/peer.ts';
import type { Handlers } from '../protocol/peer.ts';
import type { Transport } from '../protocol/transport.ts';
import { checkScenario } from '../scenario/contract.ts';
import type { Bundle } from '../scenario/bundle.ts';
import type { UserPool } from '../users/user-pool.ts';
import type { User } from '../users/user.ts';
import { Collector } from './collector.ts';
import { takeFigures } from './figures.ts';
import { Link } from './link.ts';
import { ReportQueue } from './report-queue.ts';
import { SlaveRun } from './run.ts';
import { scenarioLine } from './scenario-log.ts';

const REPORT_MS = 1000;
/** Ends of users, and the end of their starting, are reported sooner than the rest. */
const ENDED_MS = 50;
/** Poll interval of a process that leaves: have its users moved, is its last report acknowledged? */
const LOOK_MS = 100;
const REPEATED_ERRORS_MS = 5000;

/** What a slave needs from its process. */
export interface SlaveParts {
  name: string;
  clock: Clock;
  logger: Logger;
  /** The protocols that users can speak. */
  drivers: readonly LoadedDriver[];
  /** Sends the waiting log lines, so that the reason for an end is logged before the end is reported. */
  shipLogs?: () => void;
  /** Creates a scenario's module from its compiled files. */
  load: (bundle: Bundle) => Promise<Record<string, unknown>>;
  readLoad: () => NodeLoad;
  /** Where the process itself records its measurements; a registry of its own when left out. */
  metrics?: MetricsRegistry;
  /** Frees garbage; left out where others live in the process. */
  collectGarbage?: () => void;
  /** Whether it keeps its users over a lost connection, until its lease ends. */
  leased?: boolean;
  /** Called with a better estimate of the master's clock. */
  onClock?: (estimate: ClockEstimate) => void;
  /** Called when the right to the users ends at another time, on the monotonic clock. */
  onLease?: (until: number) => void;
  /** Until when the watchdog has kept that right while the event loop was blocked, on the monotonic clock. */
  keptUntil?: () => number;
}

/** One slave process: does what its master asks for, and reports. */
export class Slave {
  readonly #parts: SlaveParts;
  readonly #metrics: MetricsRegistry;
  readonly #cancels: Cancel[];
  readonly #steps: ClockSteps;
  readonly #reports = new ReportQueue();
  readonly #link: Link;
  readonly #collector: Collector | undefined;
  #peer: SlavePeer | undefined;
  #run: SlaveRun | undefined;
  /** Since when there has been no connection. */
  #lostAt: number | undefined;
  /** The process has been told to end, and says so to each master that it meets. */
  #isLeaving = false;
  #wasStarting = false;
  #cancelWatch: Cancel | undefined;
  /** The revision of the last assignment. */
  #revision = 0;
  /** No user is started before a master has answered after this moment; monotonic. */
  #heldUntil: number | undefined;

  constructor(parts: SlaveParts) {
    this.#parts = parts;
    const { clock } = parts;
    this.#steps = new ClockSteps(clock);
    this.#metrics = parts.metrics ?? new MetricsRegistry();
    this.#link = new Link({
      clock,
      leased: parts.leased ?? false,
      onLeaseEnd: () => this.#loseUsers('the lease of this process has ended'),
      onAcked: (sequence) => {
        if (this.#reports.acked(sequence)) this.#resend();
        this.#releaseHeld();
      },
      onClock: (estimate) => parts.onClock?.(estimate),
      onLease: (until) => parts.onLease?.(until),
      ...(parts.keptUntil === undefined ? {} : { keptUntil: parts.keptUntil }),
    });
    const { collectGarbage } = parts;
    const sessions = (): number => this.#run?.openConnections ?? 0;
    this.#collector = collectGarbage && new Collector({ clock, sessions, collect: collectGarbage });
    this.#cancels = [
      every(clock, REPORT_MS, () => this.#tick()),
      every(clock, REPEATED_ERRORS_MS, () => this.#run?.tellRepeatedErrors()),
    ];
  }

  /** Serves a master over an authenticated connection. */
  serve(transport: Transport): SlavePeer {
    const peer = new SlavePeer(transport, this.#handlers());
    this.#peer = peer;
    this.#lostAt = undefined;
    this.#resend();
    this.#report(true);
    // After the report, with which a restarted master takes the users in.
    this.#sayLeaving();
    this.#link.attach(peer);
    return peer;
  }

  /** The connection is gone; the users continue as long as the lease lasts. */
  disconnected(): void {
    this.#peer = undefined;
    this.#lostAt = this.#parts.clock.monotonic();
    this.#link.detach();
  }

  /** The master's address refused a connection that was tried at `dialledAt`, on the monotonic clock. */
  refused(dialledAt: number): void {
    this.#link.refused(dialledAt);
  }

  /** Whether users may be served; when not, they have been dropped. */
  mayServe(): boolean {
    return this.#run?.settings['onNodeLoss'] === 'leave' || this.#link.check();
  }

  /** Whether users wait for the master: then it is dialled more often. */
  get hasUsers(): boolean {
    return (this.#run?.pool?.size ?? 0) > 0;
  }

  /**
   * Tells the master that this process is about to end, so that its users continue elsewhere. Resolves when
   * they do and the master has all reports, or at once when no master is connected.
   */
  async leave(): Promise<void> {
    const { clock } = this.#parts;
    if (!this.#isConnected()) return;
    this.#isLeaving = true;
    this.#sayLeaving();
    while (this.hasUsers || (this.#reports.isFull && this.#isConnected())) {
      await sleep(LOOK_MS, { clock });
    }
    // Without this report, the master would never hear of the last ends and figures.
    this.#report();
    const last = this.#reports.last;
    while (this.#isConnected() && !this.#reports.isSafe(last)) {
      this.#link.beat();
      await sleep(LOOK_MS, { clock });
    }
  }

  /**
   * Stops all users and tells the master, which starts them elsewhere at once: for a process that must end
   * without waiting. What its users have counted is sent first.
   */
  abandon(reason: string): void {
    this.#report();
    this.#run?.pool?.dropAll();
    this.#peer?.send({ type: 'gone', reason });
  }

  /** An error that no user's `start` threw: a timer that a scenario left behind. */
  strayError(error: unknown): void {
    const pool = this.#run?.pool;
    const err = { type: errorName(error), message: messageOf(error), stack: stackOf(error) ?? '' };
    if (pool === undefined) this.#parts.logger.error({ err }, 'an error outside of any user');
    else pool.strayError(error);
  }

  [Symbol.dispose](): void {
    for (const cancel of this.#cancels) cancel();
    this.#collector?.[Symbol.dispose]();
    this.#cancelWatch?.();
    this.#link[Symbol.dispose]();
    this.#run?.dispose();
    this.#run = undefined;
  }

  /**
   * After a restart of the master users may run where it does not look for them: on a process that has not found it
   * yet. Only a master that is alive at the end of the time knows that no such process is left. One that has died
   * in the meantime was not there for a process that dialled it, and whose lease therefore goes on.
   */
  #hold(pool: UserPool, ms: number): void {
    this.#heldUntil = Math.max(this.#heldUntil ?? -Infinity, this.#parts.clock.monotonic() + ms);
    pool.setHeld(true);
  }

  #releaseHeld(): void {
    if (this.#heldUntil === undefined || this.#parts.clock.monotonic() < this.#heldUntil) return;
    this.#heldUntil = undefined;
    this.#run?.pool?.setHeld(false);
  }

  #handlers(): Handlers {
    return {
      prepare: (params) => this.#prepare(params),
      setup: async ({ run }) => {
        const value = await this.#of(run).setup();
        return value === undefined ? {} : { value };
      },
      init: async ({ run, setup, pace, revision }) => {
        this.#revision = revision;
        await this.#of(run).init(setup, pace);
        return {};
      },
      assign: ({ run, ids, revision, delayMs, withinMs, anew, holdMs }) => {
        if (!this.#isNext(revision)) return {};
        if (holdMs !== undefined) this.#hold(this.#poolOf(run), holdMs);
        if (anew === true) this.#poolOf(run).remove(IdSet.ofDisjoint(ids), true);
        this.#poolOf(run).add(IdSet.ofDisjoint(ids), { delayMs, withinMs });
        this.#watchUsers();
        return {};
      },
      withdraw: ({ run, ids, force, revision }) => {
        if (!this.#isNext(revision)) return {};
        this.#of(run).withdraw(this.#poolOf(run), IdSet.ofDisjoint(ids), force);
        return {};
      },
      move: ({ run, ids, revision }) => {
        if (this.#isNext(revision)) this.#poolOf(run).move(IdSet.ofDisjoint(ids));
        return {};
      },
      desire: ({ run, revision, staying, leaving, moving, gone, ...how }) => {
        const { heard, pace, withinMs, holdMs } = how;
        if (revision <= this.#revision) return {};
        this.#revision = revision;
        const pool = this.#poolOf(run);
        if (holdMs !== undefined) this.#hold(pool, holdMs);
        const desired = {
          staying: IdSet.ofDisjoint(staying),
          leaving: IdSet.ofDisjoint(leaving),
          moving: IdSet.ofDisjoint(moving),
          gone: gone.map((ranges) => IdSet.ofDisjoint(ranges)),
          withinMs,
        };
        pool.setPace(pace.interarrivalMs, pace.paused);
        pool.reconcile(desired, this.#reports.endedSince(heard));
        this.#watchUsers();
        return {};
      },
      pace: ({ run, pace }) => {
        this.#poolOf(run).setPace(pace.interarrivalMs, pace.paused);
        return {};
      },
      update: ({ run, change, check }) => ({ settings: this.#of(run).update(change, check) }),
      report: () => {
        this.#report(true);
        return {};
      },
      users: ({ state, limit }) => ({
        users: this.#run?.pool?.list(state, limit) ?? [],
        errors: this.#run?.pool?.errors.all() ?? [],
      }),
      trace: (wish) => this.#run?.trace(wish) ?? { found: false, on: false, waits: false },
      finish: async ({ run, force, gentleMs }) => {
        const forced = await this.#of(run).finish(force, gentleMs);
        this.#run?.tellRepeatedErrors();
        return { forced };
      },
      teardown: async ({ run, setup }) => {
        try {
          await this.#of(run).teardown(setup);
        } finally {
          this.#parts.shipLogs?.();
        }
        return {};
      },
      discard: ({ run }) => {
        if (this.#run?.id === run) {
          this.#run.dispose();
          this.#run = undefined;
          this.#metrics.reset();
        }
        return {};
      },
      logLevel: ({ level }) => {
        this.#parts.logger.level = level;
        return {};
      },
      ping: () => ({}),
    };
  }

  async #prepare(params: Params<'prepare'>): Promise<Result<'prepare'>> {
    const { run, scenario: bundle, seed, file, environment, call, demandUnits } = params;
    const { name, clock, logger, load, drivers } = this.#parts;
    this.#run?.dispose();
    this.#run = undefined;
    this.#revision = 0;
    const scenario = checkScenario<User>(bundle.name, await load(bundle));
    // Not earlier: a garbage collection while the scenario loads would count for the run, and arrive without
    // it.
    this.#metrics.reset();
    this.#run = new SlaveRun({
      run,
      node: name,
      name: bundle.name,
      seed,
      scenario,
      drivers,
      data: bundle.data ?? [],
      sources: { file, environment, call, demandUnits },
      clock,
      metrics: this.#metrics,
      log: (level, line, about) => {
        const { msg, ...fields } = scenarioLine(line.message, line.fields);
        logger[level]({ scenario: bundle.name, ...about, ...fields }, msg);
      },
      onEnded: () => this.#watchUsers(),
      mayServe: () => this.mayServe(),
    });
    return {
      settings: { ...this.#run.settings },
      variables: Object.entries(this.#run.variables).map(([variable, declared]) => ({
        name: variable,
        description: declared.description,
        update: declared.update ?? false,
        secret: declared.secret ?? false,
      })),
      connectionsPerUser: this.#run.connectionsPerUser,
      thresholds: { ...scenario.thresholds },
    };
  }

  /**
   * Commands take effect in their order: one that comes twice, or after a gap, does nothing. The master
   * learns from the reports that one is missing, and says everything again.
   */
  #isNext(revision: number): boolean {
    if (revision !== this.#revision + 1) return false;
    this.#revision = revision;
    return true;
  }

  #sayLeaving(): void {
    if (this.#isLeaving) this.#peer?.send({ type: 'leaving' });
  }

  #isConnected(): boolean {
    return this.#peer !== undefined;
  }

  #tick(): void {
    this.#report(true);
    const step = this.#steps.take();
    if (step !== undefined && this.#parts.leased === true) {
      const text = `the clock of this machine was set ${step}; times to delivery and durations are not affected`;
      this.#parts.logger.warn(text);
    }
    if (this.#parts.leased !== true || this.#run?.pool === undefined) return;
    if (this.#lostAt === undefined) return;
    const orphanedMs = this.#parts.clock.monotonic() - this.#lostAt;
    const limitMs = Number(this.#run.settings['orphanTimeout']);
    if (orphanedMs > limitMs) this.#loseUsers('the master did not come back', true);
  }

  /** Drops the users: the master has given them to others, or no master will ever ask for them. */
  #loseUsers(why: string, always = false): void {
    const pool = this.#run?.pool;
    if (pool === undefined || pool.size === 0) return;
    if (!always && this.#run?.settings['onNodeLoss'] === 'leave') return;
    const users = pool.dropAll();
    this.#parts.logger.warn(`${why}: its ${users} users were stopped`);
  }

  #resend(): void {
    for (const report of this.#reports.pending) this.#peer?.send(report);
  }

  #report(withDigest = false): void {
    this.#parts.shipLogs?.();
    // A user that ended twice is in two reports.
    do {
      if (this.#peer === undefined || this.#reports.isFull) return;
      // What may fail comes first: figures that were taken before a failure would be lost.
      const load = this.#parts.readLoad();
      const parts = { run: this.#run, load, metrics: this.#metrics, revision: this.#revision };
      this.#peer.send(this.#reports.add(takeFigures({ ...parts, withDigest })));
    } while (this.#run?.pool?.hasEnded === true);
  }

  /** Looks at the users soon, without a timer that would wake up an idle process for nothing. */
  #watchUsers(): void {
    this.#cancelWatch ??= this.#parts.clock.schedule(
      ENDED_MS,
      () => {
        this.#cancelWatch = undefined;
        this.#reportEnded();
      },
      { background: true },
    );
  }

  #reportEnded(): void {
    const pool = this.#run?.pool;
    const starting = pool?.counts.starting ?? 0;
    if (pool?.hasEnded === true || (starting === 0 && this.#wasStarting)) this.#report();
    this.#collector?.note(starting);
    this.#wasStarting = starting > 0;
    if (starting > 0 || pool?.hasEnded === true) this.#watchUsers();
  }

  #of(run: string): SlaveRun {
    if (this.#run?.id !== run) throw new AmocError('NO_RUN', `run ${run} is not in this process`);
    return this.#run;
  }

  #poolOf(run: string): NonNullable<SlaveRun['pool']> {
    const { pool } = this.#of(run);
    if (pool !== undefined) return pool;
    throw new AmocError('NO_RUN', `run ${run} has not been initialised here`);
  }
}
