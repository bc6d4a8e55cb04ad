import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { createContext, Script } from 'node:vm';
import type { Context } from 'node:vm';
import { join } from 'node:path';
import { AmocError } from '../lib/errors.ts';
import { pointAt } from '../lib/point-at.ts';
import { hoist, IMPORT_FUNCTION } from './hoist.ts';
import type { Script as ShellScript } from './hoist.ts';
import { parseJavaScript } from './javascript.ts';
import type { Mistake, Parsed } from './javascript.ts';

/** Erases types; where that is done takes time, and is not this thread. */
export type Erase = (text: string) => Promise<Erased>;

type Erased = { readonly javascript: string } | 'incomplete';

/** Thrown into an evaluation that Ctrl+C ended. */
export class Interrupted extends AmocError {
  override readonly name = 'Interrupted';

  constructor(message = 'interrupted; what was begun goes on') {
    super('REMOVED', message);
  }
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
  'queueMicrotask',
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
    this.context = createContext(context, { name: 'amoc shell' });
    this.context['global'] = this.context;
    const offered = {
      ...globals,
      [IMPORT_FUNCTION]: (specifier: unknown) => importFrom(folder, String(specifier)),
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
   * @returns the value, awaited; or that the input goes on on the next line
   * @throws {AmocError} `SYNTAX`, and whatever the input itself throws.
   */
  async evaluate(
    text: string,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<{ value: unknown } | 'incomplete'> {
    // Ctrl+C may come before anything has begun.
    if (signal?.aborted === true) throw new Interrupted();
    const settled = this.#evaluate(text, signal);
    if (signal === undefined) return await settled;
    const interrupted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Interrupted()), { once: true });
    });
    settled.catch(() => {});
    return await Promise.race([settled, interrupted]);
  }

  async #evaluate(
    text: string,
    signal: AbortSignal | undefined,
  ): Promise<{ value: unknown } | 'incomplete'> {
    const parsed = await read(text, this.#erase);
    if (parsed === 'incomplete') return parsed;
    if (signal?.aborted === true) throw new Interrupted();
    return { value: await this.#run(hoist(parsed)) };
  }

  #run({ code }: ShellScript): unknown {
    const script = new Script(code, {
      filename: join(this.#folder, 'shell.js'),
    });
    this.onBlocking(true);
    this.#isRunning = true;
    try {
      return script.runInContext(this.context, { breakOnSigint: true, displayErrors: false });
    } catch (error) {
      const code = (error as { code?: unknown } | null)?.code;
      if (code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED') throw new Interrupted('interrupted');
      throw error;
    } finally {
      this.#isRunning = false;
      this.onBlocking(false);
      for (const action of this.#waiting.splice(0)) action();
    }
  }
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

/** `f<number>(1)`: a call to TypeScript, two comparisons to JavaScript. */
const MAYBE_TYPE_ARGUMENTS = /^[^<]*<[\s\S]*[^=]>\s*[(`]/;

/**
 * Reads what was typed: JavaScript at once, anything else by way of TypeScript.
 *
 * @throws {AmocError} `SYNTAX`
 */
async function read(text: string, erase: Erase): Promise<Parsed | 'incomplete'> {
  const plain = MAYBE_TYPE_ARGUMENTS.test(text) ? undefined : parseValueOrScript(text);
  if (plain === 'incomplete' || (plain !== undefined && 'program' in plain)) return plain;
  const erased = await eraseValueOrScript(text, erase);
  if (erased === 'incomplete') return erased;
  const parsed = parseJavaScript(erased.javascript);
  if (parsed === 'incomplete' || 'program' in parsed) return parsed;
  // It was no type then: shown where it was typed, not where the compiler has put it.
  const { mistake, at } = plain?.mistake === parsed.mistake ? plain : parsed;
  const shown = plain?.mistake === parsed.mistake ? text : erased.javascript;
  throw new AmocError('SYNTAX', `${mistake}\n${pointAt(shown, at)}`);
}

/** `{ a: 1 }` is a value to somebody who types it, and a block to the language. */
function asValue(text: string): string | undefined {
  return text.trimStart().startsWith('{') ? `(${text.replace(/;\s*$/, '')}\n)` : undefined;
}

function parseValueOrScript(text: string): Parsed | Mistake | 'incomplete' {
  const value = asValue(text);
  if (value === undefined) return parseJavaScript(text);
  const asked = parseJavaScript(value);
  if (asked !== 'incomplete' && 'program' in asked) return asked;
  const parsed = parseJavaScript(text);
  // `{ a: 1, b: 2`: nothing is wrong with it but that it was closed by us.
  const isOpen = asked !== 'incomplete' && asked.at === value.length - 1;
  return isOpen && parsed !== 'incomplete' && 'mistake' in parsed ? 'incomplete' : parsed;
}

async function eraseValueOrScript(text: string, erase: Erase): Promise<Erased> {
  const value = asValue(text);
  if (value !== undefined) {
    try {
      const erased = await erase(value);
      if (erased !== 'incomplete') return erased;
    } catch (error) {
      // It is a block, then.
      if (!(error instanceof AmocError && error.code === 'SYNTAX')) throw error;
    }
  }
  return await erase(text);
}
