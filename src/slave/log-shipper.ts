import pino from 'pino';
import type { Logger } from 'pino';
import type { Cancel, Clock } from '../lib/time/clock.ts';
import { readLogRecord } from '../protocol/messages.ts';
import type { ShippedRecord } from '../protocol/messages.ts';

/** The limits of the lines that wait for the next batch; further lines are counted, not kept. */
const MAX_WAITING = 2000;
const MAX_WAITING_CHARACTERS = 4 * 1024 * 1024;
const BATCH_MS = 50;
const LATE_MS = 1000;

/** Collects the log lines of a process and sends them in batches. */
export class LogShipper {
  readonly logger: Logger;
  #waiting: { record: ShippedRecord; since: number }[] = [];
  #characters = 0;
  #dropped = 0;
  readonly #clock: Clock;
  #cancel: Cancel | undefined;
  readonly #ship: (records: ShippedRecord[], dropped: number) => boolean;

  /**
   * @param ship called at most once every 50 ms, with at most 2,000 lines; `false`: there is no receiver, and
   * the lines are kept
   */
  constructor(
    level: string,
    clock: Clock,
    ship: (records: ShippedRecord[], dropped: number) => boolean,
  ) {
    this.#ship = ship;
    this.logger = pino({ level, base: null }, { write: (line: string) => this.#add(line) });
    this.#clock = clock;
  }

  /** Sends the waiting lines. */
  flush(): void {
    if (this.#waiting.length === 0 && this.#dropped === 0) return;
    if (!this.#ship(this.#records(), this.#dropped)) {
      this.#flushSoon();
      return;
    }
    this.#waiting = [];
    this.#characters = 0;
    this.#dropped = 0;
  }

  [Symbol.dispose](): void {
    this.flush();
    this.#cancel?.();
  }

  /** The waiting lines; a late line says so, because newer ones have been written before it. */
  #records(): ShippedRecord[] {
    const now = this.#clock.monotonic();
    return this.#waiting.map(({ record, since }) =>
      now - since > LATE_MS ? { ...record, lateMs: Math.round(now - since) } : record,
    );
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
    const isFull = this.#waiting.length >= MAX_WAITING;
    const characters = this.#characters + line.length;
    const record =
      isFull || characters > MAX_WAITING_CHARACTERS ? undefined : readLogRecord(JSON.parse(line));
    if (record === undefined) {
      this.#dropped++;
    } else {
      this.#waiting.push({ record, since: this.#clock.monotonic() });
      this.#characters = characters;
    }
    this.#flushSoon();
  }
}
