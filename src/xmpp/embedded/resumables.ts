import { randomBytes } from 'node:crypto';
import type { Resource } from './sessions.ts';

/** Sessions whose client is gone; with one more, that one ends at once. */
const MOST_WAITING = 10_000;

/** A session that can outlive its stream. */
export interface Resumable {
  readonly resource: Resource;
  end(): void;
}

/** Sessions that can be resumed, by their names (XEP-0198 §5). */
export class Resumables<Session extends Resumable> {
  /** How long a session waits for its client. */
  readonly keptMs: number;
  readonly #sessions = new Map<string, Session>();
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(keptMs: number) {
    this.keptMs = keptMs;
  }

  /** @returns the name */
  add(session: Session): string {
    const id = randomBytes(16).toString('hex');
    this.#sessions.set(id, session);
    return id;
  }

  /** The client is gone: the session ends when it does not come back. @returns false when too many wait */
  wait(id: string, session: Session): boolean {
    if (this.#timers.size >= MOST_WAITING) return false;
    this.#timers.set(id, setTimeout(() => session.end(), this.keptMs).unref());
    return true;
  }

  /** The session of that name, if it is the account's. It waits no longer. */
  take(id: string, account: string): Session | undefined {
    const session = this.#sessions.get(id);
    if (session?.resource.account !== account) return undefined;
    this.#stopTimer(id);
    return session;
  }

  remove(id: string): void {
    this.#sessions.delete(id);
    this.#stopTimer(id);
  }

  /** The server ends. */
  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#sessions.clear();
  }

  #stopTimer(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }
}
