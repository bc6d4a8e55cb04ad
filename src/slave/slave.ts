import type { Logger } from 'pino';
import { every } from '../lib/clock.ts';
import type { Cancel, Clock } from '../lib/clock.ts';
import { AmocError } from '../lib/errors.ts';
import { IdSet } from '../lib/id-set.ts';
import { MetricsRegistry } from '../metrics/metrics.ts';
import type { NodeLoad, Params, Result, SlaveMessage, UserCounts } from '../protocol/messages.ts';
import { SlavePeer } from '../protocol/peer.ts';
import type { Handlers } from '../protocol/peer.ts';
import type { Transport } from '../protocol/transport.ts';
import { checkScenario } from '../scenario/contract.ts';
import type { Bundle } from '../scenario/loader.ts';
import type { User } from '../users/user.ts';
import { SlaveRun } from './run.ts';

const REPORT_MS = 1000;
/** Ends of users, and of their starting, are told sooner than the rest. */
const ENDED_MS = 50;
const REPEATED_ERRORS_MS = 5000;

const noUsers: UserCounts = {
  starting: 0,
  running: 0,
  waiting: 0,
  leaving: 0,
  finished: 0,
  removed: 0,
  crashed: 0,
};

/** What a slave needs of its process. */
export interface SlaveParts {
  name: string;
  clock: Clock;
  logger: Logger;
  /** Makes a scenario's module of its compiled files. */
  load: (bundle: Bundle) => Promise<Record<string, unknown>>;
  readLoad: () => NodeLoad;
}

/** One slave process: does what its master asks, and reports. */
export class Slave {
  readonly #parts: SlaveParts;
  readonly #metrics = new MetricsRegistry();
  readonly #cancels: Cancel[];
  #peer: SlavePeer | undefined;
  #run: SlaveRun | undefined;
  #wasStarting = false;
  /** Of the last assignment. */
  #revision = 0;

  constructor(parts: SlaveParts) {
    this.#parts = parts;
    const { clock } = parts;
    this.#cancels = [
      every(clock, REPORT_MS, () => this.#report()),
      every(clock, ENDED_MS, () => this.#reportEnded()),
      every(clock, REPEATED_ERRORS_MS, () => this.#run?.tellRepeatedErrors()),
    ];
  }

  /** Serves a master over an authenticated connection. */
  serve(transport: Transport): SlavePeer {
    this.#peer = new SlavePeer(transport, this.#handlers());
    return this.#peer;
  }

  /** An error that no user's `start` answers for: a timer that a scenario left behind. */
  strayError(error: unknown): void {
    const pool = this.#run?.pool;
    if (pool === undefined)
      this.#parts.logger.error({ err: error }, 'an error outside of any user');
    else pool.strayError(error);
  }

  [Symbol.dispose](): void {
    for (const cancel of this.#cancels) cancel();
    this.#run?.dispose();
    this.#run = undefined;
  }

  #handlers(): Handlers {
    return {
      prepare: (params) => this.#prepare(params),
      setup: async ({ run }) => {
        const value = await this.#of(run).setup();
        return value === undefined ? {} : { value };
      },
      init: async ({ run, setup, pace }) => {
        await this.#of(run).init(setup, pace);
        return {};
      },
      assign: ({ run, ids, revision, delayMs, withinMs }) => {
        this.#revision = revision;
        this.#poolOf(run).add(IdSet.ofDisjoint(ids), { delayMs, withinMs });
        return {};
      },
      withdraw: ({ run, ids, force }) => {
        this.#poolOf(run).remove(IdSet.ofDisjoint(ids), force);
        return {};
      },
      pace: ({ run, pace }) => {
        this.#poolOf(run).setPace(pace.interarrivalMs, pace.paused);
        return {};
      },
      update: ({ run, change, check }) => ({ settings: this.#of(run).update(change, check) }),
      report: () => {
        this.#report();
        return {};
      },
      users: ({ state, limit }) => ({
        users: this.#run?.pool?.list(state, limit) ?? [],
        errors: this.#run?.pool?.errors.all() ?? [],
      }),
      finish: async ({ run, force, gentleMs }) => {
        const forced = await this.#of(run).finish(force, gentleMs);
        this.#run?.tellRepeatedErrors();
        return { forced };
      },
      teardown: async ({ run, setup }) => {
        await this.#of(run).teardown(setup);
        return {};
      },
      discard: ({ run }) => {
        if (this.#run?.id === run) {
          this.#run.dispose();
          this.#run = undefined;
          this.#metrics.take();
        }
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
    const { run, scenario: bundle, seed, file, environment, call } = params;
    const { name, clock, logger, load } = this.#parts;
    this.#run?.dispose();
    this.#run = undefined;
    this.#metrics.take();
    const scenario = checkScenario<User>(bundle.name, await load(bundle));
    this.#run = new SlaveRun({
      run,
      node: name,
      name: bundle.name,
      seed,
      scenario,
      sources: { file, environment, call },
      clock,
      metrics: this.#metrics,
      log: (level, message, fields) => logger[level]({ scenario: bundle.name, ...fields }, message),
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
    };
  }

  #figures(): Omit<Extract<SlaveMessage, { type: 'report' }>, 'type'> {
    const ended = this.#run?.pool?.takeEnded();
    return {
      ...(this.#run === undefined ? {} : { run: this.#run.id }),
      users: this.#run?.pool?.counts ?? noUsers,
      load: this.#parts.readLoad(),
      delta: this.#metrics.take(),
      ended: {
        finished: [...(ended?.finished.ranges ?? [])],
        crashed: [...(ended?.crashed.ranges ?? [])],
        removed: [...(ended?.removed.ranges ?? [])],
        back: [...(ended?.back.ranges ?? [])],
        revision: this.#revision,
      },
    };
  }

  #report(): void {
    if (this.#peer === undefined) return;
    this.#peer.send({ type: 'report', ...this.#figures() });
  }

  #reportEnded(): void {
    const pool = this.#run?.pool;
    const starting = pool?.counts.starting ?? 0;
    if (pool?.hasEnded === true || (starting === 0 && this.#wasStarting)) this.#report();
    this.#wasStarting = starting > 0;
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
