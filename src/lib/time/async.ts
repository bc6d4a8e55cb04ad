import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { AmocError } from '../errors.ts';

/** Options of all functions here that wait. */
export interface WaitOptions {
  /** Ends the wait with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** @default the machine's clock */
  clock?: Clock | undefined;
}

/** Resolves after `ms` milliseconds, or rejects with the signal's reason. */
export async function sleep(ms: number, options: WaitOptions = {}): Promise<void> {
  const { signal, clock = systemClock } = options;
  signal?.throwIfAborted();
  const { promise, resolve, reject } = deferred<undefined>();
  const cancel = clock.schedule(ms, () => {
    resolve(undefined);
  });
  const onAbort = (): void => {
    cancel();
    reject(signal?.reason);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await promise;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

/**
 * Waits for `work`, but no longer than `ms`. What was begun is not undone by the time-out.
 *
 * @throws {AmocError} `TIMEOUT`: "`what` did not finish within …".
 */
export async function withTimeout<T>(
  work: PromiseLike<T>,
  ms: number,
  what: string,
  clock: Clock = systemClock,
): Promise<T> {
  const { promise, resolve, reject } = deferred<T>();
  const cancel = clock.schedule(ms, () => {
    reject(new AmocError('TIMEOUT', `${what} did not finish within ${ms / 1000} s`));
  });
  work.then(resolve, reject);
  try {
    return await promise;
  } finally {
    cancel();
  }
}

/** Runs `work`; an error that it throws at once becomes a rejection too (`Promise.try`, which Node.js 20 lacks). */
export async function attempt<T>(work: () => T): Promise<Awaited<T>> {
  return await work();
}

/** A promise that is settled from outside. */
export interface Deferred<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (reason: unknown) => void;
}

/** Makes a {@link Deferred} (`Promise.withResolvers`, which Node.js 20 lacks). */
export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((ok, fail) => {
    resolve = ok;
    reject = fail;
  });
  return { promise, resolve, reject };
}

/** Whether a value can be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
