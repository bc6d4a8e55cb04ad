import type { Logger } from 'pino';
import type { Clock } from '../lib/time/clock.ts';
import { AmocError } from '../lib/errors.ts';
import { IdSet } from '../lib/ids/id-set.ts';
import type { LoadedDriver } from '../drivers/mod.ts';
import type { Feature } from '../features/feature.ts';
import type { MetricsRegistry } from '../metrics/metrics.ts';
import type { Params, Result } from '../protocol/messages.ts';
import type { Handlers, SlavePeer } from '../protocol/peer.ts';
import { checkScenario } from '../scenario/contract.ts';
import type { CompiledScenario } from '../scenario/bundle.ts';
import type { User, UserPool } from '../users/mod.ts';
import type { Reporter } from './reporter.ts';
import { SlaveRun } from './run.ts';
import { SlaveFeatures } from './run-features.ts';
import { scenarioLine } from './scenario-log.ts';

/** What the handlers of a slave need. */
export interface HandlerParts {
  /** Name of the process. */
  name: string;
  clock: Clock;
  logger: Logger;
  metrics: MetricsRegistry;
  reporter: Reporter;
  shipLogs?: (() => void) | undefined;
  /** Creates a scenario's module from its compiled files. */
  load: (bundle: CompiledScenario) => Promise<Record<string, unknown>>;
  /** Whether users may be served; when not, they have been dropped. */
  mayServe: () => boolean;
  /** The protocols that users can speak. */
  drivers: readonly LoadedDriver[];
  features: readonly Feature[];
  /** The connection to the master; `undefined` while there is none. */
  peer: () => SlavePeer | undefined;
}

/** The run of a process, and what the process does with it for each request of the master. */
export class RunHandlers implements Disposable {
  readonly #parts: HandlerParts;
  #run: SlaveRun | undefined;
  /** The revision of the last command. */
  #revision = 0;
  /** No user is started before a master has answered after this moment; monotonic. */
  #heldUntil: number | undefined;

  constructor(parts: HandlerParts) {
    this.#parts = parts;
  }

  /** The run that the process takes part in. */
  get run(): SlaveRun | undefined {
    return this.#run;
  }

  /** The revision of the last command that was applied. */
  get revision(): number {
    return this.#revision;
  }

  /** A master has answered: users that its absence held may start, if their time is over. */
  releaseHeld(): void {
    if (this.#heldUntil === undefined || this.#parts.clock.monotonic() < this.#heldUntil) return;
    this.#heldUntil = undefined;
    this.#run?.pool?.setHeld(false);
  }

  [Symbol.dispose](): void {
    this.#run?.dispose();
    this.#run = undefined;
  }

  /** What the process does for each request. */
  table(): Handlers {
    return { ...this.#ofRun(), ...this.#ofUsers(), ...this.#ofProcess() };
  }

  #ofRun(): Pick<
    Handlers,
    'prepare' | 'setup' | 'init' | 'update' | 'finish' | 'teardown' | 'discard'
  > {
    return {
      prepare: (params) => this.#prepare(params),
      setup: async ({ run }) => {
        const value = await this.#of(run).setup();
        return value === undefined ? {} : { value };
      },
      init: async ({ run, setup, pace, revision }) => {
        this.#revision = revision;
        await this.#of(run).init(setup, pace);
        return {};
      },
      update: ({ run, change, check }) => ({ settings: this.#of(run).update(change, check) }),
      finish: async ({ run, force, gentleMs }) => {
        const forced = await this.#of(run).finish(force, gentleMs);
        this.#run?.tellRepeatedErrors();
        return { forced };
      },
      teardown: async ({ run, setup }) => {
        try {
          await this.#of(run).teardown(setup);
        } finally {
          this.#parts.shipLogs?.();
        }
        return {};
      },
      discard: ({ run }) => {
        if (this.#run?.id === run) {
          this.#run.dispose();
          this.#run = undefined;
          this.#parts.metrics.reset();
        }
        return {};
      },
    };
  }

  #ofUsers(): Pick<
    Handlers,
    'assign' | 'withdraw' | 'move' | 'desire' | 'pace' | 'users' | 'trace'
  > {
    const { reporter } = this.#parts;
    return {
      assign: ({ run, ids, revision, delayMs, withinMs, again, holdMs }) => {
        if (!this.#isNext(revision)) return {};
        if (holdMs !== undefined) this.#hold(this.#poolOf(run), holdMs);
        if (again === true) this.#poolOf(run).remove(IdSet.ofDisjoint(ids), true);
        this.#poolOf(run).add(IdSet.ofDisjoint(ids), { delayMs, withinMs });
        reporter.watchUsers();
        return {};
      },
      withdraw: ({ run, ids, force, revision }) => {
        if (!this.#isNext(revision)) return {};
        this.#of(run).withdraw(this.#poolOf(run), IdSet.ofDisjoint(ids), force);
        return {};
      },
      move: ({ run, ids, revision }) => {
        if (this.#isNext(revision)) this.#poolOf(run).move(IdSet.ofDisjoint(ids));
        return {};
      },
      desire: ({ run, revision, staying, leaving, moving, gone, ...how }) => {
        const { heard, pace, withinMs, holdMs } = how;
        if (revision <= this.#revision) return {};
        this.#revision = revision;
        const pool = this.#poolOf(run);
        if (holdMs !== undefined) this.#hold(pool, holdMs);
        const desired = {
          staying: IdSet.ofDisjoint(staying),
          leaving: IdSet.ofDisjoint(leaving),
          moving: IdSet.ofDisjoint(moving),
          gone: gone.map((ranges) => IdSet.ofDisjoint(ranges)),
          withinMs,
        };
        pool.setPace(pace.interarrivalMs, pace.paused);
        pool.reconcile(desired, reporter.endedSince(heard));
        reporter.watchUsers();
        return {};
      },
      pace: ({ run, pace }) => {
        this.#poolOf(run).setPace(pace.interarrivalMs, pace.paused);
        return {};
      },
      users: ({ state, limit }) => ({
        users: this.#run?.pool?.list(state, limit) ?? [],
        errors: this.#run?.pool?.errors.all() ?? [],
      }),
      trace: (wish) => this.#run?.trace(wish) ?? { found: false, on: false, waits: false },
    };
  }

  #ofProcess(): Pick<Handlers, 'feature' | 'report' | 'logLevel' | 'ping'> {
    return {
      feature: async (params) => {
        const body = await this.#of(params.run).features.asked(params);
        return body === undefined ? {} : { body };
      },
      report: () => {
        this.#parts.reporter.report(true);
        return {};
      },
      logLevel: ({ level }) => {
        this.#parts.logger.level = level;
        return {};
      },
      ping: () => ({}),
    };
  }

  async #prepare(params: Params<'prepare'>): Promise<Result<'prepare'>> {
    const { run, scenario: bundle, seed, file, environment, call, demandUnits } = params;
    const { name, clock, logger, load, metrics, reporter, mayServe, features, peer } = this.#parts;
    this.#run?.dispose();
    this.#run = undefined;
    this.#revision = 0;
    const scenario = checkScenario<User>(bundle.name, await load(bundle));
    // Not earlier: a garbage collection while the scenario loads would count for the run, and arrive without
    // it.
    metrics.reset();
    this.#run = new SlaveRun({
      run,
      node: name,
      name: bundle.name,
      seed,
      scenario,
      drivers: this.#parts.drivers,
      data: bundle.data ?? [],
      sources: { file, environment, call, demandUnits },
      clock,
      metrics,
      features: new SlaveFeatures(features, { run, clock, peer, mayServe }),
      log: (level, line, about) => {
        const { msg, ...fields } = scenarioLine(line.message, line.fields);
        logger[level]({ scenario: bundle.name, ...about, ...fields }, msg);
      },
      onEnded: () => reporter.watchUsers(),
      mayServe,
    });
    return {
      settings: { ...this.#run.settings },
      variables: Object.entries(this.#run.variables).map(([variable, declared]) => ({
        name: variable,
        description: declared.description,
        update: declared.update ?? false,
        secret: declared.secret ?? false,
      })),
      connectionsPerUser: this.#run.connectionsPerUser,
      thresholds: { ...scenario.thresholds },
    };
  }

  /**
   * After a restart of the master users may run where it does not look for them: on a process that has not
   * found it yet. Only a master that is alive at the end of the time knows that no such process is left. One
   * that has died in the meantime was not there for a process that dialled it, and whose lease therefore
   * goes on.
   */
  #hold(pool: UserPool, ms: number): void {
    this.#heldUntil = Math.max(this.#heldUntil ?? -Infinity, this.#parts.clock.monotonic() + ms);
    pool.setHeld(true);
  }

  /**
   * Commands take effect in their order: one that comes twice, or after a gap, does nothing. The master
   * learns from the reports that one is missing, and says everything again.
   */
  #isNext(revision: number): boolean {
    if (revision !== this.#revision + 1) return false;
    this.#revision = revision;
    return true;
  }

  #of(run: string): SlaveRun {
    if (this.#run?.id !== run) throw new AmocError('NO_RUN', `run ${run} is not in this process`);
    return this.#run;
  }

  #poolOf(run: string): NonNullable<SlaveRun['pool']> {
    const { pool } = this.#of(run);
    if (pool === undefined)
      throw new AmocError('NO_RUN', `run ${run} has not been initialised here`);
    return pool;
  }
}
