import { AmocError, messageOf } from '../../lib/errors.ts';
import type { JsonValue } from '../../lib/text/bounded-json.ts';
import { oneLine } from '../../lib/text/foreign-text.ts';
import { quote } from '../../lib/text/quote.ts';
import { attempt, deferred } from '../../lib/time/async.ts';
import type { Deferred } from '../../lib/time/async.ts';
import { isMetricName } from '../../metrics/labels.ts';
import type { FeatureUser, SlaveHalf, SlaveSide } from '../feature.ts';
import { fromMaster, read, valueOf } from './messages.ts';
import type { Settled } from './messages.ts';
import { frozen, jsonCopy } from './value.ts';

/** After this time without an answer, the master is asked again. */
const ASK_MS = 60_000;

/** What scenarios find on a user. */
export interface OnceFunctions {
  /**
   * Runs `work` in one user of the cluster, and gives all users that call this with the same name what it
   * returned: users of all processes, now or later in the run. For what the test needs once, such as a room.
   *
   * When that user is removed, or its process is lost, before `work` has ended, another user that waits
   * runs its own `work`. When `work` throws, its user gets the error, and the next user that waits tries. So
   * `work` may run more than once, but only one result is ever given out.
   *
   * @param name letters, digits, `_` and `.`, as for metrics; at most 1,000 names in a run
   * @param work what it returns is shared as a frozen copy: JSON of at most 16,384 characters, or nothing
   * @throws what `work` threw in this user
   * @throws {AmocError} `ARGUMENT` for an invalid name; `SCENARIO` when what `work` returned is not JSON or is
   * too long; `BUSY` for more than 1,000 names
   * @throws {UserRemoved} when the user is removed by force
   * @example
   * const room = await user.once('room', () => createRoom(session));
   */
  once<T>(name: string, work: () => T | PromiseLike<T>): Promise<T>;
}

/** A user that waits for a value. */
interface Waiter {
  readonly work: () => unknown;
  readonly value: Deferred<unknown>;
  /** It no longer waits. */
  readonly release: () => void;
}

/** What this process knows of one name. */
interface Entry {
  readonly waiters: Set<Waiter>;
  /** The waiter that does the work. */
  worker: Waiter | undefined;
  /** The permission of the master to do the work; any waiter may use it. */
  grant: number | undefined;
  /** What the work came to; the master has not said yet whether it is the value. */
  result: Settled | undefined;
  settled: Settled | undefined;
  /** Whether the master knows that users wait here. */
  isAsked: boolean;
}

/** The users of one process that wait for values, and the values that it knows. */
export class OnceSlave implements SlaveHalf<OnceFunctions> {
  readonly #side: SlaveSide;
  readonly #entries = new Map<string, Entry>();

  constructor(side: SlaveSide) {
    this.#side = side;
  }

  api(user: FeatureUser): OnceFunctions {
    return {
      once: async <T>(name: string, work: () => T | PromiseLike<T>) =>
        (await this.#once(user, name, work)) as T,
    };
  }

  heard(body: JsonValue): void {
    const message = read(fromMaster, body);
    // If the lease of the process is over, its users are dropped before any of them continues.
    this.#side.mayServe();
    switch (message.type) {
      case 'hello':
        this.#compare(new Set(message.settled));
        return;
      case 'do':
        this.#granted(message.name, message.grant);
        return;
      case 'settled':
        this.#settle(message.name, valueOf(message));
        return;
    }
  }

  #once(user: FeatureUser, name: string, work: () => unknown): Promise<unknown> {
    if (typeof name !== 'string' || !isMetricName(name)) {
      const given = typeof name === 'string' ? `'${oneLine(name, 100)}'` : quote(name);
      throw new AmocError('ARGUMENT', `once: invalid name ${given}; use letters, digits, _ and .`);
    }
    if (typeof work !== 'function') {
      const hint = `once '${name}': give a function, as in user.once('${name}', () => …)`;
      throw new AmocError('ARGUMENT', `${hint}, not ${quote(work)}`);
    }
    const entry = this.#entries.get(name) ?? emptyEntry();
    if (entry.settled !== undefined) return Promise.resolve(entry.settled.value);
    const value = deferred<unknown>();
    const release = user.untilEnd((why) => this.#leave(name, entry, waiter, why));
    const waiter: Waiter = { work, value, release };
    entry.waiters.add(waiter);
    this.#entries.set(name, entry);
    if (!entry.isAsked) this.#want(name, entry);
    return value.promise;
  }

  /** The user's `start` is over, or the user was removed. */
  #leave(name: string, entry: Entry, waiter: Waiter, why: Error): void {
    entry.waiters.delete(waiter);
    waiter.value.reject(why);
    if (entry.worker !== waiter) return;
    entry.worker = undefined;
    // Not at once: all users of the process may be about to be removed.
    this.#side.clock.soon(() => this.#work(name, entry));
  }

  #want(name: string, entry: Entry): void {
    entry.isAsked = true;
    const { grant } = entry;
    const body = { type: 'want', name, ...(grant === undefined ? {} : { grant }) };
    this.#ask(name, entry, body, () => this.#want(name, entry));
  }

  /** Passes on what the work came to. */
  #done(name: string, entry: Entry): void {
    const { grant, result } = entry;
    if (grant === undefined || result === undefined) return;
    const body = { type: 'done', name, grant, ...valueOf(result) };
    this.#ask(name, entry, body, () => this.#done(name, entry));
  }

  #ask(name: string, entry: Entry, body: JsonValue, again: () => void): void {
    this.#side.ask(body, ASK_MS).catch((error: unknown) => {
      if (entry.settled !== undefined) return;
      const code = error instanceof AmocError ? error.code : 'PROTOCOL';
      // The master says hello when it counts on this process again.
      if (code === 'NODE_LOST' || code === 'NO_RUN') entry.isAsked = false;
      else if (code === 'TIMEOUT') {
        if (entry.waiters.size > 0) again();
      } else this.#refused(name, entry, new AmocError(code, `once '${name}': ${messageOf(error)}`));
    });
  }

  #refused(name: string, entry: Entry, error: AmocError): void {
    this.#forget(name, entry);
    entry.grant = undefined;
    entry.worker = undefined;
    for (const waiter of entry.waiters) reject(waiter, error);
    entry.waiters.clear();
  }

  /** Says everything that the master may not know. */
  #compare(settled: ReadonlySet<string>): void {
    for (const [name, entry] of this.#entries) {
      if (entry.settled !== undefined) {
        if (!settled.has(name)) this.#know(name, entry.settled);
      } else if (entry.result !== undefined) this.#done(name, entry);
      else if (entry.waiters.size > 0) this.#want(name, entry);
      else this.#release(name, entry);
    }
  }

  #know(name: string, settled: Settled): void {
    this.#side.send({ type: 'know', name, ...valueOf(settled) });
  }

  #granted(name: string, grant: number): void {
    const entry = this.#entries.get(name) ?? emptyEntry();
    if (entry.settled !== undefined) {
      this.#know(name, entry.settled);
      return;
    }
    entry.grant = grant;
    if (entry.result !== undefined) this.#done(name, entry);
    else this.#work(name, entry);
  }

  /** Lets the next waiter do the work, if this process may. */
  #work(name: string, entry: Entry): void {
    const { grant, worker, result, settled } = entry;
    if (grant === undefined || worker !== undefined || result !== undefined) return;
    if (settled !== undefined) return;
    const mayServe = this.#side.mayServe();
    const [waiter] = entry.waiters;
    if (waiter === undefined) this.#release(name, entry);
    if (waiter === undefined || !mayServe) return;
    entry.worker = waiter;
    attempt(waiter.work).then(
      (value) => this.#worked(name, entry, waiter, value),
      (error: unknown) => this.#failed(name, entry, waiter, error),
    );
  }

  #worked(name: string, entry: Entry, waiter: Waiter, value: unknown): void {
    // It has left: another waiter does the work.
    if (entry.worker !== waiter) return;
    let copy: JsonValue | undefined;
    try {
      copy = jsonCopy(name, value);
    } catch (error) {
      this.#failed(name, entry, waiter, error);
      return;
    }
    entry.worker = undefined;
    entry.result = copy === undefined ? {} : { value: copy };
    this.#done(name, entry);
  }

  #failed(name: string, entry: Entry, waiter: Waiter, error: unknown): void {
    if (entry.worker !== waiter) return;
    entry.worker = undefined;
    entry.waiters.delete(waiter);
    reject(waiter, error);
    this.#work(name, entry);
  }

  /** No user waits here: another process may do the work. */
  #release(name: string, entry: Entry): void {
    const { grant } = entry;
    entry.grant = undefined;
    this.#forget(name, entry);
    if (grant !== undefined) this.#side.send({ type: 'release', name, grant });
  }

  /** Later callers begin with a new entry. */
  #forget(name: string, entry: Entry): void {
    if (this.#entries.get(name) === entry) this.#entries.delete(name);
  }

  #settle(name: string, settled: Settled): void {
    const entry = this.#entries.get(name) ?? emptyEntry();
    this.#entries.set(name, entry);
    if (entry.settled !== undefined) return;
    entry.settled = frozen(settled);
    entry.worker = undefined;
    for (const waiter of entry.waiters) {
      waiter.release();
      waiter.value.resolve(entry.settled.value);
    }
    entry.waiters.clear();
  }
}

function emptyEntry(): Entry {
  return {
    waiters: new Set(),
    worker: undefined,
    grant: undefined,
    result: undefined,
    settled: undefined,
    isAsked: false,
  };
}

function reject(waiter: Waiter, error: unknown): void {
  waiter.release();
  waiter.value.reject(error);
}
