import { toMs } from '../lib/duration.ts';
import type { AmocError } from '../lib/errors.ts';
import type { Element, Outgoing } from './element.ts';
import { StanzaTimeout } from './errors.ts';
import { stanzaId } from './ids.ts';
import { Inbox } from './inbox.ts';
import type { Waiter } from './inbox.ts';
import type { Predicate } from './predicates.ts';
import type { SessionParts, StanzaWait } from './session-parts.ts';
import type { Stanza } from './stanza.ts';
import { stanzaErrorOf } from './stanza-errors.ts';

const DEFAULT_TIMEOUT_MS = 10_000;

interface PendingIq {
  resolve: (answer: Stanza) => void;
  reject: (error: unknown) => void;
  cancel: () => void;
  sentAt: number;
}

/** The half of a session that receives: who gets which stanza, and who waits for one. */
export abstract class Receiver {
  protected readonly parts: SessionParts;
  #inbox: Inbox | undefined;
  #iqs: Map<string, PendingIq> | undefined;
  #handler: ((stanza: Stanza) => unknown) | undefined;
  #moreHandlers: ((stanza: Stanza) => unknown)[] | undefined;
  #interceptors: ((stanza: Stanza) => boolean)[] | undefined;
  #keepsNothing = false;
  #end: AmocError | undefined;

  protected constructor(parts: SessionParts) {
    this.parts = parts;
  }

  /** Sends a stanza. */
  abstract send(stanza: Outgoing): Promise<void>;

  /** Whether stanzas can still be sent. */
  get isOpen(): boolean {
    return this.#end === undefined;
  }

  /** Why the session is over. @internal */
  protected get endedBy(): AmocError | undefined {
    return this.#end;
  }

  /**
   * Sends an IQ and waits for its answer.
   *
   * @returns the `result` stanza
   * @throws {StanzaError} when the answer is of type `error`
   * @throws {StanzaTimeout} when none came in time
   */
  async sendIq(iq: Element, options: StanzaWait = {}): Promise<Stanza> {
    if (this.#end !== undefined) throw this.#end;
    const id = (iq.attrs['id'] as string | undefined) ?? stanzaId();
    iq.attrs['id'] = id;
    const answer = await new Promise<Stanza>((resolve, reject) => {
      const pending: PendingIq = { resolve, reject, cancel: noop, sentAt: performance.now() };
      const timeoutMs = timeoutOf(options);
      if (timeoutMs !== Infinity) {
        pending.cancel = this.parts.schedule(timeoutMs, () => {
          this.#iqs?.delete(id);
          reject(new StanzaTimeout(`answer to the IQ ${id}`, timeoutMs));
        });
      }
      (this.#iqs ??= new Map()).set(id, pending);
      this.send(iq).catch((error: unknown) => {
        this.#iqs?.delete(id);
        pending.cancel();
        reject(error instanceof Error ? error : new Error(String(error)));
      });
    });
    if (answer.type === 'error') throw stanzaErrorOf(answer);
    return answer;
  }

  /** Sends a stanza and waits for the first that fits; the wait begins before the stanza is sent. */
  async sendAndWait(
    stanza: Outgoing,
    predicate: Predicate = anyStanza,
    options: StanzaWait = {},
  ): Promise<Stanza> {
    const answered = this.#wait(predicate, options);
    const [answer] = await Promise.all([answered, this.send(stanza)]);
    return answer;
  }

  /**
   * The first stanza that the predicate accepts: of those that came already and were not taken, or of
   * those to come.
   *
   * @throws {StanzaTimeout} when none came in time
   * @throws {SessionLost} when the session ended before
   */
  waitForStanza(predicate: Predicate = anyStanza, options: StanzaWait = {}): Promise<Stanza> {
    const kept = this.#inbox?.take(predicate);
    return kept === undefined ? this.#wait(predicate, options) : Promise.resolve(kept);
  }

  /** The next `count` stanzas that the predicate accepts; the time-out is for all of them. */
  async waitForStanzas(
    count: number,
    predicate: Predicate = anyStanza,
    options: StanzaWait = {},
  ): Promise<Stanza[]> {
    const until = performance.now() + timeoutOf(options);
    const found: Stanza[] = [];
    while (found.length < count) {
      const timeout = Math.max(0, until - performance.now());
      try {
        found.push(await this.waitForStanza(predicate, { timeout }));
      } catch (error) {
        if (!(error instanceof StanzaTimeout)) throw error;
        throw new StanzaTimeout(
          `${count} stanzas that fit, ${found.length} came`,
          timeoutOf(options),
        );
      }
    }
    return found;
  }

  /** The stanzas that came and that nobody has taken, oldest first; they stay. At most the newest 100. */
  peekStanzas(): readonly Stanza[] {
    return this.#inbox?.kept ?? [];
  }

  /** Takes the first stanza that fits of those that came already; waits for none. */
  takeStanza(predicate: Predicate = anyStanza): Stanza | undefined {
    return this.#inbox?.take(predicate);
  }

  /** Calls `handler` as {@link onStanza} does, before all others. @returns ends it */
  intercept(handler: (stanza: Stanza) => boolean): () => void {
    const handlers = (this.#interceptors ??= []);
    handlers.push(handler);
    return () => {
      const left = this.#interceptors?.filter((each) => each !== handler) ?? [];
      this.#interceptors = left.length === 0 ? undefined : left;
    };
  }

  /** All stanzas from now on, those that were kept first, until the session ends. */
  async *stanzas(predicate: Predicate = anyStanza): AsyncGenerator<Stanza, void, void> {
    for (;;) {
      const kept = this.#inbox?.take(predicate);
      if (kept !== undefined) yield kept;
      else if (this.#end !== undefined) return;
      else {
        try {
          yield await this.#wait(predicate, { timeout: Infinity });
        } catch {
          // The session ended: so do its stanzas.
          return;
        }
      }
    }
  }

  /**
   * Calls `handler` with every stanza, before anybody who waits. One that gives back `true` has taken
   * the stanza: nobody else gets it, and it is not kept.
   */
  onStanza(handler: (stanza: Stanza) => unknown): void {
    if (this.#handler === undefined) this.#handler = handler;
    else (this.#moreHandlers ??= []).push(handler);
  }

  /** Which stanzas are kept when nobody waits for them; `none` saves the memory. */
  keepOnly(which: Predicate | 'none'): void {
    this.#keepsNothing = which === 'none';
    if (which === 'none') this.#inbox?.clear();
    else this.#box.keeps = which;
  }

  /** Gives a stanza to whom it is for. @internal */
  protected dispatch(stanza: Stanza): void {
    if (stanza.name === 'iq' && this.#iqs !== undefined && this.#answers(stanza)) return;
    try {
      if (this.#interceptors?.some((handler) => handler(stanza)) === true) return;
      if (this.#handler?.(stanza) === true) return;
      if (this.#moreHandlers?.some((handler) => handler(stanza) === true) === true) return;
    } catch (error) {
      this.parts.onError?.(error);
    }
    this.keep(stanza);
  }

  /** Gives a stanza to who waits for its like, or keeps it. @internal */
  protected keep(stanza: Stanza): void {
    if (this.#keepsNothing && this.#inbox === undefined) return;
    this.#box.deliver(stanza);
    if (this.#keepsNothing) this.#inbox?.clear();
  }

  /** Ends every wait. @internal */
  protected endWaits(error: AmocError): void {
    this.#end = error;
    this.failIqs(error);
    this.#inbox?.fail(error);
  }

  /** Ends the waits for answers: they will not come over another connection. @internal */
  protected failIqs(error: unknown): void {
    const iqs = this.#iqs;
    this.#iqs = undefined;
    for (const { cancel, reject } of iqs?.values() ?? []) {
      cancel();
      reject(error);
    }
  }

  get #box(): Inbox {
    return (this.#inbox ??= new Inbox());
  }

  #answers(stanza: Stanza): boolean {
    const { type, id } = stanza;
    if (id === undefined || (type !== 'result' && type !== 'error')) return false;
    const pending = this.#iqs?.get(id);
    if (pending === undefined) return false;
    this.#iqs?.delete(id);
    pending.cancel();
    this.parts.observer.answered(performance.now() - pending.sentAt);
    pending.resolve(stanza);
    return true;
  }

  #wait(predicate: Predicate, options: StanzaWait): Promise<Stanza> {
    const ended = this.#end;
    if (ended !== undefined) return Promise.reject(ended);
    const timeoutMs = timeoutOf(options);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { predicate, resolve, reject, cancel: noop };
      this.#box.wait(waiter);
      if (timeoutMs === Infinity) return;
      waiter.cancel = this.parts.schedule(timeoutMs, () => {
        this.#inbox?.drop(waiter);
        reject(new StanzaTimeout('stanza that fits', timeoutMs));
      });
    });
  }
}

function noop(): void {}

const anyStanza: Predicate = () => true;

/** How long to wait, in milliseconds. */
export function timeoutOf({ timeout }: StanzaWait): number {
  return timeout === Infinity ? Infinity : toMs(timeout ?? DEFAULT_TIMEOUT_MS);
}
