import { judge, meets } from './thresholds.ts';
import type { Standing, Threshold } from './thresholds.ts';
import type { Verdict } from './verdict.ts';

/** What is known of a threshold over a window so far, as a journal keeps it. */
export interface WindowMemory {
  threshold: string;
  judged: number;
  missed: number;
  worst?: number | undefined;
  last?: number | undefined;
}

/**
 * A threshold over a window, from second to second. It is missed in the end if it was missed in any second that
 * counts, whatever came afterwards: a limit that held for most of a run did not hold.
 */
export class WindowHistory {
  readonly #threshold: Threshold;
  readonly #overMs: number;
  #judged = 0;
  #missed = 0;
  #worst: number | undefined;
  #last: number | undefined;

  /** @param memory what the previous master knew */
  constructor(threshold: Threshold, overMs: number, memory?: WindowMemory) {
    this.#threshold = threshold;
    this.#overMs = overMs;
    if (memory === undefined) return;
    this.#judged = memory.judged;
    this.#missed = memory.missed;
    this.#worst = memory.worst;
    this.#last = memory.last;
  }

  get overMs(): number {
    return this.#overMs;
  }

  /**
   * Judges the window that ends now, and keeps the outcome.
   *
   * @param counts whether a miss is one of the run: not before `abortDelay` is over
   * @returns the verdict on this window alone
   */
  note(standing: Standing, counts: boolean): Verdict {
    const verdict = judge(this.#threshold, standing);
    const { value, passed } = verdict;
    // A window without figures says nothing: neither that the limit holds, nor that it does not.
    if (value === undefined) return verdict;
    this.#last = value;
    if (!counts) return verdict;
    this.#judged++;
    if (!passed) this.#missed++;
    if (this.#worst === undefined || this.#isWorse(value, this.#worst)) this.#worst = value;
    return verdict;
  }

  /**
   * The verdict on the run so far. Before a second has counted it is that on the last window; before there was one,
   * that on the run.
   */
  verdict(run: Standing): Verdict {
    const { text, limit, unit } = this.#threshold;
    const value =
      this.#judged > 0 ? this.#worst : (this.#last ?? judge(this.#threshold, run).value);
    const isMet = value !== undefined && meets(value, this.#threshold);
    return {
      threshold: text,
      passed: this.#judged > 0 ? this.#missed === 0 : isMet,
      value,
      limit,
      unit,
      window: {
        overMs: this.#overMs,
        judged: this.#judged,
        missed: this.#missed,
        ...(this.#last === undefined ? {} : { last: this.#last }),
      },
    };
  }

  memory(): WindowMemory {
    return {
      threshold: this.#threshold.text,
      judged: this.#judged,
      missed: this.#missed,
      worst: this.#worst,
      last: this.#last,
    };
  }

  #isWorse(value: number, than: number): boolean {
    return this.#threshold.operator.startsWith('<') ? value > than : value < than;
  }
}
