import { sleep } from '../lib/time/async.ts';
import { backoffMs } from '../lib/time/backoff.ts';
import type { Cancel, Clock } from '../lib/time/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { legible, severalLines } from '../lib/text/foreign-text.ts';
import { plural } from '../lib/text/plural.ts';
import type { RunDefinition } from '../record/definition.ts';
import { isMark } from '../record/event.ts';
import type { RunEvent } from '../record/event.ts';
import type { RunObserver } from '../record/observer.ts';

/** A request that marks a moment in another system. */
export interface AnnotationRequest {
  url: string;
  headers: Record<string, string>;
  body: object;
}

/** Turns an event into a request; a new target needs nothing else. */
export type AnnotationTarget = (
  event: RunEvent,
  definition: RunDefinition | undefined,
) => AnnotationRequest;

const MAX_WAITING = 1000;
const REQUEST_MS = 5000;
const RETRY = { firstMs: 500, mostMs: 30_000 };

/** Sends a run's events one after the other, and tries again while the target is unavailable. */
export class Annotations implements RunObserver, AsyncDisposable {
  readonly #name: string;
  readonly #target: AnnotationTarget;
  readonly #clock: Clock;
  readonly #notice: (level: 'info' | 'warn', text: string) => void;
  #waiting: AnnotationRequest[] = [];
  #isSending = false;
  #failures = 0;
  #cancelRetry: Cancel | undefined;
  #isAway = false;
  #isOver = false;
  /** Events that were dropped because too many waited, or the target refused them. */
  dropped = 0;

  constructor(
    name: string,
    target: AnnotationTarget,
    clock: Clock,
    notice: (level: 'info' | 'warn', text: string) => void,
  ) {
    this.#name = name;
    this.#target = target;
    this.#clock = clock;
    this.#notice = notice;
  }

  event(event: RunEvent, definition: RunDefinition | undefined): void {
    if (!isMark(event)) return;
    this.#waiting.push(this.#target(event, definition));
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift();
      this.dropped++;
    }
    void this.#send();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const until = this.#clock.monotonic() + (this.#isAway ? 0 : 2000);
    while (this.#waiting.length > 0 && !this.#isAway && this.#clock.monotonic() < until) {
      await sleep(20, { clock: this.#clock });
    }
    this.#isOver = true;
    this.#cancelRetry?.();
  }

  async #send(): Promise<void> {
    if (this.#isSending || this.#cancelRetry !== undefined) return;
    this.#isSending = true;
    try {
      for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
        await this.#post(next);
        this.#waiting.shift();
      }
    } catch (error) {
      this.#retryLater(error);
    } finally {
      this.#isSending = false;
    }
  }

  async #post({ url, headers, body }: AnnotationRequest): Promise<void> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      // The databases behind the target refuse a lone surrogate or a NUL: it would be sent again forever.
      body: JSON.stringify(legible(body, severalLines)),
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    // The body is not used, but while it is unread the connection stays busy.
    await response.arrayBuffer();
    if (response.ok) {
      if (this.#isAway) this.#notice('info', `${this.#name} is back`);
      this.#isAway = false;
      this.#failures = 0;
      return;
    }
    if (response.status >= 500) throw new Error(`it answered HTTP ${response.status}`);
    // The target would refuse it the next time, too.
    this.dropped++;
    this.#notice('warn', `${this.#name} refused an event: HTTP ${response.status}`);
  }

  #retryLater(error: unknown): void {
    if (this.#isOver) return;
    if (!this.#isAway) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      const waiting = plural(this.#waiting.length, 'event');
      this.#notice('warn', `${this.#name} is unavailable: ${messageOf(cause)}; ${waiting} queued`);
    }
    this.#isAway = true;
    const waitMs = backoffMs(this.#failures++, RETRY, Math.random());
    this.#cancelRetry = this.#clock.schedule(
      waitMs,
      () => {
        this.#cancelRetry = undefined;
        void this.#send();
      },
      { background: true },
    );
  }
}
