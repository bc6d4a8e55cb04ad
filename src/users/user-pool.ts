import type { RunSettings } from '../config/run-variables.ts';
import type { Watcher } from '../drivers/mod.ts';
import { deferred, isThenable } from '../lib/time/async.ts';
import type { Deferred } from '../lib/time/async.ts';
import type { Clock } from '../lib/time/clock.ts';
import { mixId } from '../lib/ids/id-digest.ts';
import type { IdDigest } from '../lib/ids/id-digest.ts';
import { IdSet } from '../lib/ids/id-set.ts';
import type { Counter } from '../metrics/metrics.ts';
import type { Scenario } from '../scenario/contract.ts';
import { ArrivalQueues } from './arrival-queues.ts';
import { AwaitedTraces } from './awaited-traces.ts';
import type { Traced, TraceWish } from './awaited-traces.ts';
import { Crashes } from './crashes.ts';
import type { OnNewError } from './crashes.ts';
import { EndedLog } from './ended-log.ts';
import type { EndedUsers } from './ended-log.ts';
import type { ErrorSummary } from './error-summary.ts';
import { isGone, nextState, noUsers } from './lifecycle.ts';
import type { EndKind, UserInput, UserState } from './lifecycle.ts';
import { Moves } from './moves.ts';
import { reconcile } from './reconcile.ts';
import type { DesiredUsers } from './reconcile.ts';
import type { PooledUser, User, UserEnvironment } from './user.ts';
import { makeUser } from './user-class.ts';
import { listUsers } from './user-list.ts';
import type { UserLine } from './user-list.ts';

/** How many users are in each state; users that are gone are counted over the entire run. */
export type PoolCounts = Record<UserState, number>;

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
  onNewError: OnNewError;
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
  readonly #queues: ArrivalQueues;
  readonly #counts: PoolCounts = { ...noUsers };
  readonly #crashes: Crashes;
  readonly #started: Counter;
  #ended = new EndedLog();
  readonly #moves: Moves;
  readonly #awaited = new AwaitedTraces();
  #emptied: Deferred<undefined> | undefined;

  constructor(parts: PoolParts) {
    this.#parts = parts;
    const { metrics, wheel } = parts.environment;
    this.#crashes = new Crashes(metrics, parts.onNewError);
    this.#moves = new Moves(wheel, (ids) => this.#expire(ids));
    this.#started = metrics.counter('users_started');
    this.#queues = new ArrivalQueues(parts.clock, parts.intervalMs, (id) => this.#admit(id));
  }

  /** The kinds of errors of the users. */
  get errors(): ErrorSummary {
    return this.#crashes.errors;
  }

  /** How many users are in each state. */
  get counts(): PoolCounts {
    return { ...this.#counts, starting: this.#queues.size };
  }

  /** Users that are not gone. */
  get size(): number {
    return this.#users.size + this.#queues.size;
  }

  /**
   * Adds users. Ids that are here already are left unchanged.
   *
   * @param withinMs for replacements: they are started within this time, whatever the pace
   */
  add(ids: IdSet, when: { delayMs?: number; withinMs?: number | undefined }): void {
    const fresh = this.size === 0 ? ids : this.#withoutPresent(ids);
    if (fresh.size > 0) this.#queues.add(fresh, when);
  }

  /** Removes users; ids that are not here are ignored. */
  remove(ids: IdSet, force: boolean): void {
    this.#tellGone(this.#queues.remove(ids), 'removed');
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
    this.#tellGone(this.#queues.remove(ids), 'moved');
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
   * Repairs what differs from what the master wants; {@link reconcile} decides.
   *
   * @param ended users whose end the master does not know yet, by report: they are not started again
   */
  reconcile(
    { withinMs, ...desired }: DesiredUsers & { withinMs: number },
    ended: readonly IdSet[],
  ): void {
    const repairs = reconcile(this.#present(), desired, [...ended, ...this.#ended.ids]);
    for (const { how, ids } of repairs.tell) this.#tellGone(ids, how);
    this.#drop(repairs.drop);
    this.remove(repairs.remove, true);
    this.remove(repairs.leave, false);
    this.move(repairs.move);
    this.#keep(repairs.keep);
    this.add(repairs.add, { withinMs });
  }

  /** A digest that distinguishes the users that are here, and were not asked to leave, from others. */
  digest(): IdDigest {
    let { count, sum } = this.#queues.digest();
    for (const { id, state } of this.#users.values()) {
      if (state === 'leaving' || state === 'moving') continue;
      count++;
      sum = (sum + mixId(id)) >>> 0;
    }
    return { count, sum: sum >>> 0 };
  }

  /** While users are held, none of them starts: they may still run elsewhere. */
  setHeld(held: boolean): void {
    this.#queues.setHeld(held);
  }

  /** Changes the pace of new starts. */
  setPace(intervalMs: number, paused: boolean): void {
    this.#queues.setPace(intervalMs, paused);
  }

  /** Resolves when no user is left. */
  whenEmpty(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    this.#emptied ??= deferred<undefined>();
    return this.#emptied.promise;
  }

  /** The users that ended since the last call. */
  takeEnded(): EndedUsers {
    const queued = this.#queues.all();
    const isHere = (id: number): boolean => this.#users.has(id) || queued.has(id);
    return this.#ended.drain((ids) => IdSet.of([...ids].filter(isHere)));
  }

  /** Whether {@link takeEnded} has ends to report. */
  get hasEnded(): boolean {
    return this.#ended.hasAny;
  }

  /** Counts an error that no `start` threw: a rejection in a timer that a user left behind. */
  strayError(error: unknown): void {
    this.#crashes.noteStray(error);
  }

  /** The lowest `limit` users in `state`, or in any. */
  list(state: UserState | undefined, limit: number): UserLine[] {
    const [started, crashed] = [this.#users.values(), this.#crashes.all()];
    return listUsers({ queued: () => this.#queues.all(), started, crashed }, state, limit);
  }

  /** Shows a user's traffic to `watcher`, or stops that; a user that is not here can be waited for. */
  trace(wish: TraceWish, watcher: Watcher): Traced {
    return this.#awaited.trace(this.#users.get(wish.id), wish, watcher);
  }

  #present(): IdSet {
    return IdSet.of(this.#users.keys()).union(this.#queues.all());
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

  #tellGone(ids: IdSet, how: EndKind): void {
    ids.forEach((id) => {
      this.#counts[how]++;
      this.#noteEnd(how, id);
    });
  }

  /** Lets users stay that were about to move: the master that wanted the move is gone. */
  #keep(ids: IdSet): void {
    for (const id of this.#moves.ids) {
      if (ids.has(id)) this.#apply(this.#users.get(id) as PooledUser, 'stay');
    }
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

  #withoutPresent(ids: IdSet): IdSet {
    const started = ids.toArray().filter((id) => this.#users.has(id));
    return this.#queues.without(ids.difference(IdSet.ofSorted(started)));
  }

  #admit(id: number): void {
    if (this.#parts.mayStart?.() === false) {
      this.#ended.noteDropped(IdSet.range(id, id));
      return;
    }
    const user = makeUser(id, this.#parts.environment);
    this.#users.set(id, user);
    user.trace(this.#awaited.pop(id));
    // `starting` is counted by the queue's length.
    this.#counts.starting++;
    this.#crashes.forget(id);
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
      this.#crashes.note(user, error);
    } finally {
      this.#apply(user, 'threw');
      // Its connections end with it, as those of a crashed Erlang process do.
      user.remove();
    }
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
    if (this.#emptied === undefined || this.size > 0) return;
    this.#emptied.resolve(undefined);
    this.#emptied = undefined;
  }
}
