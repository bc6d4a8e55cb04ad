import { errorName, messageOf } from '../lib/errors.ts';
import { cut } from '../lib/text/foreign-text.ts';
import type { MetricsRegistry } from '../metrics/metrics.ts';
import { ErrorSummary } from './error-summary.ts';
import type { ErrorCount } from './error-summary.ts';
import { isRemoval } from './user.ts';

/** Maximum number of crashed users that are remembered one by one; the newest stay. */
const MAX_CRASHED = 10_000;

/** A user that crashed. */
export interface CrashedUser {
  id: number;
  /** Name and message, cut. */
  error: string;
  repetitions: number;
}

/** Called once for each new kind of error; `id`: the user that crashed with it, if one did. */
export type OnNewError = (error: ErrorCount, cause: unknown, id: number | undefined) => void;

/** Counts the errors of a process's users by kind, and remembers which users have crashed. */
export class Crashes {
  readonly errors = new ErrorSummary();
  readonly #metrics: MetricsRegistry;
  readonly #onNewError: OnNewError;
  readonly #users = new Map<number, CrashedUser>();

  constructor(metrics: MetricsRegistry, onNewError: OnNewError) {
    this.#metrics = metrics;
    this.#onNewError = onNewError;
  }

  /** A user's `start` threw. */
  note({ id, repetitions }: { id: number; repetitions: number }, error: unknown): void {
    const kind = this.errors.add(error);
    this.#metrics.counter('users_crashed_by', { error: errorName(error) }).add();
    const text = `${errorName(error)}: ${cut(messageOf(error), 300)}`;
    this.#users.set(id, { id, error: text, repetitions });
    if (this.#users.size > MAX_CRASHED) {
      this.#users.delete(this.#users.keys().next().value as number);
    }
    if (kind !== undefined) this.#onNewError(kind, error, id);
  }

  /** Counts an error that no `start` threw: a rejection in a timer that a user left behind. */
  noteStray(error: unknown): void {
    // A wait that a removal by force ended is not an error.
    const kind = isRemoval(error) ? undefined : this.errors.add(error, { isStray: true });
    if (kind !== undefined) this.#onNewError(kind, error, undefined);
  }

  /** A user with this id starts again. */
  forget(id: number): void {
    this.#users.delete(id);
  }

  /** The users that crashed and have not been started again. */
  all(): Iterable<CrashedUser> {
    return this.#users.values();
  }
}
