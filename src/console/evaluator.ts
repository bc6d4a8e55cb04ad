import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { createContext, Script } from 'node:vm';
import type { Context } from 'node:vm';
import { join } from 'node:path';
import { deferred } from '../lib/abort.ts';
import { AmocError } from '../lib/errors.ts';
import { isAnswer } from './answer.ts';
import { ANSWERS_FUNCTION, hoist, IMPORT_FUNCTION, WAITS_FUNCTION } from './hoist.ts';
import { readScript } from './read-script.ts';
import type { Erase } from './read-script.ts';

export type { Erase };

/** Thrown into an evaluation that Ctrl+C ended. */
export class Interrupted extends AmocError {
  override readonly name = 'Interrupted';

  constructor(message = 'interrupted; what was begun goes on') {
    super('REMOVED', message);
  }
}

/** What an asynchronous step gives: a value that is a promise itself would be waited for on its way out. */
interface Box {
  readonly value: unknown;
}

function demandGoing(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new Interrupted();
}

/** Names of Node.js and the web that a shell has. */
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
 * Evaluates TypeScript, one input at a time, in a context that lasts.
 *
 * Ctrl+C ends the synchronous part of an input between any two steps, without `finally`: also between two
 * steps of Node.js, of which a stream would never recover. What is called from there either keeps
 * nothing or waits ({@link whenFree}, or a turn of the microtasks).
 */
export class Evaluator {
  readonly context: Context;
  readonly #folder: string;
  readonly #erase: Erase;
  readonly #waiting: (() => void)[] = [];
  #isRunning = false;
  #isBlocking = false;
  /** Told when code begins to run that keeps the event loop, and when it has let go. */
  onBlocking: (isBlocking: boolean) => void = () => {};

  /**
   * @param globals what the shell offers besides JavaScript and Node.js
   * @param folder what `import('./…')` is relative to
   * @param erase asked only for what is not JavaScript already
   */
  constructor(globals: Readonly<Record<string, unknown>>, folder: string, erase: Erase) {
    this.#folder = folder;
    this.#erase = erase;
    const context: Record<string, unknown> = {};
    for (const name of borrowed) context[name] = (globalThis as Record<string, unknown>)[name];
    context['queueMicrotask'] = queueTypedMicrotask;
    this.context = createContext(context, { name: 'amoc shell' });
    this.context['global'] = this.context;
    const offered = {
      ...globals,
      [IMPORT_FUNCTION]: (specifier: unknown) => importFrom(folder, String(specifier)),
      [WAITS_FUNCTION]: isThenable,
      [ANSWERS_FUNCTION]: isAnswer,
    };
    for (const [name, value] of Object.entries(offered)) {
      // Not enumerable: what the user declares stands out in completion.
      Object.defineProperty(this.context, name, {
        value,
        writable: true,
        configurable: true,
        enumerable: false,
      });
    }
  }

  /** Whether the synchronous part of an input runs, which may end at any step. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Calls `action` at once, or as soon as the synchronous part of the input at hand is over. */
  whenFree(action: () => void): void {
    if (this.#isRunning) this.#waiting.push(action);
    else action();
  }

  /**
   * Each statement that gives a promise is waited for before the next one begins; one that fails ends the
   * input.
   *
   * @returns the value of the last one; or that the input goes on on the next line
   * @throws {AmocError} `SYNTAX`, and whatever the input itself throws.
   */
  async evaluate(
    text: string,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<{ value: unknown } | 'incomplete'> {
    // Ctrl+C may come before anything has begun.
    demandGoing(signal);
    const reading = readScript(text, this.#erase).catch((error: unknown) => {
      // A mistake in what was interrupted already concerns nobody.
      if (signal?.aborted === true) return 'incomplete' as const;
      throw error;
    });
    const parsed = await unlessInterrupted(reading, signal);
    if (parsed === 'incomplete') return parsed;
    const filename = join(this.#folder, 'shell.js');
    // All of them before the first one runs: what is no script has no effect.
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

  /** Statements that wait for nothing have the terminal together: Ctrl+C between two of them is not lost. */
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

/** What `vm` throws where Ctrl+C has ended a script. Anything may have been thrown: it is not asked for more than it has. */
function isInterruption(error: unknown): boolean {
  if (!types.isNativeError(error)) return false;
  const code = Object.getOwnPropertyDescriptor(error, 'code');
  return code?.value === 'ERR_SCRIPT_EXECUTION_INTERRUPTED';
}

/** As `queueMicrotask`; what the callback throws keeps the context of the call, which Node.js 20 forgets. */
function queueTypedMicrotask(callback: unknown): void {
  // A mistake, which has Node.js' own words.
  if (typeof callback !== 'function') queueMicrotask(callback as () => void);
  else void Promise.resolve().then(() => void (callback as () => unknown)());
}

/** Whether `await` would wait for a value. One that cannot be asked is none to wait for. */
function isThenable(value: unknown): boolean {
  if (types.isPromise(value)) return true;
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  try {
    return typeof (value as { then?: unknown }).then === 'function';
  } catch {
    return false;
  }
}

/** Waits for `work` until the signal fires. What fails afterwards is nobody's to wait for, and is not lost. */
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

/** `import('./x.js')` is relative to the project, `import('x')` what is installed for it. */
function importFrom(folder: string, specifier: string): Promise<unknown> {
  if (/^\.{0,2}\//.test(specifier)) {
    return import(new URL(specifier, pathToFileURL(`${folder}/`)).href);
  }
  const paths = createRequire(join(folder, 'shell.js'));
  try {
    const path = paths.resolve(specifier);
    return import(path.startsWith('/') ? pathToFileURL(path).href : specifier);
  } catch {
    // Packages that only answer to `import` are found by the language's own way.
    return import(specifier);
  }
}
