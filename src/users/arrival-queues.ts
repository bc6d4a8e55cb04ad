import type { Clock } from '../lib/time/clock.ts';
import { digestOf } from '../lib/ids/id-digest.ts';
import type { IdDigest } from '../lib/ids/id-digest.ts';
import type { IdSet } from '../lib/ids/id-set.ts';
import { Arrivals } from './arrivals.ts';

/**
 * The users of a process that wait for their start: new users at the pace of the run, and replacements of lost
 * users in a queue of their own, because they come faster.
 */
export class ArrivalQueues {
  readonly #arrivals: Arrivals;
  readonly #recovering: Arrivals;

  /** @param start starts a user; its id is not in a queue any more */
  constructor(clock: Clock, intervalMs: number, start: (id: number) => void) {
    this.#arrivals = new Arrivals(clock, intervalMs, start);
    this.#recovering = new Arrivals(clock, 0, start);
  }

  /** How many users wait. */
  get size(): number {
    return this.#arrivals.size + this.#recovering.size;
  }

  /** All users that wait. */
  all(): IdSet {
    return this.#arrivals.all().union(this.#recovering.all());
  }

  /** Those of `ids` that do not wait. */
  without(ids: IdSet): IdSet {
    return ids.difference(this.#arrivals.all()).difference(this.#recovering.all());
  }

  digest(): IdDigest {
    const [queued, recovering] = [this.#arrivals.all(), this.#recovering.all()].map(digestOf) as [
      IdDigest,
      IdDigest,
    ];
    return {
      count: queued.count + recovering.count,
      sum: (queued.sum + recovering.sum) >>> 0,
    };
  }

  /**
   * Queues users that are not in a queue.
   *
   * @param delayMs of the first one, when no other waits
   * @param withinMs for replacements: they are started within this time, whatever the pace
   */
  add(
    ids: IdSet,
    { delayMs = 0, withinMs }: { delayMs?: number; withinMs?: number | undefined },
  ): void {
    if (withinMs === undefined) {
      this.#arrivals.add(ids, delayMs);
      return;
    }
    this.#recovering.add(ids);
    this.#recovering.setInterval(withinMs / Math.max(1, this.#recovering.size));
  }

  /** Removes users from the queues. @returns those that waited */
  remove(ids: IdSet): IdSet {
    return this.#arrivals.remove(ids).union(this.#recovering.remove(ids));
  }

  /** While users are held, none of them starts: they may still run elsewhere. */
  setHeld(held: boolean): void {
    this.#arrivals.setHeld(held);
    this.#recovering.setHeld(held);
  }

  /** Changes the pace of new starts. */
  setPace(intervalMs: number, paused: boolean): void {
    this.#arrivals.setInterval(intervalMs);
    this.#arrivals.setPaused(paused);
    this.#recovering.setPaused(paused);
  }
}
