import { IdSet } from '../lib/ids/id-set.ts';
import type { SlaveMessage } from '../protocol/messages.ts';

type Report = Extract<SlaveMessage, { type: 'report' }>;

/**
 * After this many answers without progress everything is sent again. Resending is harmless: the master
 * ignores duplicates.
 */
const STUCK_ANSWERS = 8;
/** Maximum number of reports on their way; at this number new figures stay in the counters. */
const MAX_UNACKED = 64;

/**
 * Keeps reports until the master has stored them safely: what was on its way when a connection was cut is
 * sent again, so that each user's end and each figure is counted once.
 */
export class ReportQueue {
  #sequence = 0;
  #unacked: Report[] = [];
  /** Consecutive answers that acknowledged nothing. */
  #stuck = 0;

  get isFull(): boolean {
    return this.#unacked.length >= MAX_UNACKED;
  }

  /** The number of the newest report; 0 before the first. */
  get last(): number {
    return this.#sequence;
  }

  /** Whether the master has stored the reports up to `sequence` safely. */
  isSafe(sequence: number): boolean {
    const oldest = this.#unacked[0]?.sequence;
    return oldest === undefined || oldest > sequence;
  }

  /** Gives a report its number and keeps it. */
  add(report: Omit<Report, 'type' | 'sequence'>): Report {
    const numbered: Report = { type: 'report', sequence: ++this.#sequence, ...report };
    this.#unacked.push(numbered);
    return numbered;
  }

  /** Drops what the master has stored safely. @returns whether it seems to have missed something */
  acked(sequence: number): boolean {
    const before = this.#unacked[0]?.sequence;
    while (this.#unacked[0] !== undefined && this.#unacked[0].sequence <= sequence) {
      this.#unacked.shift();
    }
    const oldest = this.#unacked[0]?.sequence;
    this.#stuck = oldest !== undefined && oldest === before ? this.#stuck + 1 : 0;
    if (this.#stuck < STUCK_ANSWERS) return false;
    this.#stuck = 0;
    return true;
  }

  /** The reports that the next connection must send first. */
  get pending(): readonly Report[] {
    return this.#unacked;
  }

  /** Users whose end is unknown to a master that has taken in the reports up to `heard`; by report. */
  endedSince(heard: number): IdSet[] {
    return this.#unacked
      .filter(({ sequence }) => sequence > heard)
      .map(({ ended }) =>
        [ended.finished, ended.crashed, ended.removed, ended.moved]
          .map((ranges) => IdSet.ofDisjoint(ranges))
          .reduce((all, ids) => all.union(ids)),
      );
  }
}
