import type { RunSettings } from '../config/run-variables.ts';
import type { Clock } from '../lib/time/clock.ts';
import { errorName, messageOf } from '../lib/errors.ts';
import { cut } from '../lib/text/foreign-text.ts';
import { digestOf, mixId } from '../lib/ids/id-digest.ts';
import type { IdDigest } from '../lib/ids/id-digest.ts';
import { IdSet } from '../lib/ids/id-set.ts';
import type { Counter } from '../metrics/metrics.ts';
import type { Scenario } from '../scenario/contract.ts';
import type { Watcher } from '../xmpp/session/session-parts.ts';
import { Arrivals } from './arrivals.ts';
import { AwaitedTraces } from './awaited-traces.ts';
import type { Traced, TraceWish } from './awaited-traces.ts';
import { EndedLog } from './ended-log.ts';
import type { EndedUsers } from './ended-log.ts';
import { ErrorSummary } from './error-summary.ts';
import type { ErrorCount } from './error-summary.ts';
import { isGone, nextState, noUsers } from './lifecycle.ts';
import type { EndKind, UserInput, UserState } from './lifecycle.ts';
import { Moves } from './moves.ts';
import { isRemoval } from './user.ts';
import type { PooledUser, User, UserEnvironment } from './user.ts';
import { makeUser } from './user-class.ts';

/** Maximum number of crashed users that are remembered one by one; the newest stay. */
const MOST_CRASHED = 10_000;

/** How many users are in each state; users that are gone are counted over the entire run. */
export type PoolCounts = Record<UserState, number>;

/** All users that a process should have. */
export interface DesiredUsers {
  staying: IdSet;
  leaving: IdSet;
  /** Users that continue elsewhere as soon as they have ended here. */
  moving: IdSet;
  /** Removals by force, the oldest first, whether those users are still here or not. */
  gone: readonly IdSet[];
  /** Missing users are started within this time. */
  withinMs: number;
}

/** One line of `users()`. */
export interface UserLine {
  id: number;
  state: UserState;
  repetitions: number;
  error?: string;
}

/** What a pool needs. */
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
  /** Called when {@link UserPool.takeEnded} has ends to report, and had none before. */
  onEnded: () => void;
  /** Called when users that move did not end their `start` in time, and were removed by force. */
  onOverdue?: (users: number) => void;
  /** Called before a user starts; when it returns `false`, all users have been dropped. @default always */
  mayStart?: () => boolean;
}

/** The users of one process, from their turn of the arrival rate to their end. */
export class UserPool {
  readonly #parts: PoolParts;
  readonly #users = new Map<number, PooledUser>();
  readonly #arrivals: Arrivals;
  /** Replacements of lost users, in a queue of their own, because they come faster than new users. */
  readonly #recovering: Arrivals;
  readonly #counts: PoolCounts = { ...noUsers };
  readonly #crashed = new Map<number, { error: string; repetitions: number }>();
  readonly #started: Counter;
  readonly errors = new ErrorSummary();
  #ended = new EndedLog();
  readonly #moves: Moves;
  readonly #awaited = new AwaitedTraces();
  #whenEmpty: (() => void)[] = [];

  constructor(parts: PoolParts) {
    this.#parts = parts;
    this.#moves = new Moves(parts.environment.wheel, (ids) => this.#expire(ids));
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
   * Adds users. Ids that are here already are left unchanged.
   *
   * @param withinMs for replacements: they are started within this time, whatever the pace
   */
  add(
    ids: IdSet,
    { delayMs = 0, withinMs }: { delayMs?: number; withinMs?: number | undefined },
  ): void {
    const fresh = this.size === 0 ? ids : this.#withoutPresent(ids);
    if (fresh.size === 0) return;
    if (withinMs === undefined) {
      this.#arrivals.add(fresh, delayMs);
      return;
    }
    this.#recovering.add(fresh);
    this.#recovering.setInterval(withinMs / Math.max(1, this.#recovering.size));
  }

  /** Removes users; ids that are not here are ignored. */
  remove(ids: IdSet, force: boolean): void {
    this.#unqueue(ids, 'removed');
    ids.forEach((id) => {
      const user = this.#users.get(id);
      if (user === undefined) return;
      if (force) user.remove();
      this.#apply(user, force ? 'kill' : 'remove');
    });
    this.#checkEmpty();
  }

  /**
   * Lets users continue in another process: running ones when their `start` ends, or when the setting
   * `stopTimeout` is over. Ids that are not here are ignored.
   */
  move(ids: IdSet): void {
    this.#unqueue(ids, 'moved');
    const movers: number[] = [];
    ids.forEach((id) => {
      const user = this.#users.get(id);
      if (user === undefined || !this.#apply(user, 'move')) return;
      if (user.state === 'moving') movers.push(id);
    });
    this.#moves.begin(movers, this.#parts.settings.stopTimeout);
    this.#checkEmpty();
  }

  /** Removes all users. @returns how many there were */
  removeAll(force: boolean): number {
    const { size } = this;
    this.remove(this.#present(), force);
    return size;
  }

  /** Drops all users without a report: they no longer belong to this process. @returns how many there were */
  dropAll(): number {
    const { size } = this;
    this.#drop(this.#present());
    return size;
  }

  /**
   * Repairs what differs from what the master wants.
   *
   * @param ended users whose end the master does not know yet, by report: they are not started again
   */
  reconcile(desired: DesiredUsers, ended: readonly IdSet[]): void {
    const { staying, leaving, moving, gone, withinMs } = desired;
    const present = this.#present();
    let told: readonly IdSet[] = [...ended, ...this.#ended.ids];
    const all = told.reduce((sum, ids) => sum.union(ids), IdSet.empty);
    let strangers = present.difference(staying).difference(leaving).difference(moving);
    let removed = IdSet.empty;
    for (const batch of gone) {
      let left = batch;
      told = told.map((ids) => {
        const known = ids.intersection(left);
        left = left.difference(known);
        return ids.difference(known);
      });
      const here = strangers.intersection(left);
      strangers = strangers.difference(here);
      removed = removed.union(here);
      // Users that were lost here with the lease have gone without a report.
      this.#tellGone(left.difference(here), 'removed');
    }
    this.#drop(strangers);
    this.remove(removed, true);
    this.remove(leaving, false);
    this.#tellGone(leaving.difference(all).difference(present), 'removed');
    this.move(moving);
    this.#tellGone(moving.difference(all).difference(present), 'moved');
    this.#keep(staying);
    this.add(staying.difference(all), { withinMs });
  }

  /** A digest that distinguishes the users that are here, and were not asked to leave, from others. */
  digest(): IdDigest {
    const queued = digestOf(this.#arrivals.all());
    const recovering = digestOf(this.#recovering.all());
    let count = queued.count + recovering.count;
    let sum = queued.sum + recovering.sum;
    for (const { id, state } of this.#users.values()) {
      if (state === 'leaving' || state === 'moving') continue;
      count++;
      sum = (sum + mixId(id)) >>> 0;
    }
    return { count, sum: sum >>> 0 };
  }

  /** While users are held, none of them starts: they may still run elsewhere. */
  setHeld(held: boolean): void {
    this.#arrivals.setHeld(held);
    this.#recovering.setHeld(held);
  }

  /** Changes the pace of new starts. */
  setPace(intervalMs: number, paused: boolean): void {
    this.#arrivals.setInterval(intervalMs);
    this.#arrivals.setPaused(paused);
    this.#recovering.setPaused(paused);
  }

  /** Resolves when no user is left. */
  whenEmpty(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => void this.#whenEmpty.push(resolve));
  }

  /** The users that ended since the last call. */
  takeEnded(): EndedUsers {
    return this.#ended.take((ids) => this.#presentOf(ids));
  }

  /** Whether {@link takeEnded} has ends to report. */
  get hasEnded(): boolean {
    return this.#ended.hasAny;
  }

  /** Counts an error that no `start` threw: a rejection in a timer that a user left behind. */
  strayError(error: unknown): void {
    // A wait that a removal by force ended is not an error.
    const kind = isRemoval(error) ? undefined : this.errors.add(error, { isStray: true });
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
      // A user that moves still runs.
      const isIn = state === its || (state === 'running' && its === 'moving');
      if (state === undefined || isIn) lines.push({ id, state: its, repetitions });
    }
    if (state === 'crashed') {
      for (const [id, { error, repetitions }] of this.#crashed) {
        lines.push({ id, state: 'crashed', repetitions, error });
      }
    }
    return lines.sort((a, b) => a.id - b.id).slice(0, limit);
  }

  /** Shows a user's stanzas to `watcher`, or stops that; a user that is not here can be waited for. */
  trace(wish: TraceWish, watcher: Watcher): Traced {
    return this.#awaited.trace(this.#users.get(wish.id), wish, watcher);
  }

  #present(): IdSet {
    return IdSet.of(this.#users.keys()).union(this.#arrivals.all()).union(this.#recovering.all());
  }

  #drop(ids: IdSet): void {
    if (ids.size === 0) return;
    this.#ended.noteDropped(ids);
    const ended = this.#ended;
    const before = this.#counts.removed;
    this.#ended = new EndedLog();
    this.remove(ids, true);
    this.#ended = ended;
    this.#counts.removed = before;
  }

  /** Removes users from the queues: they have not begun. */
  #unqueue(ids: IdSet, how: EndKind): void {
    for (const queue of [this.#arrivals, this.#recovering]) this.#tellGone(queue.remove(ids), how);
  }

  #tellGone(ids: IdSet, how: EndKind): void {
    ids.forEach((id) => {
      this.#counts[how]++;
      this.#noteEnd(how, id);
    });
  }

  /** Lets users stay that were about to move: the master that wanted the move is gone. */
  #keep(ids: IdSet): void {
    const stay = this.#moves.ids.filter((id) => ids.has(id));
    for (const id of stay) this.#apply(this.#users.get(id) as PooledUser, 'stay');
  }

  /** The time of users that move is over. */
  #expire(ids: readonly number[]): void {
    for (const id of ids) {
      const user = this.#users.get(id) as PooledUser;
      user.remove();
      this.#apply(user, 'expire');
    }
    this.#parts.onOverdue?.(ids.length);
  }

  #noteEnd(how: EndKind, id: number): void {
    if (this.#ended.note(how, id)) this.#parts.onEnded();
  }

  #presentOf(ids: Iterable<number>): IdSet {
    const queued = this.#arrivals.all().union(this.#recovering.all());
    return IdSet.of([...ids].filter((id) => this.#users.has(id) || queued.has(id)));
  }

  #withoutPresent(ids: IdSet): IdSet {
    const present: number[] = [];
    ids.forEach((id) => {
      if (this.#users.has(id)) present.push(id);
    });
    return ids
      .difference(IdSet.of(present))
      .difference(this.#arrivals.all())
      .difference(this.#recovering.all());
  }

  #admit(id: number): void {
    if (this.#parts.mayStart?.() === false) {
      this.#ended.noteDropped(IdSet.range(id, id));
      return;
    }
    const user = makeUser(id, this.#parts.environment);
    this.#users.set(id, user);
    user.trace(this.#awaited.take(id));
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
    try {
      const running = scenario.start(user.id, user as PooledUser & User, state);
      if (isThenable(running)) {
        running.then(
          () => this.#returned(user),
          (error: unknown) => this.#threw(user, error),
        );
      } else {
        // A start() that never waits must not occupy the event loop by repeating at once.
        this.#parts.clock.soon(() => this.#returned(user));
      }
    } catch (error) {
      this.#threw(user, error);
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
    // The user has crashed, whatever happens while the crash is noted.
    try {
      this.#noteCrash(user, error);
    } finally {
      this.#apply(user, 'threw');
      // Its connections end with it, as those of a crashed Erlang process do.
      user.remove();
    }
  }

  #noteCrash(user: PooledUser, error: unknown): void {
    const kind = this.errors.add(error);
    const { metrics } = this.#parts.environment;
    metrics.counter('users_crashed_by', { error: errorName(error) }).add();
    this.#crashed.set(user.id, {
      error: `${errorName(error)}: ${cut(messageOf(error), 300)}`,
      repetitions: user.repetitions,
    });
    if (this.#crashed.size > MOST_CRASHED) {
      this.#crashed.delete(this.#crashed.keys().next().value as number);
    }
    if (kind !== undefined) this.#parts.onNewError(kind, error, user.id);
  }

  /** Moves a user along the table. @returns false when the input has no effect in its state */
  #apply(user: PooledUser, input: UserInput): boolean {
    const next = nextState(user.state, input);
    if (next === undefined) return false;
    this.#counts[user.state]--;
    this.#counts[next]++;
    if (user.state === 'moving') this.#moves.end(user.id);
    user.state = next;
    if (!isGone(next)) return true;
    if (user.repeat !== undefined) this.#parts.environment.wheel.cancel(user.repeat);
    this.#users.delete(user.id);
    this.#noteEnd(next, user.id);
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

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
