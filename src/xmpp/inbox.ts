import type { Predicate } from './predicates.ts';
import type { Stanza } from './stanza.ts';

/** Stanzas that nobody waits for are kept for a later `waitForStanza`; beyond this the oldest goes. */
const MAILBOX_SIZE = 100;

/** Somebody who waits for a stanza. */
export interface Waiter {
  predicate: Predicate;
  resolve: (stanza: Stanza) => void;
  reject: (error: unknown) => void;
  cancel: () => void;
}

/** What came and was not taken yet, and who waits for what is to come. */
export class Inbox {
  #mailbox: Stanza[] = [];
  #waiters: Waiter[] = [];
  /** Which stanzas are kept when nobody waits for them; all when `undefined`. */
  keeps: Predicate | undefined;

  /** The stanzas that nobody has taken yet, oldest first. */
  get kept(): readonly Stanza[] {
    return this.#mailbox;
  }

  /** Takes the first kept stanza that fits. */
  take(predicate: Predicate): Stanza | undefined {
    const index = this.#mailbox.findIndex(predicate);
    return index < 0 ? undefined : this.#mailbox.splice(index, 1)[0];
  }

  wait(waiter: Waiter): void {
    this.#waiters.push(waiter);
  }

  drop(waiter: Waiter): void {
    waiter.cancel();
    this.#waiters = this.#waiters.filter((each) => each !== waiter);
  }

  /** Gives a stanza to the first who waits for its like, or keeps it. @returns whether somebody waited */
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
    this.#mailbox.push(stanza);
    if (this.#mailbox.length > MAILBOX_SIZE) this.#mailbox.shift();
    return false;
  }

  /** Forgets what was kept. */
  clear(): void {
    this.#mailbox = [];
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
