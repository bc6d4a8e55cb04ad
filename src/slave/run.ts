import type { RunSettings } from '../config/run-variables.ts';
import { demandKnownNames, resolveSettings, resolveUpdate } from '../config/resolve.ts';
import type { SettingSources } from '../config/resolve.ts';
import type { SettingValue, Settings, Variables } from '../config/variable.ts';
import { builtInVariablesOf } from '../drivers/mod.ts';
import type { DriverRun, LoadedDriver } from '../drivers/mod.ts';
import { attempt, withTimeout } from '../lib/time/async.ts';
import type { Clock } from '../lib/time/clock.ts';
import { formatMs } from '../lib/time/duration.ts';
import { AmocError, stackOf } from '../lib/errors.ts';
import type { IdSet } from '../lib/ids/id-set.ts';
import { seededRandom } from '../lib/ids/random.ts';
import { TimerWheel } from '../lib/time/timer-wheel.ts';
import { plural } from '../lib/text/plural.ts';
import type { MetricsRegistry } from '../metrics/metrics.ts';
import type { Pace } from '../protocol/messages.ts';
import type { DataFile } from '../scenario/bundle.ts';
import type { Json, Log, RunContext, Scenario } from '../scenario/contract.ts';
import { TravelledFiles } from '../scenario/travelled-files.ts';
import type { ErrorCount, TraceWish, Traced, User, UserEnvironment } from '../users/mod.ts';
import { UserPool, tracer } from '../users/mod.ts';
import type { SlaveFeatures } from './run-features.ts';

/** The origin of a log line. */
export interface LineOrigin {
  user?: number;
  /** The direction, when the line is one of a trace. */
  trace?: 'in' | 'out';
}

/** What a run in this process needs. */
export interface SlaveRunParts {
  run: string;
  node: string;
  name: string;
  seed: number;
  scenario: Scenario<User>;
  /** The protocols that users can speak. */
  drivers: readonly LoadedDriver[];
  /** The data files that travelled with the scenario. */
  data: readonly DataFile[];
  sources: SettingSources;
  clock: Clock;
  metrics: MetricsRegistry;
  log: (level: keyof Log, line: { message: unknown; fields?: unknown }, about?: LineOrigin) => void;
  features: SlaveFeatures;
  /** Called when there are ends to report to the master. */
  onEnded: () => void;
  /** Whether users may be served; when not, they have been dropped. */
  mayServe: () => boolean;
}

/** One run in one slave process: the scenario, its settings, its users. */
export class SlaveRun {
  readonly #parts: SlaveRunParts;
  readonly #variables: Variables;
  readonly #settings: Record<string, SettingValue>;
  readonly #wheel: TimerWheel;
  readonly #files: TravelledFiles;
  #context: RunContext;
  #pool: UserPool | undefined;
  /** The drivers, open for this run: from `init` on. */
  #opened: readonly DriverRun[] = [];
  #state: unknown;
  /** Whether the users have been asked to end, and how many had to be removed by force. */
  #isEnding = false;
  #forced = 0;

  /** @throws {AmocError} `CONFIG` with every mistake in the settings. */
  constructor(parts: SlaveRunParts) {
    this.#parts = parts;
    const { scenario, name, drivers } = parts;
    const builtInVariables = builtInVariablesOf(drivers.map(({ driver }) => driver));
    for (const variable of Object.keys(scenario.variables)) {
      if (Object.hasOwn(builtInVariables, variable)) {
        throw new AmocError(
          'SCENARIO',
          `${name}: '${variable}' is a setting of amoc's own; choose another name`,
        );
      }
    }
    this.#variables = { ...builtInVariables, ...scenario.variables };
    demandKnownNames(this.#variables, parts.sources.file);
    this.#settings = resolveSettings(this.#variables, parts.sources, name);
    for (const { driver } of drivers) driver.demandConsistent?.(this.#settings);
    this.#wheel = new TimerWheel(parts.clock, parts.mayServe);
    this.#files = new TravelledFiles(name, parts.data);
    this.#context = this.#makeContext(undefined);
  }

  get id(): string {
    return this.#parts.run;
  }

  get settings(): Settings {
    return this.#settings;
  }

  get variables(): Variables {
    return this.#variables;
  }

  get features(): SlaveFeatures {
    return this.#parts.features;
  }

  get connectionsPerUser(): number {
    return this.#parts.scenario.connectionsPerUser;
  }

  /** Connections that users have open in this process. */
  get openConnections(): number {
    return this.#opened.reduce((sum, { openConnections }) => sum + openConnections, 0);
  }

  get pool(): UserPool | undefined {
    return this.#pool;
  }

  /** Runs `setup`. @returns what it returned, checked to be JSON */
  async setup(): Promise<Json | undefined> {
    const { setup } = this.#parts.scenario;
    if (setup === undefined) return undefined;
    const value = await this.#limited(() => setup(this.#context), 'setup');
    if (value === undefined) return undefined;
    try {
      return JSON.parse(JSON.stringify(value)) as Json;
    } catch (cause) {
      throw new AmocError(
        'SCENARIO',
        'what setup returns must be JSON: it travels to the other processes',
        { cause },
      );
    }
  }

  /** Runs `init` and opens the pool. */
  async init(setup: Json | undefined, pace: Pace): Promise<void> {
    const { scenario, clock } = this.#parts;
    this.#context = this.#makeContext(setup);
    const state = await this.#limited(() => scenario.init?.(this.#context), 'init');
    this.#state = state === undefined ? setup : state;
    this.#opened = this.#parts.drivers.map((driver) => this.#open(driver));
    this.#pool = new UserPool({
      scenario,
      state: this.#state,
      environment: this.#environment(),
      settings: this.#settings as unknown as RunSettings,
      clock,
      intervalMs: pace.interarrivalMs,
      onNewError: (error, cause, id) => this.#tellError(error, cause, id),
      onEnded: this.#parts.onEnded,
      onOverdue: (users) => this.#tellOverdue(users),
      mayStart: this.#parts.mayServe,
    });
    this.#pool.setPace(pace.interarrivalMs, pace.paused);
  }

  /**
   * Checks a change of settings, and applies it unless `onlyCheck` is set.
   *
   * @throws {AmocError} `CONFIG` with every mistake; nothing has changed then.
   */
  update(change: Readonly<Record<string, unknown>>, onlyCheck: boolean): Settings {
    const settings = resolveUpdate(this.#variables, change);
    if (!onlyCheck) Object.assign(this.#settings, settings);
    return settings;
  }

  /**
   * Ends all users and runs `terminate`.
   *
   * @returns how many users had to be removed by force after `gentleMs`
   */
  async finish(force: boolean, gentleMs: number): Promise<number> {
    const pool = this.#pool;
    this.#forced = 0;
    if (pool !== undefined) {
      pool.removeAll(force);
      this.#isEnding = true;
      if (pool.size > 0) {
        try {
          await withTimeout(pool.whenEmpty(), gentleMs, 'the gentle stop', this.#parts.clock);
        } catch {
          this.#forced += pool.removeAll(true);
        }
      }
      const { terminate } = this.#parts.scenario;
      await this.#limited(() => terminate?.(this.#state, this.#context), 'terminate');
    }
    return this.#forced;
  }

  /** Removes users from a pool that exists. */
  withdraw(pool: UserPool, ids: IdSet, force: boolean): void {
    const before = pool.size;
    pool.remove(ids, force);
    // This cuts a gentle stop short.
    if (this.#isEnding && force) this.#forced += before - pool.size;
  }

  /** Shows what one user sends and receives in the log, or stops that. */
  trace(wish: TraceWish): Traced {
    const { log, drivers } = this.#parts;
    const about = { user: wish.id };
    const mask = (text: string): string =>
      drivers.reduce((masked, { driver }) => driver.mask?.(masked) ?? masked, text);
    const watcher = tracer(mask, (line, trace) =>
      log('info', { message: line }, { ...about, trace }),
    );
    return this.#pool?.trace(wish, watcher) ?? { found: false, on: false, waits: false };
  }

  async teardown(setup: Json | undefined): Promise<void> {
    const { teardown } = this.#parts.scenario;
    await this.#limited(() => teardown?.(setup, this.#context), 'teardown');
  }

  /** Releases everything. */
  dispose(): void {
    this.#pool?.removeAll(true);
    for (const each of this.#opened) each[Symbol.dispose]();
    this.#wheel.clear();
  }

  /** Reports the kinds of errors that happened again, with their counts. */
  tellRepeatedErrors(): void {
    for (const { error, message, count, isStray } of this.#pool?.errors.takeRepeated() ?? []) {
      const what = isStray
        ? `${plural(count, 'more error', 'more errors')} that no start() waited for`
        : `${plural(count, 'more user', 'more users')} crashed`;
      this.#parts.log('error', { message: `${what}: ${error}: ${firstLine(message)}` });
    }
  }

  #tellOverdue(users: number): void {
    const limit = formatMs(Number(this.#settings['stopTimeout']));
    const message = `${plural(users, 'user')} did not end start() within ${limit} (stopTimeout), and moved by force`;
    this.#parts.log('warn', { message });
  }

  #tellError({ error, message }: ErrorCount, cause: unknown, id: number | undefined): void {
    const what = id === undefined ? 'an error that no start() waited for' : 'crashed';
    const about = id === undefined ? {} : { user: id };
    const text = `${what}: ${error}: ${message}${usefulStack(cause)}`;
    this.#parts.log('error', { message: text }, about);
  }

  async #limited<T>(work: () => T, what: string): Promise<Awaited<T>> {
    const timeoutMs = Number(this.#settings['initTimeout']);
    return withTimeout(attempt(work), timeoutMs, what, this.#parts.clock);
  }

  #makeContext(setup: Json | undefined): RunContext {
    const { run, node, log, seed } = this.#parts;
    const nodeSeed = Buffer.from(node).reduce((hash, byte) => (hash * 31 + byte) | 0, 7);
    return {
      run,
      node,
      setup,
      settings: this.#settings,
      random: seededRandom(seed, nodeSeed),
      text: (path) => this.#files.text(path),
      json: (path) => this.#files.json(path),
      log: {
        debug: (message, fields) => log('debug', { message, fields }),
        info: (message, fields) => log('info', { message, fields }),
        warn: (message, fields) => log('warn', { message, fields }),
        error: (message, fields) => log('error', { message, fields }),
      },
    };
  }

  #environment(): UserEnvironment {
    const { node, seed, metrics, log, drivers } = this.#parts;
    return {
      node,
      seed,
      settings: this.#settings,
      wheel: this.#wheel,
      metrics,
      drivers,
      opened: this.#opened,
      log: (level, id, message, fields) => log(level, { message, fields }, { user: id }),
      functions: this.features.functions,
    };
  }

  #open({ open }: LoadedDriver): DriverRun {
    const { metrics, log } = this.#parts;
    return open({
      settings: this.#settings,
      metrics,
      now: this.#wheel.now,
      schedule: (delayMs, callback) => {
        const timer = this.#wheel.schedule(delayMs, callback);
        return () => this.#wheel.cancel(timer);
      },
      onStray: (error) => this.#pool?.strayError(error),
      warn: (message, fields) =>
        log('warn', { message, ...(fields === undefined ? {} : { fields }) }),
    });
  }
}

/** The frames of the scenario itself; those of amoc and Node.js do not help its author. */
function usefulStack(error: unknown): string {
  const frames = (stackOf(error) ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line) && /scenarios\/.*\.m?[jt]s:\d+/.test(line))
    .slice(0, 4);
  return frames.length === 0 ? '' : `\n${frames.join('\n')}`;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] as string;
}
