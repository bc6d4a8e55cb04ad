import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { createContext, runInContext, Script } from 'node:vm';
import type { Context } from 'node:vm';
import { join } from 'node:path';
import { deferred } from '../../lib/time/async.ts';
import { AmocError } from '../../lib/errors.ts';
import { isAnswer } from './answer.ts';
import { ANSWERS_FUNCTION, hoist, IMPORT_FUNCTION, WAITS_FUNCTION } from './hoist.ts';
import { readScript } from './read-script.ts';
import type { Erase } from './read-script.ts';

export type { Erase };

/** Thrown into an evaluation that Ctrl+C ended. */
export class Interrupted extends AmocError {
  override readonly name = 'Interrupted';

  constructor(message = 'interrupted; what has already started continues') {
    super('REMOVED', message);
  }
}

/** What an asynchronous step gives: without the box, a value that is a promise would be awaited as well. */
interface Box {
  readonly value: unknown;
}

function demandGoing(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new Interrupted();
}

/** Globals of Node.js and the web that a shell has. */
const borrowed = [
  'AbortController',
  'AbortSignal',
  'Blob',
  'Buffer',
  'Event',
  'EventTarget',
  'FormData',
  'Headers',
  'Request',
  'Response',
  'TextDecoder',
  'TextEncoder',
  'URL',
  'URLSearchParams',
  'atob',
  'btoa',
  'clearImmediate',
  'clearInterval',
  'clearTimeout',
  'fetch',
  'performance',
  'process',
  'setImmediate',
  'setInterval',
  'setTimeout',
  'structuredClone',
] as const;

/**
 * Evaluates TypeScript, one input at a time, in a lasting context.
 *
 * Ctrl+C aborts the synchronous part of an input between any two steps and skips `finally`, even inside
 * Node.js streams, which would be left corrupted. Code that is called from there must either have no state
 * or wait ({@link whenFree}, or the next microtask).
 */
export class Evaluator {
  readonly context: Context;
  /** The same with JavaScript's own globals, for completion; its properties are those of the context. */
  readonly globals: object;
  readonly #folder: string;
  readonly #erase: Erase;
  readonly #waiting: (() => void)[] = [];
  #isRunning = false;
  #isBlocking = false;
  /** Called when code begins to block the event loop, and when it no longer does. */
  onBlocking: (isBlocking: boolean) => void = () => {};

  /**
   * @param globals what the shell offers in addition to JavaScript and Node.js
   * @param folder what `import('./…')` is relative to
   * @param erase called only for input that is not JavaScript already
   */
  constructor(globals: Readonly<Record<string, unknown>>, folder: string, erase: Erase) {
    this.#folder = folder;
    this.#erase = erase;
    const context: Record<string, unknown> = {};
    for (const name of borrowed) context[name] = (globalThis as Record<string, unknown>)[name];
    context['queueMicrotask'] = queueTypedMicrotask;
    this.context = createContext(context, { name: 'amoc shell' });
    this.context['global'] = this.context;
    this.globals = runInContext('globalThis', this.context) as object;
    const offered = {
      ...globals,
      [IMPORT_FUNCTION]: (specifier: unknown) => importFrom(folder, String(specifier)),
      [WAITS_FUNCTION]: isThenable,
      [ANSWERS_FUNCTION]: isAnswer,
    };
    for (const [name, value] of Object.entries(offered)) {
      // Not enumerable, so that completion lists only what the user has declared.
      Object.defineProperty(this.context, name, {
        value,
        writable: true,
        configurable: true,
        enumerable: false,
      });
    }
  }

  /** Whether the synchronous part of an input is running, which may end at any step. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Calls `action` at once, or as soon as the synchronous part of the current input is over. */
  whenFree(action: () => void): void {
    if (this.#isRunning) this.#waiting.push(action);
    else action();
  }

  /**
   * Awaits each statement that gives a promise before the next one begins; a statement that fails ends the
   * input.
   *
   * @returns the value of the last one; or that the input continues on the next line
   * @throws {AmocError} `SYNTAX`, and whatever the input itself throws.
   */
  async evaluate(
    text: string,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<{ value: unknown } | 'incomplete'> {
    // Ctrl+C may come before anything has begun.
    demandGoing(signal);
    const reading = readScript(text, this.#erase).catch((error: unknown) => {
      // A mistake in an input that was interrupted already is not reported.
      if (signal?.aborted === true) return 'incomplete' as const;
      throw error;
    });
    const parsed = await unlessInterrupted(reading, signal);
    if (parsed === 'incomplete') return parsed;
    const filename = join(this.#folder, 'shell.js');
    // All are compiled before the first one runs: an input that does not compile has no effect.
    const steps = hoist(parsed).map((step) => ({
      ...step,
      script: new Script(step.code, { filename }),
    }));
    let value: unknown;
    try {
      for (const { script, isAsync, hasValue } of steps) {
        demandGoing(signal);
        this.#block(true);
        let given = this.#run(script);
        if (isAsync || isThenable(given)) {
          this.#block(false);
          if (isAsync) ({ value: given } = (await unlessInterrupted(given, signal)) as Box);
          if (isThenable(given)) given = await unlessInterrupted(given, signal);
        }
        if (hasValue) value = given;
      }
    } finally {
      this.#block(false);
    }
    return { value };
  }

  /** Statements that wait for nothing block as one: Ctrl+C between two of them is not lost. */
  #block(isBlocking: boolean): void {
    if (this.#isBlocking === isBlocking) return;
    this.#isBlocking = isBlocking;
    this.onBlocking(isBlocking);
  }

  #run(script: Script): unknown {
    this.#isRunning = true;
    try {
      return script.runInContext(this.context, { breakOnSigint: true, displayErrors: false });
    } catch (error) {
      if (isInterruption(error)) throw new Interrupted('interrupted');
      throw error;
    } finally {
      this.#isRunning = false;
      for (const action of this.#waiting.splice(0)) action();
    }
  }
}

/** Whether `vm` threw this because Ctrl+C ended a script. It may be any value, so none of its code is run. */
function isInterruption(error: unknown): boolean {
  if (!types.isNativeError(error)) return false;
  const code = Object.getOwnPropertyDescriptor(error, 'code');
  return code?.value === 'ERR_SCRIPT_EXECUTION_INTERRUPTED';
}

/** As `queueMicrotask`; an error of the callback keeps the context of the call, which Node.js 20 loses. */
function queueTypedMicrotask(callback: unknown): void {
  // A mistake, which Node.js reports in its own words.
  if (typeof callback !== 'function') queueMicrotask(callback as () => void);
  else void Promise.resolve().then(() => void (callback as () => unknown)());
}

/** Whether `await` would wait for a value. A value whose `then` cannot be read is not awaited. */
function isThenable(value: unknown): boolean {
  if (types.isPromise(value)) return true;
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  try {
    return typeof (value as { then?: unknown }).then === 'function';
  } catch {
    return false;
  }
}

/** Waits for `work` until the signal fires. A later failure is not lost: it is an unhandled rejection. */
async function unlessInterrupted<T>(
  work: PromiseLike<T> | T,
  signal: AbortSignal | undefined,
): Promise<Awaited<T>> {
  if (signal === undefined) return await work;
  const { promise, resolve, reject } = deferred<Awaited<T>>();
  const onAbort = (): void => reject(new Interrupted());
  signal.addEventListener('abort', onAbort, { once: true });
  const watched = (async () => {
    try {
      resolve(await work);
    } catch (error) {
      if (signal.aborted) throw error;
      reject(error);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  })();
  void watched;
  if (signal.aborted) onAbort();
  return await promise;
}

/** `import('./x.js')` is relative to the project; `import('x')` finds what is installed for the project. */
function importFrom(folder: string, specifier: string): Promise<unknown> {
  if (/^\.{0,2}\//.test(specifier)) {
    return import(new URL(specifier, pathToFileURL(`${folder}/`)).href);
  }
  const paths = createRequire(join(folder, 'shell.js'));
  try {
    const path = paths.resolve(specifier);
    return import(path.startsWith('/') ? pathToFileURL(path).href : specifier);
  } catch {
    // Packages that support only `import` are found by JavaScript itself.
    return import(specifier);
  }
}
