import pino from 'pino';
import type { Logger } from 'pino';
import { every } from '../lib/clock.ts';
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
  readonly #cancel: Cancel;
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
    this.#cancel = every(clock, BATCH_MS, () => this.flush());
  }

  /** Sends what waits. */
  flush(): void {
    if (this.#waiting.length === 0 && this.#dropped === 0) return;
    if (!this.#ship(this.#waiting, this.#dropped)) return;
    this.#waiting = [];
    this.#dropped = 0;
  }

  [Symbol.dispose](): void {
    this.#cancel();
    this.flush();
  }

  #add(line: string): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(JSON.parse(line) as LogRecord);
  }
}
