import { Worker } from 'node:worker_threads';
import { deferred } from '../lib/time/async.ts';
import type { Deferred } from '../lib/time/async.ts';
import { AmocError } from '../lib/errors.ts';
import type { AmocErrorCode } from '../lib/errors.ts';
import { listScenarios, scenarioFile } from './catalogue.ts';
import { CompileCache } from './compile-cache.ts';
import type { CompiledScenario } from './bundle.ts';
import type { Built, CompilerPlaces } from './compiler.ts';
import type { Erased } from './type-eraser.ts';

/** What the thread can be asked to do, by name. */
export interface CompilerWork {
  readonly load: () => Promise<void>;
  readonly build: (name: string) => Promise<Built>;
  readonly erase: (text: string) => Promise<Erased>;
}

type Answered<Kind extends keyof CompilerWork> = Awaited<ReturnType<CompilerWork[Kind]>>;

/** A request to the thread. */
export interface CompileRequest {
  id: number;
  kind: keyof CompilerWork;
  text: string;
}

/** An answer of the thread. */
export type CompileAnswer =
  | { id: number; result: Answered<keyof CompilerWork> }
  | { id: number; failure: { code: AmocErrorCode | undefined; message: string } };

/**
 * TypeScript in another thread: loading it and checking a scenario takes seconds on a busy machine. In that time
 * a master must answer its slaves, or they believe that it is gone.
 */
export class CompilerThread implements AsyncDisposable {
  readonly #places: CompilerPlaces;
  readonly #cache: CompileCache;
  readonly #waiting = new Map<number, Deferred<Answered<keyof CompilerWork>>>();
  #worker: Worker | undefined;
  #asked = 0;

  constructor(places: CompilerPlaces) {
    this.#places = places;
    this.#cache = new CompileCache(places);
  }

  /** Whether the thread is running. */
  get isLoaded(): boolean {
    return this.#worker !== undefined;
  }

  /** Loads the compiler, which takes half a second, before it is needed, unless every scenario is in the cache. */
  async warm(): Promise<void> {
    const names = listScenarios(this.#places.folder);
    if (names.every((name) => this.#cache.find(name) !== undefined)) return;
    await this.#ask('load');
  }

  /** @throws {AmocError} as {@link ScenarioCompiler.compile} */
  async compile(name: unknown): Promise<CompiledScenario> {
    // The shell can pass any value; only a name can be sent to the thread.
    scenarioFile(this.#places.folder, name);
    const known = this.#cache.find(name as string);
    if (known !== undefined) return known;
    const built = await this.#ask('build', name as string);
    this.#cache.keep(name as string, built);
    return built.scenario;
  }

  /** @throws {AmocError} as {@link TypeEraser.erase} */
  async erase(text: string): Promise<Erased> {
    return await this.#ask('erase', text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker?.terminate();
  }

  async #ask<Kind extends keyof CompilerWork>(kind: Kind, text = ''): Promise<Answered<Kind>> {
    const worker = (this.#worker ??= this.#start());
    const answer = deferred<Answered<keyof CompilerWork>>();
    const request: CompileRequest = { id: ++this.#asked, kind, text };
    this.#waiting.set(request.id, answer);
    worker.ref();
    worker.postMessage(request);
    return (await answer.promise) as Answered<Kind>;
  }

  #start(): Worker {
    const worker = new Worker(new URL('./compiler-worker.js', import.meta.url), {
      workerData: this.#places,
    });
    worker.on('message', (message: CompileAnswer) => {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (this.#waiting.size === 0) worker.unref();
      if ('result' in message) waiting?.resolve(message.result);
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
