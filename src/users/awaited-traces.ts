import type { Watcher } from '../xmpp/session-parts.ts';

/** Users that can be waited for at a time. */
export const MOST_AWAITED = 100;

/** Users whose stanzas are to be shown as soon as they start, their login included. */
export class AwaitedTraces {
  readonly #watchers = new Map<number, Watcher>();

  /** @returns whether there was room */
  add(id: number, watcher: Watcher): boolean {
    if (!this.#watchers.has(id) && this.#watchers.size >= MOST_AWAITED) return false;
    this.#watchers.set(id, watcher);
    return true;
  }

  /** The watcher of a user, who is not waited for any more. */
  take(id: number): Watcher | undefined {
    const watcher = this.#watchers.get(id);
    if (watcher !== undefined) this.#watchers.delete(id);
    return watcher;
  }
}
