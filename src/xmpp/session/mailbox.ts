import { messageOf } from '../../lib/errors.ts';
import type { AmocError } from '../../lib/errors.ts';
import { without } from '../../lib/without.ts';
import type { Capabilities } from '../capabilities.ts';
import type { Element, Outgoing } from '../element.ts';
import { StanzaTimeout } from '../errors.ts';
import { stanzaId } from '../ids.ts';
import { isAnswered, usualAnswer } from './answers.ts';
import { Inbox } from './inbox.ts';
import { mayAnswer, requestText } from './iq-answers.ts';
import type { PendingIq } from './iq-answers.ts';
import type { Waiter } from './inbox.ts';
import type { Predicate } from '../predicates.ts';
import type { SessionDeps, SessionOptions, StanzaWait } from './session-parts.ts';
import type { Stanza } from '../stanza.ts';
import { stanzaErrorOf } from '../stanza-errors.ts';
import { anyStanza, late, timeoutOf } from './waits.ts';

/** What a mailbox belongs to. */
export interface MailboxHost {
  /** The full JID that the server bound. */
  readonly jid: string;
  send(stanza: Outgoing): Promise<void>;
}

type Handler = (stanza: Stanza) => unknown;
/** Returns whether it has taken the stanza. */
type Taker = (stanza: Stanza) => boolean;

/** What few sessions have; kept apart, so that the others pay for one field. */
interface MoreHandlers {
  handlers?: Handler[] | undefined;
  interceptors?: Taker[] | undefined;
  collectors?: Taker[] | undefined;
  unhandled?: Handler[] | undefined;
}

/**
 * The receiving half of a session: it gives each stanza to the handler or the wait that it is for. What a
 * scenario may call is described at `Session`.
 */
export class Mailbox {
  /** The capabilities that it announces when asked; the default ones when `undefined`. */
  capabilities: Capabilities | undefined;
  readonly #host: MailboxHost;
  readonly #deps: SessionDeps;
  readonly #answersRequests: boolean;
  #inbox: Inbox | undefined;
  #iqs: Map<string, PendingIq> | undefined;
  #handler: Handler | undefined;
  #more: MoreHandlers | undefined;
  #keepsNothing = false;
  #end: AmocError | undefined;

  constructor(host: MailboxHost, options: SessionOptions, deps: SessionDeps) {
    this.capabilities = options.capabilities;
    this.#host = host;
    this.#deps = deps;
    this.#answersRequests = options.answersRequests !== false;
  }

  /** Why the session has ended; `undefined` while it has not. */
  get endedBy(): AmocError | undefined {
    return this.#end;
  }

  async sendIq(iq: Element, options: StanzaWait = {}): Promise<Stanza> {
    if (this.#end !== undefined) throw this.#end;
    const id = (iq.attrs['id'] as string | undefined) ?? stanzaId();
    iq.attrs['id'] = id;
    const to = iq.attrs['to'] as string | undefined;
    const timeoutMs = timeoutOf(options);
    const answer = await new Promise<Stanza | undefined>((resolve, reject) => {
      const pending = { resolve, reject, cancel: noop, sentAt: this.#deps.now(), to };
      if (timeoutMs !== Infinity) {
        pending.cancel = this.#deps.schedule(timeoutMs, () => {
          this.#iqs?.delete(id);
          resolve(undefined);
        });
      }
      (this.#iqs ??= new Map()).set(id, pending);
      this.#host.send(iq).catch((error: unknown) => {
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

  async sendAndWait(
    stanza: Outgoing,
    predicate: Predicate = anyStanza,
    options: StanzaWait = {},
  ): Promise<Stanza> {
    const answered = this.#wait(predicate, options);
    const [answer] = await Promise.all([answered, this.#host.send(stanza)]);
    return answer;
  }

  waitForStanza(predicate: Predicate = anyStanza, options: StanzaWait = {}): Promise<Stanza> {
    try {
      const kept = this.#inbox?.take(predicate);
      return kept === undefined ? this.#wait(predicate, options) : Promise.resolve(kept);
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(messageOf(error)));
    }
  }

  async waitForStanzas(
    count: number,
    predicate: Predicate = anyStanza,
    options: StanzaWait = {},
  ): Promise<Stanza[]> {
    const until = this.now() + timeoutOf(options);
    const found: Stanza[] = [];
    while (found.length < count) {
      const timeout = Math.max(0, until - this.now());
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

  peekStanzas(): readonly Stanza[] {
    return this.#inbox?.kept ?? [];
  }

  takeStanza(predicate: Predicate = anyStanza): Stanza | undefined {
    return this.#inbox?.take(predicate);
  }

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

  keepOnly(which: Predicate | 'none'): void {
    this.#keepsNothing = which === 'none';
    if (which === 'none') this.#inbox?.clear();
    else this.#box.keeps = which;
  }

  onStanza(handler: Handler): () => void {
    if (this.#handler === undefined) this.#handler = handler;
    else (this.#others.handlers ??= []).push(handler);
    return () => {
      const [first, ...more] = [this.#handler, ...(this.#more?.handlers ?? [])].filter(
        (each) => each !== undefined && each !== handler,
      );
      this.#handler = first;
      if (this.#more !== undefined) {
        this.#more.handlers = more.length === 0 ? undefined : (more as Handler[]);
      }
    };
  }

  onUnhandled(handler: Handler): () => void {
    const others = this.#others;
    (others.unhandled ??= []).push(handler);
    return () => {
      others.unhandled = without(others.unhandled, handler);
    };
  }

  intercept(handler: Taker): () => void {
    const others = this.#others;
    (others.interceptors ??= []).push(handler);
    return () => {
      others.interceptors = without(others.interceptors, handler);
    };
  }

  /**
   * Gives stanzas that fit to the waits for them, before all handlers.
   *
   * @returns a function that ends this
   */
  prefer(predicate: Predicate): () => void {
    return this.intercept((stanza) => predicate(stanza) && this.keep(stanza));
  }

  /**
   * Calls `handler` with each stanza that no handler took and that answers no IQ, before any wait gets it.
   *
   * @returns a function that ends this
   */
  collect(handler: Taker): () => void {
    const others = this.#others;
    (others.collectors ??= []).push(handler);
    return () => {
      others.collectors = without(others.collectors, handler);
    };
  }

  /** Milliseconds by the clock of all waits here. */
  now(): number {
    return this.#deps.now();
  }

  /** Waits by the same clock as the session's other waits. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#deps.schedule(ms, resolve));
  }

  /** Reports an error that no `start` threw to the run; the end of the session was reported already. */
  report(error: unknown): void {
    if (error !== this.#end) this.#deps.onError?.(error);
  }

  /** Gives a stanza to its receiver. */
  dispatch(stanza: Stanza): void {
    if (stanza.name === 'iq' && this.#iqs !== undefined && this.#answers(stanza)) return;
    try {
      if (this.#more?.interceptors?.some((handler) => handler(stanza)) === true) return;
      if (this.#handler?.(stanza) === true) return;
      if (this.#more?.handlers?.some((handler) => handler(stanza) === true) === true) return;
    } catch (error) {
      this.report(error);
    }
    if (this.keep(stanza)) return;
    const isAnswered = stanza.name === 'iq' && this.#answer(stanza);
    if (isAnswered || this.#more?.unhandled === undefined) return;
    try {
      for (const handler of this.#more.unhandled) handler(stanza);
    } catch (error) {
      this.report(error);
    }
  }

  /** Gives a stanza to a wait that accepts it, or keeps it. @returns whether a wait took it */
  keep(stanza: Stanza): boolean {
    if (this.#more?.collectors?.some((handler) => handler(stanza)) === true) return true;
    if (this.#keepsNothing && this.#inbox === undefined) return false;
    const isTaken = this.#box.deliver(stanza);
    if (this.#keepsNothing) this.#inbox?.clear();
    return isTaken;
  }

  /** Ends every wait, because the session has ended. */
  end(error: AmocError): void {
    this.#end = error;
    this.failIqs(error);
    this.#inbox?.fail(error);
  }

  /** Ends the waits for answers, which cannot come over another connection. */
  failIqs(error: unknown): void {
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

  get #others(): MoreHandlers {
    return (this.#more ??= {});
  }

  /**
   * Answers a request that nothing has taken, because each must be answered.
   *
   * @returns whether the answer is a result
   */
  #answer(stanza: Stanza): boolean {
    const { type } = stanza;
    if (isAnswered(stanza)) return true;
    if (!this.#answersRequests || (type !== 'get' && type !== 'set')) return false;
    const answer = usualAnswer(stanza, this.capabilities);
    this.#host.send(answer).catch(() => {});
    return answer.attrs['type'] === 'result';
  }

  #answers(stanza: Stanza): boolean {
    const { type, id } = stanza;
    if (id === undefined || (type !== 'result' && type !== 'error')) return false;
    const pending = this.#iqs?.get(id);
    if (pending === undefined || !mayAnswer(stanza.from, pending.to, this.#host.jid)) return false;
    this.#iqs?.delete(id);
    pending.cancel();
    this.#deps.observer.answered(this.#deps.now() - pending.sentAt);
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
      waiter.cancel = this.#deps.schedule(timeoutMs, () => {
        this.#inbox?.drop(waiter);
        resolve(late(options.what ?? 'stanza that fits', timeoutMs));
      });
    });
  }
}

function noop(): void {}
