import type { RunSettings } from '../config/run-variables.ts';
import { deferred } from '../lib/abort.ts';
import type { Clock } from '../lib/clock.ts';
import { errorName, messageOf } from '../lib/errors.ts';
import { IdSet } from '../lib/id-set.ts';
import type { Counter } from '../metrics/metrics.ts';
import type { Scenario } from '../scenario/contract.ts';
import { Arrivals } from './arrivals.ts';
import { ErrorSummary } from './error-summary.ts';
import type { ErrorCount } from './error-summary.ts';
import { isGone, nextState } from './lifecycle.ts';
import type { UserInput, UserState } from './lifecycle.ts';
import { PooledUser } from './user.ts';
import type { User, UserEnvironment } from './user.ts';

/** Crashed users that are remembered one by one; the newest stay. */
const MOST_CRASHED = 10_000;

/** How many users are in each state; the last three count the whole run. */
export type PoolCounts = Record<UserState, number>;

/** Who ended since the last report. */
export interface EndedUsers {
  finished: IdSet;
  crashed: IdSet;
  removed: IdSet;
  /** Those of them that were taken in again, and are here. */
  back: IdSet;
}

/** One line of `users()`. */
export interface UserLine {
  id: number;
  state: UserState;
  repetitions: number;
  error?: string;
}

/** What a pool is made of. */
export interface PoolParts {
  scenario: Scenario<User>;
  /** What `init` returned. */
  state: unknown;
  environment: UserEnvironment;
  /** Live: an update changes the object. */
  settings: RunSettings;
  clock: Clock;
  intervalMs: number;
  /** Called once for each new kind of error. */
  onNewError: (error: ErrorCount, cause: unknown, id: number | undefined) => void;
}

/** The users of one process, from their turn of the arrival rate to their end. */
export class UserPool {
  readonly #parts: PoolParts;
  readonly #users = new Map<number, PooledUser>();
  readonly #arrivals: Arrivals;
  /** Replacements of lost users: apart, because they come faster than new ones. */
  readonly #recovering: Arrivals;
  readonly #counts: PoolCounts = {
    starting: 0,
    running: 0,
    waiting: 0,
    leaving: 0,
    finished: 0,
    removed: 0,
    crashed: 0,
  };
  readonly #crashed = new Map<number, { error: string; repetitions: number }>();
  readonly #started: Counter;
  readonly errors = new ErrorSummary();
  #ended: Record<'finished' | 'crashed' | 'removed', number[]> = newEnded();
  #whenEmpty: (() => void)[] = [];

  constructor(parts: PoolParts) {
    this.#parts = parts;
    this.#started = parts.environment.metrics.counter('users_started');
    const start = (id: number): void => this.#admit(id);
    this.#arrivals = new Arrivals(parts.clock, parts.intervalMs, start);
    this.#recovering = new Arrivals(parts.clock, 0, start);
  }

  /** How many users are in each state. */
  get counts(): PoolCounts {
    return { ...this.#counts, starting: this.#arrivals.size + this.#recovering.size };
  }

  /** Users that are not gone. */
  get size(): number {
    return this.#users.size + this.#arrivals.size + this.#recovering.size;
  }

  /**
   * Takes users in. Ids that are here already are left as they are.
   *
   * @param withinMs replacements: started within this time whatever the pace
   */
  add(
    ids: IdSet,
    { delayMs = 0, withinMs }: { delayMs?: number; withinMs?: number | undefined },
  ): void {
    const fresh = this.#users.size === 0 ? ids : this.#withoutPresent(ids);
    if (withinMs === undefined) {
      this.#arrivals.add(fresh, delayMs);
      return;
    }
    this.#recovering.add(fresh);
    this.#recovering.setInterval(withinMs / Math.max(1, this.#recovering.size));
  }

  /** Removes users; ids that are not here are ignored. */
  remove(ids: IdSet, force: boolean): void {
    for (const queue of [this.#arrivals, this.#recovering]) {
      queue.remove(ids).forEach((id) => {
        this.#counts.removed++;
        this.#ended.removed.push(id);
      });
    }
    ids.forEach((id) => {
      const user = this.#users.get(id);
      if (user === undefined) return;
      if (force) user.remove();
      this.#apply(user, force ? 'kill' : 'remove');
    });
    this.#checkEmpty();
  }

  /** Removes everybody. @returns how many there were */
  removeAll(force: boolean): number {
    const { size } = this;
    const ids = IdSet.of(this.#users.keys());
    this.remove(ids.union(this.#arrivals.all()).union(this.#recovering.all()), force);
    return size;
  }

  /** Changes the pace of new starts. */
  setPace(intervalMs: number, paused: boolean): void {
    this.#arrivals.setInterval(intervalMs);
    this.#arrivals.setPaused(paused);
    this.#recovering.setPaused(paused);
  }

  /** Resolves when nobody is left. */
  whenEmpty(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    const empty = deferred<undefined>();
    this.#whenEmpty.push(() => empty.resolve(undefined));
    return empty.promise;
  }

  /** Who ended since the last call. */
  takeEnded(): EndedUsers {
    const ended = this.#ended;
    this.#ended = newEnded();
    return {
      finished: IdSet.of(ended.finished),
      crashed: IdSet.of(ended.crashed),
      removed: IdSet.of(ended.removed),
      back: this.#presentOf([...ended.finished, ...ended.crashed, ...ended.removed]),
    };
  }

  /** Whether {@link takeEnded} has anybody to tell of. */
  get hasEnded(): boolean {
    const { finished, crashed, removed } = this.#ended;
    return finished.length + crashed.length + removed.length > 0;
  }

  /** Counts an error that no `start` answers for: a rejection in a timer that a user left behind. */
  strayError(error: unknown): void {
    const kind = this.errors.add(error);
    if (kind !== undefined) this.#parts.onNewError(kind, error, undefined);
  }

  /** The lowest `limit` users in `state`, or in any. */
  list(state: UserState | undefined, limit: number): UserLine[] {
    const lines: UserLine[] = [];
    if (state === undefined || state === 'starting') {
      const queued = this.#arrivals.all().union(this.#recovering.all());
      for (const id of queued.toArray().slice(0, limit)) {
        lines.push({ id, state: 'starting', repetitions: 0 });
      }
    }
    for (const { id, state: its, repetitions } of this.#users.values()) {
      if (state === undefined || state === its) lines.push({ id, state: its, repetitions });
    }
    if (state === 'crashed') {
      for (const [id, { error, repetitions }] of this.#crashed) {
        lines.push({ id, state: 'crashed', repetitions, error });
      }
    }
    return lines.sort((a, b) => a.id - b.id).slice(0, limit);
  }

  #presentOf(ids: readonly number[]): IdSet {
    const queued = this.#arrivals.all().union(this.#recovering.all());
    return IdSet.of(ids.filter((id) => this.#users.has(id) || queued.has(id)));
  }

  #withoutPresent(ids: IdSet): IdSet {
    const present: number[] = [];
    ids.forEach((id) => {
      if (this.#users.has(id)) present.push(id);
    });
    return ids.difference(IdSet.of(present));
  }

  #admit(id: number): void {
    const user = new PooledUser(id, this.#parts.environment);
    this.#users.set(id, user);
    // `starting` is counted by the queue's length.
    this.#counts.starting++;
    this.#crashed.delete(id);
    this.#started.add();
    this.#begin(user);
  }

  #begin(user: PooledUser): void {
    user.repeat = undefined;
    if (!this.#apply(user, 'begin')) return;
    const { scenario, state } = this.#parts;
    let running: unknown;
    try {
      running = scenario.start(user.id, user, state);
    } catch (error) {
      this.#threw(user, error);
      return;
    }
    if (isThenable(running)) {
      running.then(
        () => this.#returned(user),
        (error: unknown) => this.#threw(user, error),
      );
    } else {
      // A start() that never waits must not keep the loop to itself by repeating at once.
      this.#parts.clock.soon(() => this.#returned(user));
    }
  }

  #returned(user: PooledUser): void {
    if (isGone(user.state)) return;
    if (user.holdsNothing) this.#settle(user);
    else void user.closeAll().then(() => this.#settle(user));
  }

  #settle(user: PooledUser): void {
    if (isGone(user.state)) return;
    user.repetitions++;
    const { repeatCount, repeatInterval } = this.#parts.settings;
    const isLast = repeatCount > 0 && user.repetitions >= repeatCount;
    if (!this.#apply(user, isLast ? 'completed' : 'returned')) return;
    if (user.state !== 'waiting') return;
    user.repeat = this.#parts.environment.wheel.schedule(repeatInterval, () => this.#begin(user));
  }

  #threw(user: PooledUser, error: unknown): void {
    if (isGone(user.state)) return;
    const kind = this.errors.add(error);
    if (kind !== undefined) this.#parts.onNewError(kind, error, user.id);
    this.#crashed.set(user.id, {
      error: `${errorName(error)}: ${messageOf(error).slice(0, 300)}`,
      repetitions: user.repetitions,
    });
    if (this.#crashed.size > MOST_CRASHED) {
      this.#crashed.delete(this.#crashed.keys().next().value as number);
    }
    this.#apply(user, 'threw');
    // Its connections end with it, as those of a crashed Erlang process do.
    user.remove();
  }

  /** Moves a user along the table. @returns false when the input means nothing in its state */
  #apply(user: PooledUser, input: UserInput): boolean {
    const next = nextState(user.state, input);
    if (next === undefined) return false;
    this.#counts[user.state]--;
    this.#counts[next]++;
    user.state = next;
    if (!isGone(next)) return true;
    if (user.repeat !== undefined) this.#parts.environment.wheel.cancel(user.repeat);
    this.#users.delete(user.id);
    this.#ended[next].push(user.id);
    this.#checkEmpty();
    return true;
  }

  #checkEmpty(): void {
    if (this.#whenEmpty.length === 0 || this.size > 0) return;
    const waiting = this.#whenEmpty;
    this.#whenEmpty = [];
    for (const tell of waiting) tell();
  }
}

function newEnded(): Record<'finished' | 'crashed' | 'removed', number[]> {
  return { finished: [], crashed: [], removed: [] };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
