import type { Cancel, Clock } from '../lib/clock.ts';
import { plural } from '../lib/words.ts';
import { errorLine } from './error-text.ts';
import { callingShell } from './calling-shell.ts';

/** More errors of one second are counted: a timer may fail a thousand times in it. */
const MOST_A_SECOND = 20;
const SECOND_MS = 1000;

/** Where {@link Strays} go. */
export interface StraysOptions {
  clock: Clock;
  /** Takes one line, for a log. */
  log: (line: string) => void;
  /** Also those that were shown to the one who typed them. @default false */
  logsAll?: boolean;
}

/**
 * Errors that nobody waits for: rejections without a handler, and what timers, callbacks and listeners throw.
 * Each is shown to the one whose input has begun what failed; what nobody typed is logged.
 */
export class Strays {
  readonly #options: StraysOptions;
  #reported = 0;
  #hidden = 0;
  #cancel: Cancel | undefined;

  constructor(options: StraysOptions) {
    this.#options = options;
  }

  /** Reports an error, in the context of what threw it. */
  report(error: unknown): void {
    const { clock, log, logsAll = false } = this.#options;
    this.#cancel ??= clock.schedule(SECOND_MS, () => this.#nextSecond(), { background: true });
    if (++this.#reported > MOST_A_SECOND) {
      this.#hidden++;
      return;
    }
    const shell = callingShell();
    shell?.reportStray(error);
    if (shell !== undefined && !logsAll) return;
    const who = shell?.person.name;
    log(`${who === undefined ? '' : `${who}: `}${errorLine(error)} (nobody waited for it)`);
  }

  #nextSecond(): void {
    this.#cancel = undefined;
    this.#reported = 0;
    if (this.#hidden === 0) return;
    const errors = plural(this.#hidden, 'more error');
    this.#hidden = 0;
    this.#options.log(`${errors} that nobody waited for (${MOST_A_SECOND} a second are reported)`);
  }
}
