import pino from 'pino';
import type { Logger } from 'pino';
import type { Cancel, Clock } from '../lib/clock.ts';
import type { LogRecord } from '../protocol/messages.ts';

/** Lines that wait for the next batch; more are counted, not kept. */
const MOST_WAITING = 2000;
const BATCH_MS = 50;

/** Collects the log lines of a process and sends them in batches. */
export class LogShipper {
  readonly logger: Logger;
  #waiting: LogRecord[] = [];
  #dropped = 0;
  readonly #clock: Clock;
  #cancel: Cancel | undefined;
  readonly #ship: (records: LogRecord[], dropped: number) => boolean;

  /**
   * @param ship called at most once every 50 ms, with at most 2,000 lines; `false`: there is nobody to send
   * them to, they are kept
   */
  constructor(
    node: string,
    level: string,
    clock: Clock,
    ship: (records: LogRecord[], dropped: number) => boolean,
  ) {
    this.#ship = ship;
    this.logger = pino({ level, base: { node } }, { write: (line: string) => this.#add(line) });
    this.#clock = clock;
  }

  /** Sends what waits. */
  flush(): void {
    if (this.#waiting.length === 0 && this.#dropped === 0) return;
    if (!this.#ship(this.#waiting, this.#dropped)) {
      this.#flushSoon();
      return;
    }
    this.#waiting = [];
    this.#dropped = 0;
  }

  [Symbol.dispose](): void {
    this.flush();
    this.#cancel?.();
  }

  #flushSoon(): void {
    this.#cancel ??= this.#clock.schedule(
      BATCH_MS,
      () => {
        this.#cancel = undefined;
        this.flush();
      },
      { background: true },
    );
  }

  #add(line: string): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(JSON.parse(line) as LogRecord);
    this.#flushSoon();
  }
}
