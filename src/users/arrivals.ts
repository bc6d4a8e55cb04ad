import type { Cancel, Clock } from '../lib/clock.ts';
import { IdSet, rangeSize } from '../lib/id-set.ts';
import type { IdRange } from '../lib/id-set.ts';

/** Without an interval, users are started for so long before the event loop gets a turn. */
const BURST_MS = 5;

/**
 * Starts queued users one by one at an even pace, in the order in which they were queued. After a
 * delay of the loop it catches up, so that the rate asked for is the rate in the mean.
 */
export class Arrivals {
  readonly #clock: Clock;
  readonly #start: (id: number) => void;
  #queue: IdRange[] = [];
  #size = 0;
  #intervalMs: number;
  #paused = false;
  /** Nobody starts before that, whatever is due; on the monotonic clock. */
  #notBefore = -Infinity;
  /** When the next start is due, on the monotonic clock. */
  #due = 0;
  #cancel: Cancel | undefined;

  constructor(clock: Clock, intervalMs: number, start: (id: number) => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#start = start;
  }

  /** How many users wait for their start. */
  get size(): number {
    return this.#size;
  }

  /** Queues users; when nobody waits, the first is due after `delayMs`. */
  add(ids: IdSet, delayMs = 0): void {
    if (this.#size === 0) this.#due = Math.max(this.#due, this.#clock.monotonic() + delayMs);
    this.#queue.push(...ids.ranges);
    this.#size += ids.size;
    this.#arm();
  }

  /** Takes users out of the queue. @returns those that were in it */
  remove(ids: IdSet): IdSet {
    if (this.#size === 0) return IdSet.empty;
    const queued = this.all();
    const kept: IdRange[] = [];
    for (const range of this.#queue) {
      kept.push(...IdSet.ofDisjoint([range]).difference(ids).ranges);
    }
    this.#queue = kept;
    this.#size = kept.reduce((sum, range) => sum + rangeSize(range), 0);
    if (this.#size === 0) this.#disarm();
    return queued.difference(this.all());
  }

  /** Everybody who waits. */
  all(): IdSet {
    return IdSet.ofDisjoint([...this.#queue]);
  }

  /** Changes the pace from now on. */
  setInterval(intervalMs: number): void {
    this.#intervalMs = intervalMs;
    this.#due = Math.min(this.#due, this.#clock.monotonic() + intervalMs);
    this.#disarm();
    this.#arm();
  }

  setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    this.#disarm();
    // What was missed in the pause is not made up for in a burst.
    this.#due = Math.max(this.#due, this.#clock.monotonic());
    this.#arm();
  }

  /** Lets nobody start for that time. */
  hold(ms: number): void {
    this.#notBefore = Math.max(this.#notBefore, this.#clock.monotonic() + ms);
    this.#disarm();
    this.#arm();
  }

  /** Forgets everybody. */
  clear(): void {
    this.#queue = [];
    this.#size = 0;
    this.#disarm();
  }

  #arm(): void {
    if (this.#cancel !== undefined || this.#size === 0 || this.#paused) return;
    const wait = Math.max(this.#due, this.#notBefore) - this.#clock.monotonic();
    const turn = (): void => {
      this.#cancel = undefined;
      this.#startDue();
      this.#arm();
    };
    // Timers are late by up to a millisecond; a due time in the past is served after the I/O at hand.
    this.#cancel = wait <= 0 ? this.#clock.soon(turn) : this.#clock.schedule(wait, turn);
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #startDue(): void {
    const until = this.#clock.monotonic() + BURST_MS;
    for (let started = 0; this.#size > 0 && !this.#paused; started++) {
      const now = this.#clock.monotonic();
      if (Math.max(this.#due, this.#notBefore) > now || (started % 16 === 15 && now >= until))
        return;
      this.#due = this.#intervalMs === 0 ? now : this.#due + this.#intervalMs;
      this.#start(this.#take());
    }
  }

  #take(): number {
    const [head] = this.#queue as [IdRange];
    this.#size--;
    if (head.from === head.to) this.#queue.shift();
    else this.#queue[0] = { ...head, from: head.from + head.step };
    return head.from;
  }
}
