import { Worker } from 'node:worker_threads';
import { deferred } from '../lib/abort.ts';
import type { Deferred } from '../lib/abort.ts';
import { AmocError } from '../lib/errors.ts';
import type { AmocErrorCode } from '../lib/errors.ts';
import { scenarioFile } from './catalogue.ts';
import type { CompiledScenario } from './compiler.ts';

/** Where scenarios and this package are; see {@link ScenarioCompiler}. */
export interface CompilerPlaces {
  folder: string;
  packageRoot: string;
}

/** What the thread is asked; without a name: to load the compiler. */
export interface CompileRequest {
  id: number;
  name?: unknown;
}

/** What the thread answers. */
export type CompileAnswer =
  | { id: number; compiled: CompiledScenario | undefined }
  | { id: number; failure: { code: AmocErrorCode | undefined; message: string } };

/**
 * Compiles scenarios in another thread: a type-check takes seconds on a busy machine, in which a master
 * must answer its slaves, or they take it for gone.
 */
export class CompilerThread implements AsyncDisposable {
  readonly #places: CompilerPlaces;
  readonly #waiting = new Map<number, Deferred<CompiledScenario | undefined>>();
  #worker: Worker | undefined;
  #asked = 0;

  constructor(places: CompilerPlaces) {
    this.#places = places;
  }

  /** Loads the compiler, which takes half a second, before it is needed. */
  async warm(): Promise<void> {
    await this.#ask({ id: ++this.#asked });
  }

  /** @throws {AmocError} as {@link ScenarioCompiler.compile} */
  async compile(name: unknown): Promise<CompiledScenario> {
    // Anything can come from the shell; only a name can be sent to the thread.
    scenarioFile(this.#places.folder, name);
    const compiled = await this.#ask({ id: ++this.#asked, name });
    return compiled as CompiledScenario;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker?.terminate();
  }

  #ask(request: CompileRequest): Promise<CompiledScenario | undefined> {
    const worker = (this.#worker ??= this.#start());
    const answer = deferred<CompiledScenario | undefined>();
    this.#waiting.set(request.id, answer);
    worker.ref();
    worker.postMessage(request);
    return answer.promise;
  }

  #start(): Worker {
    const worker = new Worker(new URL('./compiler-worker.js', import.meta.url), {
      workerData: this.#places,
    });
    worker.on('message', (message: CompileAnswer) => {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (this.#waiting.size === 0) worker.unref();
      if ('compiled' in message) waiting?.resolve(message.compiled);
      else waiting?.reject(errorOf(message.failure));
    });
    const end = (why: string): void => {
      if (this.#worker === worker) this.#worker = undefined;
      const waiting = [...this.#waiting.values()];
      this.#waiting.clear();
      for (const each of waiting) {
        each.reject(new AmocError('COMPILE', `the compiler ended (${why}); try again`));
      }
    };
    worker.on('error', (error) => end(error.message));
    worker.on('exit', (code) => end(`exit code ${code}`));
    return worker;
  }
}

function errorOf({ code, message }: { code: AmocErrorCode | undefined; message: string }): Error {
  return code === undefined ? new Error(message) : new AmocError(code, message);
}
