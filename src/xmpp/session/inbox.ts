import type { Predicate } from '../predicates.ts';
import type { Stanza } from '../stanza.ts';

/** At most this many stanzas are kept for a later `waitForStanza`; beyond it the oldest is dropped. */
const MAX_KEPT = 100;

/** A pending wait for a stanza. */
export interface Waiter {
  predicate: Predicate;
  resolve: (stanza: Stanza) => void;
  reject: (error: unknown) => void;
  cancel: () => void;
}

/** Received stanzas that were not taken yet, and the pending waits. */
export class Inbox {
  #kept: Stanza[] = [];
  #waiters: Waiter[] = [];
  /** Which stanzas are kept when no wait takes them; all when `undefined`. */
  keeps: Predicate | undefined;

  /** The stanzas that were not taken yet, oldest first. */
  get kept(): readonly Stanza[] {
    return this.#kept;
  }

  /** Takes the first kept stanza that the predicate accepts. */
  take(predicate: Predicate): Stanza | undefined {
    const index = this.#kept.findIndex(predicate);
    return index < 0 ? undefined : this.#kept.splice(index, 1)[0];
  }

  wait(waiter: Waiter): void {
    this.#waiters.push(waiter);
  }

  drop(waiter: Waiter): void {
    waiter.cancel();
    this.#waiters = this.#waiters.filter((each) => each !== waiter);
  }

  /** Gives a stanza to the first wait that accepts it, or keeps it. @returns whether a wait took it */
  deliver(stanza: Stanza): boolean {
    for (const waiter of this.#waiters) {
      let fits: boolean;
      try {
        fits = waiter.predicate(stanza);
      } catch (error) {
        this.drop(waiter);
        waiter.reject(error);
        continue;
      }
      if (!fits) continue;
      this.drop(waiter);
      waiter.resolve(stanza);
      return true;
    }
    if (this.keeps !== undefined && !this.keeps(stanza)) return false;
    this.#kept.push(stanza);
    if (this.#kept.length > MAX_KEPT) this.#kept.shift();
    return false;
  }

  /** Drops the kept stanzas. */
  clear(): void {
    this.#kept = [];
  }

  /** Rejects every wait. */
  fail(error: unknown): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      waiter.cancel();
      waiter.reject(error);
    }
  }
}
