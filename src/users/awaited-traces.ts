import type { Watcher } from '../drivers/mod.ts';
import type { PooledUser } from './user.ts';

/** Maximum number of users that are waited for at a time. */
const MAX_AWAITED = 100;

/** A request to trace a user. */
export interface TraceWish {
  id: number;
  /** Toggles the trace when left out. */
  on?: boolean | undefined;
  /** Whether to wait for a user that is not here; otherwise it is no longer waited for. */
  waits: boolean;
}

/** The outcome of such a request. */
export interface Traced {
  found: boolean;
  on: boolean;
  /** Whether a user that is not here is waited for, or was until now. */
  waits: boolean;
}

/** Users whose traffic is shown as soon as they start. */
export class AwaitedTraces {
  readonly #watchers = new Map<number, Watcher>();

  /** Shows a user's traffic to `watcher`, or stops that. */
  trace(user: PooledUser | undefined, { id, on, waits }: TraceWish, watcher: Watcher): Traced {
    if (user === undefined) {
      const isWaitedFor = waits ? this.#add(id, watcher) : this.pop(id) !== undefined;
      return { found: false, on: false, waits: isWaitedFor };
    }
    const wanted = on ?? !user.isTraced;
    user.trace(wanted ? watcher : undefined);
    return { found: true, on: wanted, waits: false };
  }

  /** The watcher of a user, which is then no longer waited for. */
  pop(id: number): Watcher | undefined {
    const watcher = this.#watchers.get(id);
    if (watcher !== undefined) this.#watchers.delete(id);
    return watcher;
  }

  /** @returns whether there was room */
  #add(id: number, watcher: Watcher): boolean {
    if (!this.#watchers.has(id) && this.#watchers.size >= MAX_AWAITED) return false;
    this.#watchers.set(id, watcher);
    return true;
  }
}
