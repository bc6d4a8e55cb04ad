import { readFileSync } from 'node:fs';
import type { Settings, SettingsOf, Variables } from '../config/variable.ts';
import type { XmppSettings } from '../config/run-variables.ts';
import { attempt } from '../lib/abort.ts';
import { toMs } from '../lib/duration.ts';
import type { Duration } from '../lib/duration.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { seededRandom } from '../lib/random.ts';
import type { Random } from '../lib/random.ts';
import type { TimerWheel, WheelTimer } from '../lib/timer-wheel.ts';
import type { MetricsRegistry } from '../metrics/metrics.ts';
import type { Log } from '../scenario/contract.ts';
import { connect, register } from '../xmpp/connect.ts';
import type { ConnectContext, ConnectOptions } from '../xmpp/connect.ts';
import type { Session, SessionObserver } from '../xmpp/session.ts';

/** Thrown by every wait of a user that was removed by force. */
export class UserRemoved extends AmocError {
  override readonly name = 'UserRemoved';

  constructor(id: number) {
    super('REMOVED', `user ${id} was removed`);
  }
}

/** What `user.connect` can be told besides the settings of the run. */
export type UserConnectOptions = Partial<
  Pick<
    ConnectOptions,
    | 'host'
    | 'port'
    | 'domain'
    | 'transport'
    | 'tls'
    | 'path'
    | 'mechanism'
    | 'username'
    | 'password'
    | 'resource'
  >
>;

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

interface Wait {
  timer: WheelTimer | undefined;
  reject: (error: unknown) => void;
}

/** The {@link User} of the pool: lean, because there are a hundred thousand. */
export class PooledUser implements User {
  readonly id: number;
  readonly #environment: UserEnvironment;
  #controller: AbortController | undefined;
  #random: Random | undefined;
  #log: Log | undefined;
  /** Most users wait for one thing at a time: that one needs no set. */
  #wait: Wait | undefined;
  #moreWaits: Set<Wait> | undefined;
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
      const wait: Wait = { timer: undefined, reject };
      wait.timer = this.#environment.wheel.schedule(ms, () => {
        this.#forget(wait);
        resolve();
      });
      if (this.#wait === undefined) this.#wait = wait;
      else (this.#moreWaits ??= new Set()).add(wait);
    });
  }

  async connect(options: UserConnectOptions = {}): Promise<Session> {
    const began = performance.now();
    const { metrics } = this.#environment;
    let session: Session;
    try {
      session = await connect(this.#connectOptions(options), this.#connectContext());
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
    const outcome = await register(this.#connectOptions(options), this.#connectContext());
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
      if (wait.timer !== undefined) this.#environment.wheel.cancel(wait.timer);
      wait.reject(error);
    }
    this.#wait = undefined;
    this.#moreWaits = undefined;
    this.#controller?.abort(error);
    void this.closeAll();
  }

  #forget(wait: Wait): void {
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

  #connectOptions(options: UserConnectOptions): ConnectOptions {
    const xmpp = this.#xmpp();
    const transport = options.transport ?? (xmpp.xmppTransport as ConnectOptions['transport']);
    const tls = options.tls ?? (xmpp.xmppTls as ConnectOptions['tls']);
    const host = options.host ?? xmpp.xmppHost;
    return {
      host,
      port: options.port ?? (xmpp.xmppPort === 0 ? usualPort(transport, tls) : xmpp.xmppPort),
      domain: options.domain ?? (xmpp.xmppDomain === '' ? host : xmpp.xmppDomain),
      transport,
      tls,
      tlsVerify: xmpp.xmppTlsVerify,
      tlsCa: readCa(xmpp.xmppTlsCa),
      path: options.path ?? (xmpp.xmppPath === '' ? '/ws' : xmpp.xmppPath),
      mechanism: options.mechanism ?? xmpp.xmppMechanism,
      username: options.username ?? fill(xmpp.xmppUser, this.id),
      password: options.password ?? fill(xmpp.xmppPassword, this.id),
      resource: options.resource ?? xmpp.xmppResource,
      timeoutMs: xmpp.xmppTimeout,
    };
  }
}

/** Puts the user's id into a pattern: `user_{id}` → `user_7`. */
function fill(pattern: string, id: number): string {
  return pattern.replaceAll('{id}', String(id));
}

function usualPort(transport: string, tls: string): number {
  if (transport === 'websocket') return tls === 'direct' ? 5281 : 5280;
  return tls === 'direct' ? 5223 : 5222;
}

const certificates = new Map<string, string>();

function readCa(path: string): string | undefined {
  if (path === '') return undefined;
  const known = certificates.get(path);
  if (known !== undefined) return known;
  try {
    const pem = readFileSync(path, 'utf8');
    certificates.set(path, pem);
    return pem;
  } catch (cause) {
    throw new AmocError('CONFIG', `xmppTlsCa: ${path} cannot be read (${messageOf(cause)})`, {
      cause,
    });
  }
}
