import type { Cancel, Clock } from '../lib/time/clock.ts';
import type { IdSet } from '../lib/ids/id-set.ts';
import type { MetricsRegistry } from '../metrics/metrics.ts';
import type { NodeLoad } from '../protocol/messages.ts';
import type { SlaveNotice } from '../protocol/peer.ts';
import { Collector } from './collector.ts';
import { takeFigures } from './figures.ts';
import { ReportQueue } from './report-queue.ts';
import type { SlaveRun } from './run.ts';

/** Ends of users, and the end of their starting, are reported sooner than the rest. */
const ENDED_MS = 50;

/** What a {@link Reporter} needs. */
export interface ReporterParts {
  clock: Clock;
  metrics: MetricsRegistry;
  readLoad: () => NodeLoad;
  /** Sends the waiting log lines, so that the reason for an end is logged before the end is reported. */
  shipLogs?: (() => void) | undefined;
  /** Frees garbage; left out where others live in the process. */
  collectGarbage?: (() => void) | undefined;
  run: () => SlaveRun | undefined;
  /** The revision of the last command that was applied. */
  revision: () => number;
  /** The way to the master; `undefined` while there is no connection. */
  sender: () => ((message: SlaveNotice) => void) | undefined;
}

/** Reports counts, figures and ends to the master, and keeps each report until the master has it safely. */
export class Reporter implements Disposable {
  readonly #parts: ReporterParts;
  readonly #queue = new ReportQueue();
  readonly #collector: Collector | undefined;
  #wasStarting = false;
  #cancelWatch: Cancel | undefined;

  constructor(parts: ReporterParts) {
    this.#parts = parts;
    const { clock, collectGarbage } = parts;
    const sessions = (): number => parts.run()?.openConnections ?? 0;
    this.#collector = collectGarbage && new Collector({ clock, sessions, collect: collectGarbage });
  }

  /** Whether so many reports are on their way that new figures stay in the counters. */
  get isFull(): boolean {
    return this.#queue.isFull;
  }

  /** The number of the newest report; 0 before the first. */
  get last(): number {
    return this.#queue.last;
  }

  /** Whether the master has stored the reports up to `sequence` safely. */
  isSafe(sequence: number): boolean {
    return this.#queue.isSafe(sequence);
  }

  /** Users whose end is unknown to a master that has taken in the reports up to `heard`; by report. */
  endedSince(heard: number): IdSet[] {
    return this.#queue.endedSince(heard);
  }

  /** Reports now; nothing while there is no connection. */
  report(withDigest = false): void {
    const { run, revision, metrics, readLoad, sender, shipLogs } = this.#parts;
    shipLogs?.();
    // A user that ended twice is in two reports.
    do {
      const send = sender();
      if (send === undefined || this.#queue.isFull) return;
      // What may fail comes first: figures that were taken before a failure would be lost.
      const load = readLoad();
      const parts = { run: run(), load, metrics, revision: revision() };
      send(this.#queue.add(takeFigures({ ...parts, withDigest })));
    } while (run()?.pool?.hasEnded === true);
  }

  /** Sends all reports again that the master has not acknowledged. */
  resend(): void {
    const send = this.#parts.sender();
    for (const report of this.#queue.pending) send?.(report);
  }

  /** The master has stored the reports up to `sequence` safely. */
  acked(sequence: number): void {
    if (this.#queue.acked(sequence)) this.resend();
  }

  /** Looks at the users soon, without a timer that would wake up an idle process for nothing. */
  watchUsers(): void {
    this.#cancelWatch ??= this.#parts.clock.schedule(
      ENDED_MS,
      () => {
        this.#cancelWatch = undefined;
        this.#reportEnded();
      },
      { background: true },
    );
  }

  [Symbol.dispose](): void {
    this.#collector?.[Symbol.dispose]();
    this.#cancelWatch?.();
  }

  #reportEnded(): void {
    const pool = this.#parts.run()?.pool;
    const starting = pool?.counts.starting ?? 0;
    if (pool?.hasEnded === true || (starting === 0 && this.#wasStarting)) this.report();
    this.#collector?.note(starting);
    this.#wasStarting = starting > 0;
    if (starting > 0 || pool?.hasEnded === true) this.watchUsers();
  }
}
