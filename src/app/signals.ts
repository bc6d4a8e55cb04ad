import { deferred } from '../lib/time/async.ts';

/** The signals that end a program: of a supervisor, of Ctrl+C, and of a terminal that closes. */
export const endSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Signals that end a program gently the first time, and at once from the second on. */
export class EndSignals {
  readonly #told = deferred<NodeJS.Signals>();
  readonly #first = new AbortController();
  readonly #second = new AbortController();

  /** @param ignored signals that have no effect */
  constructor({ ignored = [] }: { ignored?: readonly NodeJS.Signals[] } = {}) {
    for (const signal of endSignals) {
      process.on(signal, () => {
        if (!ignored.includes(signal)) this.#note(signal);
      });
    }
  }

  #note(signal: NodeJS.Signals): void {
    if (this.#first.signal.aborted) this.#second.abort();
    this.#told.resolve(signal);
    this.#first.abort();
  }

  /** Resolves with the first signal. */
  get told(): Promise<NodeJS.Signals> {
    return this.#told.promise;
  }

  /** Aborted by the first signal: end gently. */
  get first(): AbortSignal {
    return this.#first.signal;
  }

  /** Aborted by the second signal: end at once. */
  get second(): AbortSignal {
    return this.#second.signal;
  }
}

/** Resolves with the first of these signals; after that each of them ends the process, as Node.js does. */
export function untilSignal(...signals: NodeJS.Signals[]): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const handle = (signal: NodeJS.Signals): void => {
      for (const each of signals) process.off(each, handle);
      resolve(signal);
    };
    for (const signal of signals) process.on(signal, handle);
  });
}
