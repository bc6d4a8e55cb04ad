import type { Settings, SettingsOf, Variables } from '../config/variable.ts';
import type { XmppSettings } from '../config/run-variables.ts';
import { attempt } from '../lib/abort.ts';
import { toMs } from '../lib/duration.ts';
import type { Duration } from '../lib/duration.ts';
import { AmocError } from '../lib/errors.ts';
import { seededRandom } from '../lib/random.ts';
import type { Random } from '../lib/random.ts';
import type { TimerWheel, WheelTimer } from '../lib/timer-wheel.ts';
import type { MetricsRegistry } from '../metrics/metrics.ts';
import type { Log } from '../scenario/contract.ts';
import { connect, register } from '../xmpp/connect.ts';
import type { ConnectContext } from '../xmpp/connect.ts';
import type { Session, SessionObserver } from '../xmpp/session.ts';
import type { UserState } from './lifecycle.ts';
import { connectOptions, fill } from './target.ts';
import type { UserConnectOptions } from './target.ts';

/** Thrown by every wait of a user that was removed by force. */
export class UserRemoved extends AmocError {
  override readonly name = 'UserRemoved';

  constructor(id: number) {
    super('REMOVED', `user ${id} was removed`);
  }
}

/**
 * One user, as `start(id, user)` sees it. Every wait on it rejects with `UserRemoved` when the user is
 * removed by force; what it opened is closed at the end of each `start`.
 */
export interface User<V extends Variables = Variables> {
  readonly id: number;
  /** The process that it lives in: `local/1`. */
  readonly node: string;
  /** The run's settings, this scenario's own variables included. */
  readonly settings: SettingsOf<V>;
  /** Numbers that are the same in every run with the same seed and id. */
  readonly random: Random;
  readonly log: Log;
  /** Counters and histograms of this process. */
  readonly metrics: Pick<MetricsRegistry, 'counter' | 'histogram'>;
  /** Aborted when the user is removed by force: for `fetch` and the like. */
  readonly signal: AbortSignal;
  /** The user's bare JID. */
  readonly jid: string;
  /** The bare JID of another user. */
  jidOf(id: number): string;
  /** Waits. @param duration milliseconds, or `'20s'` */
  sleep(duration: Duration): Promise<void>;
  /** Runs `work` and records how long it took, in the histogram `name`; failures are not recorded. */
  timed<T>(name: string, work: () => PromiseLike<T>): Promise<T>;
  /** Logs in to the XMPP server. */
  connect(options?: UserConnectOptions): Promise<Session>;
  /** Makes the user's account in-band (XEP-0077). */
  register(options?: UserConnectOptions): Promise<'created' | 'exists'>;
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
  readonly observer: SessionObserver;
  readonly log: (level: keyof Log, id: number, message: string, fields?: object) => void;
}

/** The {@link User} of the pool: lean, because there are a hundred thousand. */
export class PooledUser implements User {
  readonly id: number;
  /** The pool's own notes; here, because an object more for each user is memory. */
  state: UserState = 'starting';
  repetitions = 0;
  repeat: WheelTimer | undefined;
  readonly #environment: UserEnvironment;
  #controller: AbortController | undefined;
  #random: Random | undefined;
  #log: Log | undefined;
  /** Most users wait for one thing at a time: that one needs no set. */
  #wait: WheelTimer | undefined;
  #moreWaits: Set<WheelTimer> | undefined;
  #closers: Set<() => unknown> | undefined;
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

  get jid(): string {
    return this.jidOf(this.id);
  }

  jidOf(id: number): string {
    const { xmppUser, xmppDomain, xmppHost } = this.#xmpp();
    return `${fill(xmppUser, id)}@${xmppDomain === '' ? xmppHost : xmppDomain}`;
  }

  sleep(duration: Duration): Promise<void> {
    const ms = toMs(duration);
    return new Promise((resolve, reject) => {
      if (this.#removed) {
        reject(new UserRemoved(this.id));
        return;
      }
      const wait = this.#environment.wheel.schedule(ms, () => {
        this.#forget(wait);
        resolve();
      });
      wait.giveUp = reject;
      if (this.#wait === undefined) this.#wait = wait;
      else (this.#moreWaits ??= new Set()).add(wait);
    });
  }

  async timed<T>(name: string, work: () => PromiseLike<T>): Promise<T> {
    const began = performance.now();
    const result = await work();
    this.metrics.histogram(name).record(performance.now() - began);
    return result;
  }

  async connect(options: UserConnectOptions = {}): Promise<Session> {
    const began = performance.now();
    const { metrics } = this.#environment;
    let session: Session;
    try {
      session = await connect(
        connectOptions(this.#xmpp(), this.id, options),
        this.#connectContext(),
      );
    } catch (error) {
      if (!this.#removed) metrics.counter('connection_failures').add();
      throw error;
    }
    if (this.#removed) {
      session.destroy();
      throw new UserRemoved(this.id);
    }
    metrics.counter('connections').add();
    metrics.histogram('connection').record(performance.now() - began);
    const close = (): unknown => (this.#removed ? session.destroy() : session.close());
    this.onEnd(close);
    session.onEnd = () => this.#closers?.delete(close);
    return session;
  }

  async register(options: UserConnectOptions = {}): Promise<'created' | 'exists'> {
    const outcome = await register(
      connectOptions(this.#xmpp(), this.id, options),
      this.#connectContext(),
    );
    if (this.#removed) throw new UserRemoved(this.id);
    return outcome;
  }

  onEnd(close: () => unknown): void {
    (this.#closers ??= new Set()).add(close);
  }

  /** For the pool: the end of one `start`. Failures to close are nobody's loss. */
  async closeAll(): Promise<void> {
    const closers = this.#closers;
    if (closers === undefined) return;
    this.#closers = undefined;
    await Promise.allSettled([...closers].map(attempt));
  }

  /** Whether {@link closeAll} has anything to do. */
  get holdsNothing(): boolean {
    return this.#closers === undefined || this.#closers.size === 0;
  }

  /** For the pool: removal by force. Every wait rejects, every connection is dropped. */
  remove(): void {
    this.#removed = true;
    const error = new UserRemoved(this.id);
    for (const wait of [this.#wait, ...(this.#moreWaits ?? [])]) {
      if (wait === undefined) continue;
      this.#environment.wheel.cancel(wait);
      wait.giveUp?.(error);
    }
    this.#wait = undefined;
    this.#moreWaits = undefined;
    this.#controller?.abort(error);
    void this.closeAll();
  }

  #forget(wait: WheelTimer): void {
    if (this.#wait === wait) this.#wait = undefined;
    else this.#moreWaits?.delete(wait);
  }

  #xmpp(): XmppSettings {
    return this.#environment.settings as unknown as XmppSettings;
  }

  #connectContext(): ConnectContext {
    const { observer, wheel } = this.#environment;
    return {
      observer,
      signal: this.signal,
      schedule: (delayMs, callback) => {
        const timer = wheel.schedule(delayMs, callback);
        return () => wheel.cancel(timer);
      },
    };
  }
}
