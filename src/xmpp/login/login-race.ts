import { deferred } from '../../lib/time/async.ts';
import { AmocError } from '../../lib/errors.ts';
import type { ConnectStage } from '../errors.ts';
import type { ConnectContext } from './connect-context.ts';
import { connectErrorOf } from './connect-error.ts';

/** A timer that is this late was held up by this process, not by the server. */
const MIN_BLOCKED_MS = 1000;

/** What a login is raced against, and how its failure is named. */
export interface LoginRaceOptions {
  host: string;
  port: number;
  timeoutMs: number;
}

/** What a login that takes part in a race can do. */
export interface LoginRacer {
  /** What has not happened when the time is up, as in `… within 30 s`. */
  missing(): string;
  /** Drops everything that the login has opened; called once, before the failure is reported. */
  giveUp(): void;
}

/** One login against its time-out, and against the removal of its user. */
export class LoginRace {
  /** The stage that the login has reached; the login sets it. */
  stage: ConnectStage = 'connect';
  readonly #options: LoginRaceOptions;
  readonly #context: Pick<ConnectContext, 'schedule' | 'now' | 'onAbort'>;
  readonly #racer: LoginRacer;
  readonly #failed = deferred<never>();

  constructor(
    options: LoginRaceOptions,
    context: Pick<ConnectContext, 'schedule' | 'now' | 'onAbort'>,
    racer: LoginRacer,
  ) {
    this.#options = options;
    this.#context = context;
    this.#racer = racer;
    this.#failed.promise.catch(() => {});
  }

  /** Ends the race: the login has failed. Later calls change nothing. */
  readonly fail = (error: unknown): void => this.#failed.reject(error);

  /**
   * Runs `steps` within the time-out, and until the user is removed.
   *
   * @throws {ConnectError} naming the stage; the reason of the removal when the user was removed
   */
  async run<T>(steps: () => Promise<T>): Promise<T> {
    const { schedule, now, onAbort } = this.#context;
    const { timeoutMs } = this.#options;
    const began = now();
    let removed: { reason: unknown } | undefined;
    const undo = onAbort?.((reason) => {
      removed = { reason };
      this.fail(reason);
    });
    const cancel = schedule(timeoutMs, () => this.fail(this.#timeout(now() - began)));
    try {
      const done = steps();
      done.catch(() => {});
      return await Promise.race([done, this.#failed.promise]);
    } catch (error) {
      this.#racer.giveUp();
      if (isSet(removed)) throw removed.reason;
      throw connectErrorOf(error, this.stage, this.#options);
    } finally {
      cancel();
      undo?.();
    }
  }

  #timeout(passedMs: number): AmocError {
    const { timeoutMs } = this.#options;
    const lateMs = passedMs - timeoutMs;
    if (lateMs > MIN_BLOCKED_MS) {
      const text = `this process was blocked for ${(lateMs / 1000).toFixed(1)} s: a limit of the load generator`;
      return new AmocError('BLOCKED', text);
    }
    return new AmocError('TIMEOUT', `${this.#racer.missing()} within ${timeoutMs / 1000} s`);
  }
}

/** A function, because the value may have been set during an await. */
function isSet<T>(value: T | undefined): value is T {
  return value !== undefined;
}
