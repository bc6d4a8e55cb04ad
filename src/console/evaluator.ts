import { createContext, Script } from 'node:vm';
import vm from 'node:vm';
import type { Context } from 'node:vm';
import { join } from 'node:path';
import { AmocError } from '../lib/errors.ts';
import { eraseTypes } from './erase.ts';
import type { Compiler } from './erase.ts';
import { hoist } from './hoist.ts';
import type { Script as ShellScript } from './hoist.ts';

/** Thrown into an evaluation that Ctrl+C ended. */
export class Interrupted extends AmocError {
  override readonly name = 'Interrupted';

  constructor() {
    super('REMOVED', 'interrupted; what was begun goes on');
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
    for (const [name, value] of Object.entries(globals)) {
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
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    this.onBlocking(true);
    try {
      return script.runInContext(this.context, { breakOnSigint: true, displayErrors: false });
    } catch (error) {
      const code = (error as { code?: unknown } | null)?.code;
      if (code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED') throw new Interrupted();
      throw error;
    } finally {
      this.onBlocking(false);
    }
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
