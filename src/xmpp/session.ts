import { toMs } from '../lib/duration.ts';
import type { Duration } from '../lib/duration.ts';
import { AmocError } from '../lib/errors.ts';
import { SessionLost, StanzaError, StanzaTimeout } from './errors.ts';
import type { Predicate } from './predicates.ts';
import { ageOf, stanzaId } from './stanza.ts';
import type { Element, Stanza } from './stanza.ts';

/** Stanzas that nobody waits for are kept for a later `waitForStanza`; beyond this the oldest goes. */
const MAILBOX_SIZE = 100;

const DEFAULT_TIMEOUT_MS = 10_000;

/** An open connection below a session: bytes are its business, stanzas are the session's. */
export interface Link {
  /** Writes XML text. */
  write(text: string): Promise<void>;
  /** Closes the stream and the connection in good order. */
  close(): Promise<void>;
  /** Drops the connection without a word. */
  destroy(): void;
}

/** Told of what a session does, for counting. */
export interface SessionObserver {
  sent(name: string): void;
  received(name: string): void;
  /** Time from the making of a stamped message to its arrival here. */
  delivered(ms: number): void;
  /** The session ended, and not from this side. */
  lost(): void;
}

/** Plans a call; the timer wheel of the process in production. */
export type Schedule = (delayMs: number, callback: () => void) => () => void;

/** How long something is waited for. */
export interface StanzaWait {
  /** @default 10 s */
  timeout?: Duration;
}

interface Waiter {
  predicate: Predicate;
  resolve: (stanza: Element) => void;
  reject: (error: unknown) => void;
  cancel: () => void;
}

/** A bound XMPP session of one user. */
export class Session {
  /** The full JID that the server bound. */
  readonly jid: string;
  readonly #link: Link;
  readonly #observer: SessionObserver;
  readonly #schedule: Schedule;
  #mailbox: Element[] = [];
  #waiters: Waiter[] = [];
  #handlers: ((stanza: Element) => void)[] = [];
  #end: AmocError | undefined;
  /** Called once when the session is over, whoever ended it. */
  onEnd: () => void = () => {};

  constructor(jid: string, link: Link, observer: SessionObserver, schedule: Schedule) {
    this.jid = jid;
    this.#link = link;
    this.#observer = observer;
    this.#schedule = schedule;
  }

  /** Whether stanzas can still be sent. */
  get isOpen(): boolean {
    return this.#end === undefined;
  }

  /**
   * Sends a stanza; resolves when it was handed to the system.
   *
   * @throws {SessionLost} when the session is over.
   */
  async send(stanza: Stanza): Promise<void> {
    if (this.#end !== undefined) throw this.#end;
    const text = stanza.toString();
    const name = typeof stanza === 'string' ? nameOf(stanza) : stanza.name;
    try {
      await this.#link.write(text);
    } catch (cause) {
      throw (
        this.#over() ?? new AmocError('CONNECTION', 'the stanza could not be written', { cause })
      );
    }
    this.#observer.sent(name);
  }

  /**
   * Sends an IQ and waits for its answer.
   *
   * @returns the `result` stanza
   * @throws {StanzaError} when the answer is of type `error`
   * @throws {StanzaTimeout} when none came in time
   */
  async sendIq(iq: Element, options: StanzaWait = {}): Promise<Element> {
    const id = (iq.attrs['id'] as string | undefined) ?? stanzaId();
    iq.attrs['id'] = id;
    const isAnswer: Predicate = (stanza) =>
      stanza.name === 'iq' &&
      stanza.attrs['id'] === id &&
      (stanza.attrs['type'] === 'result' || stanza.attrs['type'] === 'error');
    const answered = this.#wait(isAnswer, options, `answer to the IQ ${id}`);
    const [answer] = await Promise.all([answered, this.send(iq)]);
    if (answer.attrs['type'] === 'error') throw stanzaErrorOf(answer);
    return answer;
  }

  /**
   * The first stanza that the predicate accepts: of those that came already and were not taken, or of
   * those to come.
   *
   * @throws {StanzaTimeout} when none came in time
   * @throws {SessionLost} when the session ended before
   */
  async waitForStanza(
    predicate: Predicate = () => true,
    options: StanzaWait = {},
  ): Promise<Element> {
    const index = this.#mailbox.findIndex(predicate);
    if (index >= 0) return this.#mailbox.splice(index, 1)[0] as Element;
    return this.#wait(predicate, options, 'stanza that fits');
  }

  /** All stanzas from now on, those in the mailbox first, until the session ends. */
  async *stanzas(): AsyncGenerator<Element, void, void> {
    for (;;) {
      const kept = this.#mailbox.shift();
      if (kept !== undefined) yield kept;
      else if (this.#end !== undefined) return;
      else {
        try {
          yield await this.#wait(() => true, { timeout: Infinity }, 'stanza');
        } catch {
          // The session ended: so do its stanzas.
          return;
        }
      }
    }
  }

  /** Calls `handler` with every stanza, before anybody who waits. */
  onStanza(handler: (stanza: Element) => void): void {
    this.#handlers.push(handler);
  }

  /** Closes the stream and the connection. Twice is fine. */
  async close(): Promise<void> {
    if (this.#end !== undefined) return;
    this.#finish(new AmocError('CONNECTION', `the session of ${this.jid} was closed`));
    await this.#link.close();
  }

  /** Drops the connection, as a crash of the client would. */
  destroy(): void {
    this.#finish(new AmocError('CONNECTION', `the session of ${this.jid} was dropped`));
    this.#link.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** For the link: a stanza has arrived. */
  deliver(stanza: Element): void {
    if (this.#end !== undefined) return;
    this.#observer.received(stanza.name);
    if (stanza.name === 'message' && stanza.attrs['type'] !== 'error') {
      const age = ageOf(stanza.attrs['id'] as string | undefined);
      if (age !== undefined) this.#observer.delivered(age);
    }
    for (const handler of this.#handlers) handler(stanza);
    const waiter = this.#waiters.find(({ predicate }) => predicate(stanza));
    if (waiter !== undefined) {
      this.#drop(waiter);
      waiter.resolve(stanza);
      return;
    }
    this.#mailbox.push(stanza);
    if (this.#mailbox.length > MAILBOX_SIZE) this.#mailbox.shift();
  }

  /** For the link: the connection is gone. */
  lost(why: string): void {
    if (this.#end !== undefined) return;
    this.#observer.lost();
    this.#finish(new SessionLost(this.jid, why));
  }

  #wait(predicate: Predicate, { timeout }: StanzaWait, what: string): Promise<Element> {
    const ended = this.#end;
    if (ended !== undefined) return Promise.reject(ended);
    const timeoutMs = timeout === Infinity ? Infinity : toMs(timeout ?? DEFAULT_TIMEOUT_MS);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { predicate, resolve, reject, cancel: () => {} };
      this.#waiters.push(waiter);
      if (timeoutMs === Infinity) return;
      waiter.cancel = this.#schedule(timeoutMs, () => {
        this.#drop(waiter);
        reject(new StanzaTimeout(what, timeoutMs));
      });
    });
  }

  /** The reason of the end. A function, because it may have come during an await. */
  #over(): AmocError | undefined {
    return this.#end;
  }

  #drop(waiter: Waiter): void {
    waiter.cancel();
    this.#waiters = this.#waiters.filter((each) => each !== waiter);
  }

  #finish(error: AmocError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      waiter.cancel();
      waiter.reject(error);
    }
    this.onEnd();
  }
}

/** The condition and text of an error stanza (RFC 6120 §8.3.2). */
export function stanzaErrorOf(stanza: Element): StanzaError {
  const error = stanza.getChild('error');
  const condition = error
    ?.getChildElements()
    .find(
      (child) =>
        child.attrs['xmlns'] === 'urn:ietf:params:xml:ns:xmpp-stanzas' && child.name !== 'text',
    );
  return new StanzaError(
    condition?.name ?? 'undefined-condition',
    error?.getChildText('text') ?? '',
  );
}

function nameOf(text: string): string {
  return /^\s*<([A-Za-z:]+)/.exec(text)?.[1] ?? '';
}
