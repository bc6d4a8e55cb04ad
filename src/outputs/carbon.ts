import net from 'node:net';
import { backoffMs } from '../lib/backoff.ts';
import type { Cancel, Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { plural } from '../lib/words.ts';

const RETRY = { firstMs: 500, mostMs: 30_000 };
/** How much is given to the socket at a time: what it had and did not take is sent again. */
const BATCH = 2000;

/** Where carbon listens, and what is kept while it does not. */
export interface CarbonParts {
  host: string;
  port: number;
  clock: Clock;
  /** Lines; the oldest are dropped. */
  most: number;
  /** A connection was lost or had again. */
  notice: (level: 'info' | 'warn', text: string) => void;
}

/**
 * A connection to carbon's plaintext port: made anew with growing pauses for as long as there is
 * something to send, and nobody waits for it.
 */
export class Carbon implements AsyncDisposable {
  readonly #parts: CarbonParts;
  #lines: string[] = [];
  #socket: net.Socket | undefined;
  #isConnected = false;
  #underway: string[] = [];
  #failures = 0;
  #cancelRetry: Cancel | undefined;
  #failedAt: number | undefined;
  #droppedSince = 0;
  #isOver = false;
  #whenIdle: (() => void)[] = [];
  /** Lines that were dropped in all. */
  dropped = 0;
  /** Lines that the system took. */
  sent = 0;

  constructor(parts: CarbonParts) {
    this.#parts = parts;
  }

  /** Sends lines `path value seconds`, now or when carbon is there. */
  send(lines: readonly string[]): void {
    if (this.#isOver) return;
    this.#lines.push(...lines);
    this.#bound();
    if (this.#isConnected) this.#write();
    else if (this.#cancelRetry === undefined) this.#connect();
  }

  /** Resolves when all is sent, or after `limitMs`. */
  async flush(limitMs: number): Promise<void> {
    if (this.#isIdle) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#parts.clock.schedule(limitMs, resolve);
      this.#whenIdle.push(() => {
        cancel();
        resolve();
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Somebody waits for the end of the program; what a dead Graphite misses is not worth more.
    await this.flush(this.#failedAt === undefined ? 2000 : 200);
    this.#isOver = true;
    this.#cancelRetry?.();
    this.#socket?.destroy();
  }

  get #isIdle(): boolean {
    return this.#lines.length === 0 && this.#underway.length === 0;
  }

  #connect(): void {
    if (this.#socket !== undefined) return;
    const { host, port } = this.#parts;
    const socket = net.connect({ host, port, noDelay: true, autoSelectFamily: false });
    this.#socket = socket;
    let why: unknown = 'it closed the connection';
    socket.unref();
    socket.on('connect', () => {
      this.#isConnected = true;
      this.#failures = 0;
      this.#tellBack();
      this.#write();
    });
    // carbon says nothing; a socket that is not read does not see its end.
    socket.resume();
    socket.on('error', (error) => (why = error));
    socket.on('close', () => {
      this.#socket = undefined;
      this.#isConnected = false;
      this.#lines = [...this.#underway, ...this.#lines];
      this.#underway = [];
      this.#bound();
      this.#retryLater(why);
    });
  }

  #write(): void {
    if (this.#underway.length > 0 || this.#lines.length === 0) return;
    this.#underway = this.#lines.splice(0, BATCH);
    this.#socket?.write(`${this.#underway.join('\n')}\n`, (error) => {
      if (error !== undefined && error !== null) return;
      this.sent += this.#underway.length;
      this.#underway = [];
      if (this.#lines.length > 0) this.#write();
      else for (const resolve of this.#whenIdle.splice(0)) resolve();
    });
  }

  #retryLater(why: unknown): void {
    if (this.#isOver) return;
    const { clock, host, port, notice } = this.#parts;
    if (this.#failedAt === undefined) {
      this.#failedAt = clock.monotonic();
      notice(
        'warn',
        `Graphite (${host}:${port}) is away: ${messageOf(why)}; the run goes on, values are kept for it`,
      );
    }
    const waitMs = backoffMs(this.#failures++, RETRY, Math.random());
    this.#cancelRetry = clock.schedule(
      waitMs,
      () => {
        this.#cancelRetry = undefined;
        if (!this.#isOver && this.#lines.length > 0) this.#connect();
      },
      { background: true },
    );
  }

  #tellBack(): void {
    if (this.#failedAt === undefined) return;
    const { clock, notice } = this.#parts;
    const seconds = Math.round((clock.monotonic() - this.#failedAt) / 1000);
    this.#failedAt = undefined;
    const dropped = this.#droppedSince;
    this.#droppedSince = 0;
    notice(
      'info',
      `Graphite is back after ${seconds} s; ${dropped === 0 ? 'nothing was dropped' : `${plural(dropped, 'value')} were dropped`}`,
    );
  }

  #bound(): void {
    const excess = this.#lines.length - this.#parts.most;
    if (excess <= 0) return;
    this.#lines.splice(0, excess);
    this.dropped += excess;
    this.#droppedSince += excess;
  }
}
