import type { Cancel, Clock } from '../../lib/time/clock.ts';
import { plural } from '../../lib/text/plural.ts';
import { errorLine } from './error-text.ts';
import { callingShell } from './calling-shell.ts';

/** More errors in one second are only counted: a timer may fail a thousand times a second. */
const MAX_PER_SECOND = 20;
const SECOND_MS = 1000;

/** Where {@link Strays} go. */
export interface StraysOptions {
  clock: Clock;
  /** Takes one line, for a log. */
  log: (line: string) => void;
  /** Whether to log also the errors that were shown to an operator. @default false */
  logsAll?: boolean;
}

/**
 * Unhandled errors: rejections without a handler, and what timers, callbacks and listeners throw. Each is
 * shown to the operator whose input started what failed; an error that no input caused is logged.
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
    if (++this.#reported > MAX_PER_SECOND) {
      this.#hidden++;
      return;
    }
    const shell = callingShell();
    shell?.reportStray(error);
    if (shell !== undefined && !logsAll) return;
    const who = shell?.operator.name;
    log(`${who === undefined ? '' : `${who}: `}${errorLine(error)} (unhandled)`);
  }

  #nextSecond(): void {
    this.#cancel = undefined;
    this.#reported = 0;
    if (this.#hidden === 0) return;
    const errors = plural(this.#hidden, 'more error');
    this.#hidden = 0;
    this.#options.log(`${errors} not handled (at most ${MAX_PER_SECOND} a second are reported)`);
  }
}
