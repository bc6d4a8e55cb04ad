import type { Capabilities } from '../capabilities.ts';
import type { Element, Outgoing } from '../element.ts';
import type { Mailbox } from './mailbox.ts';
import type { Predicate } from '../predicates.ts';
import { SessionStream } from './session-stream.ts';
import type {
  OpenedStream,
  Reconnected,
  SessionDeps,
  SessionOptions,
  StanzaWait,
  Watcher,
} from './session-parts.ts';
import type { Stanza } from '../stanza.ts';
import type { Resumption } from './stream-management.ts';

/** The mailbox of a session, for helpers that deliver stanzas in their own order. */
export let mailboxOf: (session: Session) => Mailbox;

/** Begins a session over what a login has opened. */
export let openSession: (
  opened: OpenedStream,
  options: SessionOptions,
  deps: SessionDeps,
) => Session;

/** A bound XMPP session of one user. */
export class Session {
  readonly #stream: SessionStream;
  readonly #mailbox: Mailbox;

  static {
    mailboxOf = (session) => session.#mailbox;
    openSession = (opened, options, deps) => new Session(opened, options, deps);
  }

  private constructor(opened: OpenedStream, options: SessionOptions, deps: SessionDeps) {
    this.#stream = new SessionStream(opened.jid, opened.wire, options, deps);
    this.#mailbox = this.#stream.mailbox;
    this.#stream.begin(opened);
  }

  /** The full JID that the server bound. */
  get jid(): string {
    return this.#stream.jid;
  }

  /** Whether stanzas can still be sent. */
  get isOpen(): boolean {
    return this.#stream.isOpen;
  }

  /** Bytes that were sent and that the operating system has not accepted yet. */
  get pending(): number {
    return this.#stream.pending;
  }

  /**
   * The capabilities that it announces when asked (XEP-0030, XEP-0115); the default ones when `undefined`.
   */
  get capabilities(): Capabilities | undefined {
    return this.#mailbox.capabilities;
  }

  set capabilities(capabilities: Capabilities | undefined) {
    this.#mailbox.capabilities = capabilities;
  }

  /** Called once when the session is over, whichever side ended it. @internal */
  set onEnd(handler: () => void) {
    this.#stream.onEnd = handler;
  }

  /**
   * Sends a stanza. There is no need to await the result: it is a promise of its own only when the session's
   * send buffer (`xmppSendBuffer`) is full, and then resolves when there is room.
   *
   * @throws {SessionLost} (as a rejection) when the session is over
   * @throws {AmocError} (as a rejection) `ARGUMENT` for an element with a character that XML forbids
   * @throws {SendBufferFull} (as a rejection) when the buffer is full and the policy is `fail`
   */
  send(stanza: Outgoing): Promise<void> {
    return this.#stream.send(stanza);
  }

  /**
   * Sends an IQ and waits for its answer.
   *
   * @returns the `result` stanza
   * @throws {StanzaError} when the answer is of type `error`
   * @throws {StanzaTimeout} when no answer came in time
   */
  sendIq(iq: Element, options: StanzaWait = {}): Promise<Stanza> {
    return this.#mailbox.sendIq(iq, options);
  }

  /** Sends a stanza and waits for the first stanza that fits; the wait begins before the stanza is sent. */
  sendAndWait(stanza: Outgoing, predicate?: Predicate, options: StanzaWait = {}): Promise<Stanza> {
    return this.#mailbox.sendAndWait(stanza, predicate, options);
  }

  /**
   * The first stanza that the predicate accepts: one that came already and was not taken, or the next one to
   * come.
   *
   * @throws {StanzaTimeout} when no such stanza came in time
   * @throws {SessionLost} when the session ended before
   */
  waitForStanza(predicate?: Predicate, options: StanzaWait = {}): Promise<Stanza> {
    return this.#mailbox.waitForStanza(predicate, options);
  }

  /** The next `count` stanzas that the predicate accepts; the time-out covers all of them. */
  waitForStanzas(
    count: number,
    predicate?: Predicate,
    options: StanzaWait = {},
  ): Promise<Stanza[]> {
    return this.#mailbox.waitForStanzas(count, predicate, options);
  }

  /** All stanzas until the session ends, beginning with those that were kept. */
  stanzas(predicate?: Predicate): AsyncGenerator<Stanza, void, void> {
    return this.#mailbox.stanzas(predicate);
  }

  /** The received stanzas that were not taken, oldest first, at most the newest 100; they are kept. */
  peekStanzas(): readonly Stanza[] {
    return this.#mailbox.peekStanzas();
  }

  /** Takes the first stanza that fits from those that came already; does not wait. */
  takeStanza(predicate?: Predicate): Stanza | undefined {
    return this.#mailbox.takeStanza(predicate);
  }

  /** Which stanzas are kept when no wait takes them; `none` saves the memory. */
  keepOnly(which: Predicate | 'none'): void {
    this.#mailbox.keepOnly(which);
  }

  /**
   * Calls `handler` with every stanza, before any wait gets it. A handler that returns `true` has taken the
   * stanza: no other handler and no wait gets it, and it is not kept.
   *
   * @returns a function that ends this
   */
  onStanza(handler: (stanza: Stanza) => unknown): () => void {
    return this.#mailbox.onStanza(handler);
  }

  /** Calls `handler` as {@link onStanza} does, but before all others. @returns a function that ends this */
  intercept(handler: (stanza: Stanza) => boolean): () => void {
    return this.#mailbox.intercept(handler);
  }

  /**
   * Calls `handler` with every stanza that neither a handler nor a wait has taken, except for requests that
   * the session answers by itself.
   *
   * @returns a function that ends this
   */
  onUnhandled(handler: (stanza: Stanza) => unknown): () => void {
    return this.#mailbox.onUnhandled(handler);
  }

  /**
   * Shows everything that goes over the session from now on to `watcher`.
   *
   * @returns a function that ends this
   */
  watch(watcher: Watcher): () => void {
    return this.#stream.watchers.watch(watcher);
  }

  /**
   * Calls `handler` with every stanza that is sent from now on, once, even when a resumption sends it again.
   *
   * @returns a function that ends this
   */
  onSent(handler: (stanza: Stanza) => unknown): () => void {
    return this.#stream.watchers.onSent(handler);
  }

  /** Calls `handler` whenever a lost connection was replaced (see the policy `reconnect`). */
  onReconnect(handler: (how: Reconnected) => unknown): void {
    this.#stream.onReconnect = handler;
  }

  /**
   * Enables stream management (XEP-0198): the server acknowledges what is sent and, with `resume`, a cut
   * session can be resumed.
   *
   * @throws {StanzaError} when the server refuses
   */
  enableStreamManagement({ resume = true }: { resume?: boolean } = {}): Promise<void> {
    return this.#stream.enableStreamManagement({ resume });
  }

  /** What `user.connect({ resume })` needs to resume a cut session; `undefined` when it cannot be resumed. */
  get resumption(): Resumption | undefined {
    return this.#stream.resumption;
  }

  /** How many sent stanzas the server has not acknowledged (XEP-0198). */
  get unacked(): number {
    return this.#stream.unacked;
  }

  /** Resolves when the server has acknowledged everything that was sent (XEP-0198). */
  acked(options: StanzaWait = {}): Promise<void> {
    return this.#stream.acked(options);
  }

  /** Closes the stream and the connection. Calling it twice is fine. */
  close(): Promise<void> {
    return this.#stream.close();
  }

  /** Cuts the connection as a network fault would: the policy `reconnect`, if set, replaces it. */
  cut(): void {
    this.#stream.cut();
  }

  /** Drops the connection without closing the stream, as a crash of the client would. */
  kill(): void {
    this.#stream.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
