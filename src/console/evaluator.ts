import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { createContext, Script } from 'node:vm';
import type { Context } from 'node:vm';
import { join } from 'node:path';
import { AmocError } from '../lib/errors.ts';
import { eraseTypes } from './erase.ts';
import type { Compiler } from './erase.ts';
import { hoist, IMPORT_FUNCTION } from './hoist.ts';
import type { Script as ShellScript } from './hoist.ts';

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

/** Evaluates TypeScript, one input at a time, in a context that lasts. */
export class Evaluator {
  readonly context: Context;
  readonly #folder: string;
  /** Told when code begins to run that keeps the event loop, and when it has let go. */
  onBlocking: (isBlocking: boolean) => void = () => {};

  /**
   * @param globals what the shell offers besides JavaScript and Node.js
   * @param folder what `import('./…')` is relative to
   */
  constructor(globals: Readonly<Record<string, unknown>>, folder: string) {
    this.#folder = folder;
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

  /**
   * @returns the value, awaited; or that the input goes on on the next line
   * @throws {AmocError} `SYNTAX`, and whatever the input itself throws.
   */
  async evaluate(
    compiler: Compiler,
    text: string,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<{ value: unknown } | 'incomplete'> {
    // Ctrl+C may come before anything has begun.
    if (signal?.aborted === true) throw new Interrupted();
    const script = compile(compiler, text);
    if (script === 'incomplete') return script;
    const running = this.#run(script);
    if (signal === undefined) return { value: await running };
    const interrupted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Interrupted()), { once: true });
    });
    const settled = Promise.resolve(running);
    settled.catch(() => {});
    return { value: await Promise.race([settled, interrupted]) };
  }

  #run({ code }: ShellScript): unknown {
    const script = new Script(code, {
      filename: join(this.#folder, 'shell.js'),
    });
    this.onBlocking(true);
    try {
      return script.runInContext(this.context, { breakOnSigint: true, displayErrors: false });
    } catch (error) {
      const code = (error as { code?: unknown } | null)?.code;
      if (code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED') throw new Interrupted('interrupted');
      throw error;
    } finally {
      this.onBlocking(false);
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

/** `{ a: 1 }` is a value to somebody who types it, and a block to the language. */
function compile(compiler: Compiler, text: string): ShellScript | 'incomplete' {
  const { typescript } = compiler;
  if (text.trimStart().startsWith('{')) {
    try {
      const erased = eraseTypes(compiler, `(${text.replace(/;\s*$/, '')}\n)`);
      if (erased !== 'incomplete') return hoist(typescript, erased.javascript);
    } catch {
      // It is a block, then.
    }
  }
  const erased = eraseTypes(compiler, text);
  return erased === 'incomplete' ? erased : hoist(typescript, erased.javascript);
}
