import type { Cancel, Clock } from '../../src/lib/time/clock.ts';

interface Planned {
  at: number;
  order: number;
  callback: (() => void) | undefined;
}

/** Time of a simulated world: calls in the order of their times, promises between two of them. */
export class VirtualClock implements Clock {
  /** A binary heap by time, then order. */
  readonly #heap: Planned[] = [];
  #now = 0;
  #order = 0;

  now(): number {
    return 1_700_000_000_000 + this.#now;
  }

  steady(): number {
    return this.now();
  }

  monotonic(): number {
    return this.#now;
  }

  schedule(delayMs: number, callback: () => void): Cancel {
    const planned: Planned = {
      // Less than what a sum of floating numbers can lose would be no delay at all.
      at: this.#now + (delayMs > 0 ? Math.max(0.01, delayMs) : 0),
      order: this.#order++,
      callback,
    };
    this.#push(planned);
    return () => (planned.callback = undefined);
  }

  soon(callback: () => void): Cancel {
    return this.schedule(0, callback);
  }

  /** Lets `ms` go by; `check` is called whenever something has happened. */
  async advance(ms: number, check: () => void = () => {}): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const [next] = this.#heap;
      if (next === undefined || next.at > end) break;
      this.#pop();
      if (next.callback === undefined) continue;
      this.#now = Math.max(this.#now, next.at);
      const { callback } = next;
      next.callback = undefined;
      callback();
      await settle();
      check();
    }
    this.#now = end;
  }

  #push(planned: Planned): void {
    const heap = this.#heap;
    let at = heap.push(planned) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(planned, heap[parent] as Planned)) break;
      heap[at] = heap[parent] as Planned;
      at = parent;
    }
    heap[at] = planned;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Planned;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as Planned)) child++;
      if (!isBefore(heap[child] as Planned, last)) break;
      heap[at] = heap[child] as Planned;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Lets every promise that is ready run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * The clock of one machine: off by `offsetMs`, and faster by `drift` (0.001: a thousandth).
 *
 * @param setBy by how much it has been set since; the steady clock does not follow
 */
export function skewed(
  clock: Clock,
  offsetMs: number,
  drift: number,
  setBy: () => number = () => 0,
): Clock {
  const factor = 1 + drift;
  return {
    now: () => Math.round(clock.now() + offsetMs + clock.monotonic() * drift + setBy()),
    steady: () => clock.steady() + offsetMs + clock.monotonic() * drift,
    monotonic: () => clock.monotonic() * factor + 1000,
    schedule: (delayMs, callback, options) => clock.schedule(delayMs / factor, callback, options),
    soon: (callback) => clock.soon(callback),
  };
}

/**
 * The clock of one process: it stops with the process for good, or for the time that its machine is paused.
 * What falls due in a pause happens when the machine goes on, at once, in the order in which it was due.
 */
export class MortalClock implements Clock {
  readonly #clock: Clock;
  #isAlive = true;
  #waiting: (() => void)[] | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  steady(): number {
    return this.#clock.steady();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  schedule(delayMs: number, callback: () => void): Cancel {
    let isCancelled = false;
    const happen = (): void => {
      if (isCancelled || !this.#isAlive) return;
      if (this.#waiting === undefined) callback();
      else this.#waiting.push(happen);
    };
    const cancel = this.#clock.schedule(delayMs, happen);
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  soon(callback: () => void): Cancel {
    return this.schedule(0, callback);
  }

  pause(): void {
    this.#waiting ??= [];
  }

  /** Ends a pause: what is due happens now, one after the other. */
  resume(): void {
    const due = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const happen of due) this.#clock.schedule(0, happen);
  }

  die(): void {
    this.#isAlive = false;
  }
}
