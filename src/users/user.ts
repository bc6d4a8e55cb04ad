import { types } from 'node:util';
import type { Settings, SettingsOf, Variables } from '../config/variable.ts';
import type { DriverRun, LoadedDriver, Resource, UserHost, Watcher } from '../drivers/mod.ts';
import type { UserFunctionTable } from '../features/feature.ts';
import type { UserFunctions } from '../features/index.ts';
import { attempt } from '../lib/time/async.ts';
import { toMs } from '../lib/time/duration.ts';
import type { Duration } from '../lib/time/duration.ts';
import { AmocError } from '../lib/errors.ts';
import { seededRandom } from '../lib/ids/random.ts';
import type { Random } from '../lib/ids/random.ts';
import { quote } from '../lib/text/quote.ts';
import type { TimerWheel, WheelTimer } from '../lib/time/timer-wheel.ts';
import type { MetricsRegistry } from '../metrics/metrics.ts';
import type { Log } from '../scenario/contract.ts';
import type { UserState } from './lifecycle.ts';
import { timetable } from './timetable.ts';
import type { TimetableEntry } from './timetable.ts';

/** Thrown by every wait of a user that was removed by force. */
export class UserRemoved extends AmocError {
  override readonly name = 'UserRemoved';

  constructor(id: number) {
    super('REMOVED', `user ${id} was removed`);
  }
}

/**
 * Whether a removal by force ended a wait, which is not an error. `error` may be anything that was thrown.
 */
export function isRemoval(error: unknown): error is UserRemoved {
  return types.isNativeError(error) && error instanceof UserRemoved;
}

/**
 * One user, as `start(id, user)` sees it, but for what drivers add to it. Every wait on it rejects with `UserRemoved` when the user is
 * removed by force; everything that it opened is closed at the end of each `start`.
 */
export interface User<V extends Variables = Variables> extends UserFunctions {
  readonly id: number;
  /** The process that the user lives in: `local/1`. */
  readonly node: string;
  /** The run's settings, this scenario's own variables included. */
  readonly settings: SettingsOf<V>;
  /** Numbers that are the same in every run with the same seed and id. */
  readonly random: Random;
  readonly log: Log;
  /** Counters, gauges and histograms of this process. */
  readonly metrics: Pick<MetricsRegistry, 'counter' | 'gauge' | 'histogram'>;
  /** Aborted when the user is removed by force: for `fetch` and the like. */
  readonly signal: AbortSignal;
  /**
   * The row of a list that belongs to this user: the same row in every process, whatever the placement, and
   * at each repetition. Ids beyond the end of the list begin again at its first row.
   *
   * @throws {AmocError} `ARGUMENT` when the list is empty
   * @example
   * const { name, password } = user.row(accounts);
   */
  row<T>(rows: readonly T[]): T;
  /** Waits. @param duration milliseconds, or `'20s'` */
  sleep(duration: Duration): Promise<void>;
  /**
   * Runs `work` and records its duration in the histogram `name`; failures are not recorded.
   *
   * @param options `since`: when it should have begun, by `performance.now()`, as {@link every} gives it: a
   * delay before it then counts as well
   */
  timed<T>(name: string, work: () => PromiseLike<T>, options?: { since?: number }): Promise<T>;
  /**
   * The moments of a loop at a fixed rate, the first one now: each comes when it is due, or at once when the
   * previous work took too long; none is left out.
   *
   * @example
   * for await (const due of user.every('1s')) await user.timed('ping', () => ping(), { since: due });
   */
  every(interval: Duration): AsyncGenerator<number, never, void>;
  /**
   * Does several things at their times, merged into one order: `count` events of each entry, one per
   * interval. An event that is due while another one is being done follows it at once; none is left out.
   *
   * @throws {AmocError} `ARGUMENT` for an invalid count or time
   * @example
   * await user.timetable([
   *   { count: 10, every: '5s', do: (due) => session.send(chatTo(friend, 'hello', { since: due })) },
   *   { count: 2, every: '20s', after: '1s', do: () => session.sendIq(roster.get()) },
   * ]);
   */
  timetable(entries: readonly TimetableEntry[]): Promise<void>;
  /** Calls `close` at the end of this `start`, however it ends. */
  onEnd(close: () => unknown): void;
}

/** What all users of a process share. */
export interface UserEnvironment {
  readonly node: string;
  readonly seed: number;
  readonly settings: Settings;
  readonly wheel: TimerWheel;
  readonly metrics: MetricsRegistry;
  /** The protocols that the users speak, and each of them as it is open in this run. */
  readonly drivers: readonly LoadedDriver[];
  readonly opened: readonly DriverRun[];
  readonly log: (level: keyof Log, id: number, message: string, fields?: object) => void;
  /** What the features of the run add to each user. */
  readonly functions?: UserFunctionTable;
}

/** The {@link User} of the pool: small, because there are a hundred thousand. */
export class PooledUser implements Omit<User, keyof UserFunctions>, UserHost {
  readonly id: number;
  /** The pool's own notes; they are here because one more object for each user would take memory. */
  state: UserState = 'starting';
  repetitions = 0;
  repeat: WheelTimer | undefined;
  readonly #environment: UserEnvironment;
  #controller: AbortController | undefined;
  #random: Random | undefined;
  #log: Log | undefined;
  /** Most users wait for one thing at a time, which needs no set. */
  #wait: WheelTimer | undefined;
  #moreWaits: Set<WheelTimer> | undefined;
  /** Most users have one connection open, which needs no set. */
  #open: Resource | undefined;
  #moreOpen: Set<Resource> | undefined;
  #watcher: Watcher | undefined;
  #removed = false;

  constructor(id: number, environment: UserEnvironment) {
    this.id = id;
    this.#environment = environment;
  }

  get node(): string {
    return this.#environment.node;
  }

  get settings(): SettingsOf<Variables> {
    return this.#environment.settings;
  }

  get metrics(): MetricsRegistry {
    return this.#environment.metrics;
  }

  get random(): Random {
    return (this.#random ??= seededRandom(this.#environment.seed, this.id));
  }

  get log(): Log {
    const { log } = this.#environment;
    return (this.#log ??= {
      debug: (message, fields) => log('debug', this.id, message, fields),
      info: (message, fields) => log('info', this.id, message, fields),
      warn: (message, fields) => log('warn', this.id, message, fields),
      error: (message, fields) => log('error', this.id, message, fields),
    });
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#removed) this.#controller.abort(new UserRemoved(this.id));
    }
    return this.#controller.signal;
  }

  row<T>(rows: readonly T[]): T {
    // Data may have been read without types.
    if (!Array.isArray(rows)) throw new AmocError('ARGUMENT', `row: ${quote(rows)} is not a list`);
    if (rows.length === 0) throw new AmocError('ARGUMENT', 'row: the list is empty');
    return rows[(this.id - 1) % rows.length] as T;
  }

  sleep(duration: Duration): Promise<void> {
    const ms = toMs(duration);
    if (this.#removed) return Promise.reject(new UserRemoved(this.id));
    const promise = new Promise<undefined>(takeEnds) as Promise<unknown> as Promise<void>;
    this.#plan(ms, lastResolve).giveUp = lastReject;
    return promise;
  }

  async timed<T>(
    name: string,
    work: () => PromiseLike<T>,
    { since }: { since?: number } = {},
  ): Promise<T> {
    const began = since ?? performance.now();
    const result = await work();
    this.metrics.histogram(name).record(performance.now() - began);
    return result;
  }

  async *every(interval: Duration): AsyncGenerator<number, never, void> {
    const ms = toMs(interval);
    if (!(ms > 0)) throw new AmocError('ARGUMENT', 'every: the interval must be above 0');
    for (let due = performance.now(); ; due += ms) {
      const left = due - performance.now();
      if (left > 0) await this.sleep(left);
      else if (this.#removed) throw new UserRemoved(this.id);
      yield due;
    }
  }

  async timetable(entries: readonly TimetableEntry[]): Promise<void> {
    const { wheel } = this.#environment;
    const began = wheel.now();
    for (const { at, index, entry } of timetable(entries, this.random)) {
      const due = began + at;
      const left = due - wheel.now();
      if (left > 0) await this.sleep(left);
      else if (this.#removed) throw new UserRemoved(this.id);
      await entry.do(due, index);
    }
  }

  onEnd(close: () => unknown): void {
    this.hold(close);
  }

  /** The facet of a driver, by the driver's place in the list. */
  facet(driver: number): object {
    return (this.#environment.opened[driver] as DriverRun).facet(this);
  }

  get watcher(): Watcher | undefined {
    return this.#watcher;
  }

  demandPresent(): void {
    if (this.#removed) throw this.removal();
  }

  isRemoved(): boolean {
    return this.#removed;
  }

  removal(): UserRemoved {
    return new UserRemoved(this.id);
  }

  hold(resource: Resource): void {
    if (this.#open === undefined) this.#open = resource;
    else (this.#moreOpen ??= new Set()).add(resource);
    if (this.#watcher !== undefined) this.#watch(resource);
  }

  release(resource: Resource): void {
    if (this.#open === resource) this.#open = undefined;
    else this.#moreOpen?.delete(resource);
  }

  /** For features; see `FeatureUser`. @throws {UserRemoved} */
  untilEnd(end: (why: Error) => void): () => void {
    if (this.#removed) throw new UserRemoved(this.id);
    const close = (): void => end(new UserRemoved(this.id));
    this.hold(close);
    return () => this.release(close);
  }

  /** For the pool: the end of one `start`. Failures to close are ignored. */
  async closeAll(): Promise<void> {
    const all = this.#allOpen();
    this.#open = undefined;
    this.#moreOpen = undefined;
    await Promise.allSettled(all.map((each) => attempt(() => this.#closeOne(each))));
  }

  /** Whether {@link closeAll} has anything to do. */
  get holdsNothing(): boolean {
    return this.#open === undefined && (this.#moreOpen?.size ?? 0) === 0;
  }

  /** Shows the user's traffic to `watcher`, also that of later connections; stops that when it is left out. */
  trace(watcher: Watcher | undefined): void {
    const wasTraced = this.isTraced;
    this.#watcher = watcher;
    // Connections that are watched already look the new watcher up.
    if (watcher === undefined || wasTraced) return;
    for (const each of this.#allOpen()) this.#watch(each);
  }

  get isTraced(): boolean {
    return this.#watcher !== undefined;
  }

  /** For the pool: removal by force. Every wait rejects, every connection is dropped. */
  remove(): void {
    this.#removed = true;
    const error = new UserRemoved(this.id);
    for (const wait of [this.#wait, ...(this.#moreWaits ?? [])]) {
      if (wait === undefined) continue;
      const { giveUp } = wait;
      this.#environment.wheel.cancel(wait);
      giveUp?.(error);
    }
    this.#wait = undefined;
    this.#moreWaits = undefined;
    this.#controller?.abort(error);
    void this.closeAll();
  }

  #watch(resource: Resource): void {
    if (typeof resource === 'function') return;
    const stop = resource.watch?.((direction, text) => {
      if (this.#watcher === undefined) stop?.();
      else this.#watcher(direction, text);
    });
  }

  #closeOne(each: Resource): unknown {
    if (typeof each === 'function') return each();
    if (!this.#removed) return each.close();
    each.kill();
    return undefined;
  }

  #allOpen(): Resource[] {
    return [...(this.#open === undefined ? [] : [this.#open]), ...(this.#moreOpen ?? [])];
  }

  #plan(ms: number, resolve: () => void): WheelTimer {
    const { wheel } = this.#environment;
    const wait = this.#wait;
    if (wait === undefined) return (this.#wait = wheel.schedule(ms, resolve));
    if (wait.fire !== undefined) return this.#joinSleep(wheel.schedule(ms, resolve));
    // A wait that has fired is over, and is used again.
    wheel.reschedule(wait, ms, resolve);
    return wait;
  }

  #joinSleep(wait: WheelTimer): WheelTimer {
    const waits = (this.#moreWaits ??= new Set());
    for (const each of waits) if (each.fire === undefined) waits.delete(each);
    waits.add(wait);
    return wait;
  }
}

/** The ends of the promise made last: an executor for each sleep would be two more objects. */
let lastResolve: () => void;
let lastReject: (reason: unknown) => void;

function takeEnds(resolve: (value: undefined) => void, reject: (reason: unknown) => void): void {
  lastResolve = resolve as () => void;
  lastReject = reject;
}
