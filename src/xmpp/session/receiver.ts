import { toMs } from '../../lib/time/duration.ts';
import { messageOf } from '../../lib/errors.ts';
import type { AmocError } from '../../lib/errors.ts';
import { without } from '../../lib/without.ts';
import type { Capabilities } from '../capabilities.ts';
import type { Element, Outgoing } from '../element.ts';
import { StanzaTimeout } from '../errors.ts';
import { stanzaId } from '../ids.ts';
import { isAnswered, usualAnswer } from './answers.ts';
import { Inbox } from './inbox.ts';
import { bareJid, isJidOf, isSameJid } from '../jid.ts';
import type { Waiter } from './inbox.ts';
import type { Predicate } from '../predicates.ts';
import type { SessionParts, StanzaWait } from './session-parts.ts';
import type { Stanza } from '../stanza.ts';
import { stanzaErrorOf } from '../stanza-errors.ts';

const DEFAULT_TIMEOUT_MS = 10_000;

interface PendingIq {
  /** Called without an answer when none came in time. */
  resolve: (answer: Stanza | undefined) => void;
  reject: (error: unknown) => void;
  cancel: () => void;
  sentAt: number;
  to: string | undefined;
}

/** The receiving half of a session: it gives each stanza to the handler or the wait that it is for. */
export abstract class Receiver {
  protected readonly parts: SessionParts;
  #inbox: Inbox | undefined;
  #iqs: Map<string, PendingIq> | undefined;
  #handler: ((stanza: Stanza) => unknown) | undefined;
  #moreHandlers: ((stanza: Stanza) => unknown)[] | undefined;
  #interceptors: ((stanza: Stanza) => boolean)[] | undefined;
  #collectors: ((stanza: Stanza) => boolean)[] | undefined;
  #unhandled: ((stanza: Stanza) => unknown)[] | undefined;
  #keepsNothing = false;
  #end: AmocError | undefined;

  protected constructor(parts: SessionParts) {
    this.parts = parts;
  }

  /** The full JID that the server bound. */
  abstract get jid(): string;

  /** Sends a stanza. */
  abstract send(stanza: Outgoing): Promise<void>;

  /** Whether stanzas can still be sent. */
  get isOpen(): boolean {
    return this.#end === undefined;
  }

  /**
   * The capabilities that it announces when asked (XEP-0030, XEP-0115); the default ones when `undefined`.
   */
  get capabilities(): Capabilities | undefined {
    return this.parts.capabilities;
  }

  set capabilities(capabilities: Capabilities | undefined) {
    this.parts.capabilities = capabilities;
  }

  /** Why the session has ended. @internal */
  protected get endedBy(): AmocError | undefined {
    return this.#end;
  }

  /**
   * Sends an IQ and waits for its answer.
   *
   * @returns the `result` stanza
   * @throws {StanzaError} when the answer is of type `error`
   * @throws {StanzaTimeout} when no answer came in time
   */
  async sendIq(iq: Element, options: StanzaWait = {}): Promise<Stanza> {
    if (this.#end !== undefined) throw this.#end;
    const id = (iq.attrs['id'] as string | undefined) ?? stanzaId();
    iq.attrs['id'] = id;
    const to = iq.attrs['to'] as string | undefined;
    const timeoutMs = timeoutOf(options);
    const answer = await new Promise<Stanza | undefined>((resolve, reject) => {
      const pending = { resolve, reject, cancel: noop, sentAt: performance.now(), to };
      if (timeoutMs !== Infinity) {
        pending.cancel = this.parts.schedule(timeoutMs, () => {
          this.#iqs?.delete(id);
          resolve(undefined);
        });
      }
      (this.#iqs ??= new Map()).set(id, pending);
      this.send(iq).catch((error: unknown) => {
        this.#iqs?.delete(id);
        pending.cancel();
        reject(error instanceof Error ? error : new Error(String(error)));
      });
    });
    // Created here, so that the stack trace leads to the line that asked.
    if (answer === undefined) {
      const from = to === undefined ? '' : ` from ${to}`;
      throw new StanzaTimeout(`answer to ${requestText(iq)}${from}`, timeoutMs);
    }
    if (answer.type === 'error') throw stanzaErrorOf(answer, requestText(iq));
    return answer;
  }

  /** Sends a stanza and waits for the first stanza that fits; the wait begins before the stanza is sent. */
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
   * The first stanza that the predicate accepts: one that came already and was not taken, or the next one to
   * come.
   *
   * @throws {StanzaTimeout} when no such stanza came in time
   * @throws {SessionLost} when the session ended before
   */
  waitForStanza(predicate: Predicate = anyStanza, options: StanzaWait = {}): Promise<Stanza> {
    try {
      const kept = this.#inbox?.take(predicate);
      return kept === undefined ? this.#wait(predicate, options) : Promise.resolve(kept);
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(messageOf(error)));
    }
  }

  /** The next `count` stanzas that the predicate accepts; the time-out covers all of them. */
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
        const { what = 'stanzas that fit' } = options;
        throw new StanzaTimeout(`${count} ${what}, ${found.length} came`, timeoutOf(options));
      }
    }
    return found;
  }

  /** The received stanzas that were not taken, oldest first, at most the newest 100; they are kept. */
  peekStanzas(): readonly Stanza[] {
    return this.#inbox?.kept ?? [];
  }

  /** Takes the first stanza that fits from those that came already; does not wait. */
  takeStanza(predicate: Predicate = anyStanza): Stanza | undefined {
    return this.#inbox?.take(predicate);
  }

  /** Calls `handler` as {@link onStanza} does, but before all others. @returns a function that ends this */
  intercept(handler: (stanza: Stanza) => boolean): () => void {
    (this.#interceptors ??= []).push(handler);
    return () => {
      this.#interceptors = without(this.#interceptors, handler);
    };
  }

  /**
   * Gives stanzas that fit to the waits for them, before all handlers.
   *
   * @returns a function that ends this
   * @internal
   */
  prefer(predicate: Predicate): () => void {
    return this.intercept((stanza) => predicate(stanza) && this.keep(stanza));
  }

  /**
   * Calls `handler` with each stanza that no handler took and that answers no IQ, before any wait gets it.
   *
   * @internal
   */
  collect(handler: (stanza: Stanza) => boolean): () => void {
    (this.#collectors ??= []).push(handler);
    return () => {
      this.#collectors = without(this.#collectors, handler);
    };
  }

  /** Waits by the same clock as the session's other waits. @internal */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.parts.schedule(ms, resolve));
  }

  /** All stanzas until the session ends, beginning with those that were kept. */
  async *stanzas(predicate: Predicate = anyStanza): AsyncGenerator<Stanza, void, void> {
    for (;;) {
      const kept = this.#inbox?.take(predicate);
      if (kept !== undefined) yield kept;
      else if (this.#end !== undefined) return;
      else {
        try {
          yield await this.#wait(predicate, { timeout: Infinity });
        } catch {
          // The session has ended.
          return;
        }
      }
    }
  }

  /**
   * Calls `handler` with every stanza, before any wait gets it. A handler that returns `true` has taken the
   * stanza: no other handler and no wait gets it, and it is not kept.
   *
   * @returns a function that ends this
   */
  onStanza(handler: (stanza: Stanza) => unknown): () => void {
    if (this.#handler === undefined) this.#handler = handler;
    else (this.#moreHandlers ??= []).push(handler);
    return () => {
      const [first, ...more] = [this.#handler, ...(this.#moreHandlers ?? [])].filter(
        (each) => each !== undefined && each !== handler,
      );
      this.#handler = first;
      this.#moreHandlers = more.length === 0 ? undefined : (more as (typeof handler)[]);
    };
  }

  /**
   * Calls `handler` with every stanza that neither a handler nor a wait has taken, except for requests that
   * the session answers by itself.
   *
   * @returns a function that ends this
   */
  onUnhandled(handler: (stanza: Stanza) => unknown): () => void {
    (this.#unhandled ??= []).push(handler);
    return () => {
      this.#unhandled = without(this.#unhandled, handler);
    };
  }

  /**
   * Reports an error that no `start` threw to the run; the end of the session was reported already.
   *
   * @internal
   */
  report(error: unknown): void {
    if (error !== this.#end) this.parts.onError?.(error);
  }

  /** Which stanzas are kept when no wait takes them; `none` saves the memory. */
  keepOnly(which: Predicate | 'none'): void {
    this.#keepsNothing = which === 'none';
    if (which === 'none') this.#inbox?.clear();
    else this.#box.keeps = which;
  }

  /** Gives a stanza to its receiver. @internal */
  protected dispatch(stanza: Stanza): void {
    if (stanza.name === 'iq' && this.#iqs !== undefined && this.#answers(stanza)) return;
    try {
      if (this.#interceptors?.some((handler) => handler(stanza)) === true) return;
      if (this.#handler?.(stanza) === true) return;
      if (this.#moreHandlers?.some((handler) => handler(stanza) === true) === true) return;
    } catch (error) {
      this.report(error);
    }
    if (this.keep(stanza)) return;
    const isAnswered = stanza.name === 'iq' && this.#answer(stanza);
    if (isAnswered || this.#unhandled === undefined) return;
    try {
      for (const handler of this.#unhandled) handler(stanza);
    } catch (error) {
      this.report(error);
    }
  }

  /** Gives a stanza to a wait that accepts it, or keeps it. @returns whether a wait took it @internal */
  protected keep(stanza: Stanza): boolean {
    if (this.#collectors?.some((handler) => handler(stanza)) === true) return true;
    if (this.#keepsNothing && this.#inbox === undefined) return false;
    const isTaken = this.#box.deliver(stanza);
    if (this.#keepsNothing) this.#inbox?.clear();
    return isTaken;
  }

  /**
   * Answers a request that nothing has taken, because each must be answered.
   *
   * @returns whether the answer is a result
   */
  #answer(stanza: Stanza): boolean {
    const { type } = stanza;
    if (isAnswered(stanza)) return true;
    if (this.parts.answersRequests === false || (type !== 'get' && type !== 'set')) return false;
    const answer = usualAnswer(stanza, this.parts.capabilities);
    this.send(answer).catch(() => {});
    return answer.attrs['type'] === 'result';
  }

  /** Ends every wait. @internal */
  protected endWaits(error: AmocError): void {
    this.#end = error;
    this.failIqs(error);
    this.#inbox?.fail(error);
  }

  /** Ends the waits for answers, which cannot come over another connection. @internal */
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
    if (pending === undefined || !this.#mayAnswer(stanza.from, pending.to)) return false;
    this.#iqs?.delete(id);
    pending.cancel();
    this.parts.observer.answered(performance.now() - pending.sentAt);
    pending.resolve(stanza);
    return true;
  }

  /**
   * Whether an answer comes from the entity that the request was sent to. For a request without an address
   * that is the server or the own account, by whatever name (RFC 6120 §8.1.2.1).
   */
  #mayAnswer(from: string | undefined, to: string | undefined): boolean {
    if (from === undefined || from === to) return true;
    const own = bareJid(this.jid);
    if (to !== undefined) return isSameJid(from, to) || (isSameJid(to, own) && isJidOf(from, own));
    const domain = own.slice(own.indexOf('@') + 1);
    return isSameJid(from, domain) || isJidOf(from, own);
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
        resolve(late(options.what ?? 'stanza that fits', timeoutMs));
      });
    });
  }
}

function noop(): void {}

const anyStanza: Predicate = () => true;

/**
 * Rejects as an awaited function does, so that the stack trace leads to the line that waits. The waits are
 * not async functions themselves, so none of them pays for a stack trace. It must not reject before that
 * line's promise follows it.
 */
async function late(what: string, timeoutMs: number): Promise<never> {
  await Promise.resolve();
  await Promise.resolve();
  throw new StanzaTimeout(what, timeoutMs);
}

/** The request as errors name it: `the get of jabber:iq:version`. */
function requestText(iq: Element): string {
  const [payload] = iq.getChildElements();
  const what = payload?.getNS() ?? payload?.name ?? 'nothing';
  return `the ${String(iq.attrs['type'])} of ${what}`;
}

/** How long to wait, in milliseconds. */
export function timeoutOf({ timeout }: StanzaWait): number {
  return timeout === Infinity ? Infinity : toMs(timeout ?? DEFAULT_TIMEOUT_MS);
}
