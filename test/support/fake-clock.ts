import type { Cancel, Clock } from '../../src/lib/time/clock.ts';

interface Planned {
  at: number;
  order: number;
  callback: () => void;
}

/** A clock that moves only when told: a minute of a cluster's life takes a moment. */
export class FakeClock implements Clock {
  #now = 0;
  #order = 0;
  #planned: Planned[] = [];

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
    const planned = { at: this.#now + Math.max(0, delayMs), order: this.#order++, callback };
    this.#planned.push(planned);
    return () => {
      this.#planned = this.#planned.filter((each) => each !== planned);
    };
  }

  soon(callback: () => void): Cancel {
    return this.schedule(0, callback);
  }

  /** How many calls are planned. */
  get pending(): number {
    return this.#planned.length;
  }

  /** Moves time on, call by call; promises have their turn between two calls. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const next = this.#next();
      if (next === undefined || next.at > end) break;
      this.#planned = this.#planned.filter((each) => each !== next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await settle();
    }
    this.#now = end;
  }

  /** Moves time on until `done`, at most `limitMs`. */
  async until(done: () => boolean, limitMs: number): Promise<void> {
    const end = this.#now + limitMs;
    await settle();
    while (!done()) {
      const next = this.#next();
      if (next === undefined || next.at > end) {
        throw new Error(`not within ${limitMs} ms of the fake clock: ${done.toString()}`);
      }
      await this.advance(next.at - this.#now);
    }
  }

  /** The result of `work`, while time moves on as far as it needs. */
  async resolve<T>(work: Promise<T>, limitMs = 120_000): Promise<T> {
    let isDone = false;
    work.then(
      () => (isDone = true),
      () => (isDone = true),
    );
    await this.until(() => isDone, limitMs);
    return work;
  }

  #next(): Planned | undefined {
    return this.#planned.reduce<Planned | undefined>((first, each) => {
      if (first === undefined || each.at < first.at) return each;
      return each.at === first.at && each.order < first.order ? each : first;
    }, undefined);
  }
}

/** Lets every promise that is ready run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
