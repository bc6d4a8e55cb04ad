import type { Cancel, Clock } from '../lib/time/clock.ts';
import { IdSet, rangeSize } from '../lib/ids/id-set.ts';
import type { IdRange } from '../lib/ids/id-set.ts';

/** Without an interval, users are started for this long before the event loop gets a turn. */
const BURST_MS = 5;

/**
 * Starts queued users one by one at an even pace, in the order in which they were queued. After a delay of
 * the event loop it catches up, so that the average rate is the requested one.
 */
export class Arrivals {
  readonly #clock: Clock;
  readonly #start: (id: number) => void;
  #queue: IdRange[] = [];
  #size = 0;
  #intervalMs: number;
  #paused = false;
  #held = false;
  /** When the next start is due, on the monotonic clock. */
  #due = 0;
  #cancel: Cancel | undefined;

  constructor(clock: Clock, intervalMs: number, start: (id: number) => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#start = start;
  }

  /** How many users wait to be started. */
  get size(): number {
    return this.#size;
  }

  /** Queues users; when the queue was empty, the first is due after `delayMs`. */
  add(ids: IdSet, delayMs = 0): void {
    if (this.#size === 0) this.#due = Math.max(this.#due, this.#clock.monotonic() + delayMs);
    this.#queue.push(...ids.ranges);
    this.#size += ids.size;
    this.#arm();
  }

  /** Removes users from the queue. @returns those that were in it */
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

  /** All users in the queue. */
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
    // Starts that were missed in the pause are not made up for in a burst.
    this.#due = Math.max(this.#due, this.#clock.monotonic());
    this.#arm();
  }

  /** While users are held, none of them starts: they may still run elsewhere. */
  setHeld(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    this.#disarm();
    this.#arm();
  }

  /** Empties the queue. */
  clear(): void {
    this.#queue = [];
    this.#size = 0;
    this.#disarm();
  }

  #arm(): void {
    if (this.#cancel !== undefined || this.#size === 0 || this.#paused || this.#held) return;
    const wait = this.#due - this.#clock.monotonic();
    const turn = (): void => {
      this.#cancel = undefined;
      this.#startDue();
      this.#arm();
    };
    // Timers are late by up to a millisecond; a due time in the past is served after the current I/O.
    this.#cancel = wait <= 0 ? this.#clock.soon(turn) : this.#clock.schedule(wait, turn);
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #startDue(): void {
    const until = this.#clock.monotonic() + BURST_MS;
    for (let started = 0; this.#size > 0 && !this.#paused && !this.#held; started++) {
      const now = this.#clock.monotonic();
      if (this.#due > now || (started % 16 === 15 && now >= until)) return;
      this.#due = this.#intervalMs === 0 ? now : this.#due + this.#intervalMs;
      this.#start(this.#dequeue());
    }
  }

  #dequeue(): number {
    const [head] = this.#queue as [IdRange];
    this.#size--;
    if (head.from === head.to) this.#queue.shift();
    else this.#queue[0] = { ...head, from: head.from + head.step };
    return head.from;
  }
}
