import net from 'node:net';
import { backoffMs } from '../lib/time/backoff.ts';
import type { Cancel, Clock } from '../lib/time/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { plural } from '../lib/text/plural.ts';

const RETRY = { firstMs: 500, mostMs: 30_000 };
/** Lines that are given to the socket at a time; lines that it did not accept are sent again. */
const BATCH = 2000;

/** Where carbon listens, and how much is kept while it is unavailable. */
export interface CarbonParts {
  host: string;
  port: number;
  clock: Clock;
  /** The most lines that are kept; the oldest are dropped. */
  most: number;
  /** Called when the connection is lost or restored. */
  notice: (level: 'info' | 'warn', text: string) => void;
}

/**
 * A connection to carbon's plaintext port. While there is something to send, a lost connection is opened again,
 * with growing pauses. No caller waits for it.
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
  /** Lines that were dropped in total. */
  dropped = 0;
  /** Lines that the system accepted. */
  sent = 0;

  constructor(parts: CarbonParts) {
    this.#parts = parts;
  }

  /** Sends lines `path value seconds`, now or when carbon is available. */
  send(lines: readonly string[]): void {
    if (this.#isOver) return;
    this.#lines.push(...lines);
    this.#bound();
    if (this.#isConnected) this.#write();
    else if (this.#cancelRetry === undefined) this.#connect();
  }

  /** Resolves when all lines are sent, or after `limitMs`. */
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
    // The operator waits for the program to end; the values for a dead Graphite are not worth a longer wait.
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
    // carbon sends nothing, but a socket must be read to notice its end.
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
        `Graphite (${host}:${port}) is unavailable: ${messageOf(why)}; the run continues, and values are queued`,
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
