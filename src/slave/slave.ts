import type { Logger } from 'pino';
import { sleep } from '../lib/time/async.ts';
import { every } from '../lib/time/clock.ts';
import type { Cancel, Clock } from '../lib/time/clock.ts';
import { ClockSteps } from '../lib/time/clock-steps.ts';
import { errorName, messageOf, stackOf } from '../lib/errors.ts';
import { MetricsRegistry } from '../metrics/metrics.ts';
import type { LoadedDriver } from '../drivers/mod.ts';
import type { Feature } from '../features/feature.ts';
import type { ClockEstimate, NodeLoad } from '../protocol/messages.ts';
import { SlavePeer } from '../protocol/peer.ts';
import type { Transport } from '../protocol/transport.ts';
import type { CompiledScenario } from '../scenario/bundle.ts';
import { RunHandlers } from './handlers.ts';
import { Link } from './link.ts';
import { Reporter } from './reporter.ts';

const REPORT_MS = 1000;
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
  load: (bundle: CompiledScenario) => Promise<Record<string, unknown>>;
  readLoad: () => NodeLoad;
  /** Where the process itself records its measurements; a registry of its own when left out. */
  metrics?: MetricsRegistry;
  /** What the users of a run can do together. @default nothing */
  features?: readonly Feature[];
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
  readonly #cancels: Cancel[];
  readonly #steps: ClockSteps;
  readonly #link: Link;
  readonly #reporter: Reporter;
  readonly #handlers: RunHandlers;
  #peer: SlavePeer | undefined;
  /** Since when there has been no connection. */
  #lostAt: number | undefined;
  /** The process has been told to end, and says so to each master that it meets. */
  #isLeaving = false;

  constructor(parts: SlaveParts) {
    this.#parts = parts;
    const { name, clock, logger, load, readLoad, shipLogs, collectGarbage } = parts;
    const metrics = parts.metrics ?? new MetricsRegistry();
    this.#steps = new ClockSteps(clock);
    this.#link = new Link({
      clock,
      leased: parts.leased ?? false,
      onLeaseEnd: () => this.#loseUsers('the lease of this process has ended'),
      onAcked: (sequence) => {
        this.#reporter.acked(sequence);
        this.#handlers.releaseHeld();
      },
      onClock: (estimate) => parts.onClock?.(estimate),
      onLease: (until) => parts.onLease?.(until),
      ...(parts.keptUntil === undefined ? {} : { keptUntil: parts.keptUntil }),
    });
    this.#reporter = new Reporter({
      clock,
      metrics,
      readLoad,
      shipLogs,
      collectGarbage,
      run: () => this.#handlers.run,
      revision: () => this.#handlers.revision,
      sender: () => {
        const peer = this.#peer;
        return peer && ((message) => peer.send(message));
      },
    });
    this.#handlers = new RunHandlers({
      name,
      clock,
      logger,
      metrics,
      reporter: this.#reporter,
      shipLogs,
      load,
      mayServe: () => this.mayServe(),
      drivers: parts.drivers,
      features: parts.features ?? [],
      peer: () => this.#peer,
    });
    this.#cancels = [
      every(clock, REPORT_MS, () => this.#tick()),
      every(clock, REPEATED_ERRORS_MS, () => this.#handlers.run?.tellRepeatedErrors()),
    ];
  }

  /** Serves a master over an authenticated connection. */
  serve(transport: Transport): SlavePeer {
    const peer = new SlavePeer(transport, this.#parts.clock, {
      handlers: this.#handlers.table(),
      onMessage: (message) => {
        if (message.type === 'beat') this.#link.answered(message);
        else if (message.type === 'feature') this.#handlers.run?.features.heard(message);
      },
    });
    this.#peer = peer;
    this.#lostAt = undefined;
    this.#reporter.resend();
    this.#reporter.report(true);
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
    return this.#handlers.run?.settings['onNodeLoss'] === 'leave' || this.#link.check();
  }

  /** Whether users wait for the master: then it is dialled more often. */
  get hasUsers(): boolean {
    return (this.#handlers.run?.pool?.size ?? 0) > 0;
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
    while (this.hasUsers || (this.#reporter.isFull && this.#isConnected())) {
      await sleep(LOOK_MS, { clock });
    }
    // Without this report, the master would never hear of the last ends and figures.
    this.#reporter.report();
    const { last } = this.#reporter;
    while (this.#isConnected() && !this.#reporter.isSafe(last)) {
      this.#link.beat();
      await sleep(LOOK_MS, { clock });
    }
  }

  /**
   * Stops all users and tells the master, which starts them elsewhere at once: for a process that must end
   * without waiting. What its users have counted is sent first.
   */
  abandon(reason: string): void {
    this.#reporter.report();
    this.#handlers.run?.pool?.dropAll();
    this.#peer?.send({ type: 'gone', reason });
  }

  /** An error that no user's `start` threw: a timer that a scenario left behind. */
  strayError(error: unknown): void {
    const pool = this.#handlers.run?.pool;
    const err = { type: errorName(error), message: messageOf(error), stack: stackOf(error) ?? '' };
    if (pool === undefined) this.#parts.logger.error({ err }, 'an error outside of any user');
    else pool.strayError(error);
  }

  [Symbol.dispose](): void {
    for (const cancel of this.#cancels) cancel();
    this.#reporter[Symbol.dispose]();
    this.#link[Symbol.dispose]();
    this.#handlers[Symbol.dispose]();
  }

  #sayLeaving(): void {
    if (this.#isLeaving) this.#peer?.send({ type: 'leaving' });
  }

  #isConnected(): boolean {
    return this.#peer !== undefined;
  }

  #tick(): void {
    this.#reporter.report(true);
    const step = this.#steps.pop();
    if (step !== undefined && this.#parts.leased === true) {
      const text = `the clock of this machine was set ${step}; times to delivery and durations are not affected`;
      this.#parts.logger.warn(text);
    }
    const { run } = this.#handlers;
    if (this.#parts.leased !== true || run?.pool === undefined) return;
    if (this.#lostAt === undefined) return;
    const orphanedMs = this.#parts.clock.monotonic() - this.#lostAt;
    const limitMs = Number(run.settings['orphanTimeout']);
    if (orphanedMs > limitMs) this.#loseUsers('the master did not come back', true);
  }

  /** Drops the users: the master has given them to others, or no master will ever ask for them. */
  #loseUsers(why: string, always = false): void {
    const { run } = this.#handlers;
    const pool = run?.pool;
    if (pool === undefined || pool.size === 0) return;
    if (!always && run?.settings['onNodeLoss'] === 'leave') return;
    const users = pool.dropAll();
    this.#parts.logger.warn(`${why}: its ${users} users were stopped`);
  }
}
