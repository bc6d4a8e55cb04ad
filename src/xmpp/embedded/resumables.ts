import { randomBytes } from 'node:crypto';
import type { Resource } from './sessions.ts';

/** Maximum number of sessions that wait for their client; a further one ends at once. */
const MAX_WAITING = 10_000;

/** A session that can outlive its stream. */
export interface Resumable {
  readonly resource: Resource;
  end(): void;
}

/** Sessions that can be resumed, by their ids (XEP-0198 §5). */
export class Resumables<Session extends Resumable> {
  /** How long a session waits for its client. */
  readonly keptMs: number;
  readonly #sessions = new Map<string, Session>();
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(keptMs: number) {
    this.keptMs = keptMs;
  }

  /** @returns the id */
  add(session: Session): string {
    const id = randomBytes(16).toString('hex');
    this.#sessions.set(id, session);
    return id;
  }

  /** The client is gone: the session ends unless the client comes back. @returns false when too many wait */
  wait(id: string, session: Session): boolean {
    if (this.#timers.size >= MAX_WAITING) return false;
    this.#timers.set(id, setTimeout(() => session.end(), this.keptMs).unref());
    return true;
  }

  /** The session with that id, if it is the account's. It no longer waits. */
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

  /** Called when the server ends. */
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
