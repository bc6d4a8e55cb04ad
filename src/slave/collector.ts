import type { Cancel, Clock } from '../lib/time/clock.ts';

/** Minimum batch of logins after which garbage is collected once. */
const WORTH_COLLECTING = 500;
const COLLECT_AFTER_MS = 3000;
/**
 * The collection is put off at most this often while sessions come or go; where they always do, V8 decides.
 */
const MAX_DELAYS = 40;

/** What a {@link Collector} needs. */
export interface CollectorParts {
  clock: Clock;
  /** How many sessions there are now. */
  sessions: () => number;
  collect: () => void;
}

/** Collects the garbage of logins, which is more than the sessions keep, when the last login has ended. */
export class Collector implements Disposable {
  readonly #parts: CollectorParts;
  #mostStarting = 0;
  #cancel: Cancel | undefined;

  constructor(parts: CollectorParts) {
    this.#parts = parts;
  }

  /** @param starting number of users that wait for their turn to start */
  note(starting: number): void {
    if (starting === 0 && this.#mostStarting >= WORTH_COLLECTING) this.#collectSoon();
    this.#mostStarting = starting === 0 ? 0 : Math.max(this.#mostStarting, starting);
  }

  [Symbol.dispose](): void {
    this.#cancel?.();
  }

  #collectSoon(delays = 0): void {
    const { clock, sessions, collect } = this.#parts;
    this.#cancel?.();
    const before = sessions();
    const look = (): void => {
      if (sessions() === before) collect();
      else if (delays < MAX_DELAYS) this.#collectSoon(delays + 1);
    };
    this.#cancel = clock.schedule(COLLECT_AFTER_MS, look, { background: true });
  }
}
