import { IdSet } from '../lib/id-set.ts';
import type { SlaveMessage } from '../protocol/messages.ts';

type Report = Extract<SlaveMessage, { type: 'report' }>;

/** After so many answers without progress everything is sent again: once is enough, and twice harms nobody. */
const STUCK_ANSWERS = 8;
/** Reports on their way; while so many are, what is to be told is kept in the counters. */
const MOST_UNACKED = 64;

/**
 * Reports until the master has them in safety: what was on its way when a connection was cut is sent
 * again, so that each user's end and each figure is counted once.
 */
export class ReportQueue {
  #sequence = 0;
  #unacked: Report[] = [];
  /** Answers in a row that acknowledged nothing. */
  #stuck = 0;

  get isFull(): boolean {
    return this.#unacked.length >= MOST_UNACKED;
  }

  /** The number of the newest report; 0 before the first. */
  get last(): number {
    return this.#sequence;
  }

  /** Whether the master has the reports up to `sequence` in safety. */
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

  /** Drops what the master has in safety. @returns whether it seems to have missed something */
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

  /** What the next connection must hear first. */
  get pending(): readonly Report[] {
    return this.#unacked;
  }

  /** Users whose end a master that has taken in the reports up to `heard` does not know yet; by report. */
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
