import { AmocError, messageOf, systemCode } from '../../lib/errors.ts';
import { countDelivery } from './delay.ts';
import { demandXmlText } from '../element.ts';
import type { Outgoing } from '../element.ts';
import { SendBufferFull, SessionLost, StanzaTimeout } from '../errors.ts';
import type { Predicate } from '../predicates.ts';
import { Receiver, timeoutOf } from './receiver.ts';
import { isPlainlyOne, piecesOf, stanzaNameOf } from './outgoing.ts';
import type { OutgoingName } from './outgoing.ts';
import type {
  Reconnected,
  SessionObserver,
  SessionParts,
  StanzaWait,
  Watcher,
} from './session-parts.ts';
import { Stanza } from '../stanza.ts';
import { isLastWord, isStreamErrorStanza, readStreamError, smErrorOf } from '../stanza-errors.ts';
import { StreamManagement, smAck, smEnable, smRequest } from './stream-management.ts';
import type { Resumption } from './stream-management.ts';
import { Watchers } from './watchers.ts';
import { nobody } from '../wire/wire.ts';
import type { Wire, WireOwner } from '../wire/wire.ts';

/** How long closing the stream may take before the connection is dropped. */
const CLOSE_MS = 2000;

/**
 * A session whose sender does not wait for room ends when this multiple of its send buffer waits to be sent.
 */
const HARD_BOUND = 16;

/** Returned by every send that need not wait, so that no promise is created for each stanza. */
const sentAtOnce = Promise.resolve();

/** A bound XMPP session of one user. */
export class Session extends Receiver implements WireOwner {
  readonly #observer: SessionObserver;
  #jid: string;
  #wire: Wire;
  #watchers: Watchers | undefined;
  #management: StreamManagement | undefined;
  /** How stream management was enabled, for a connection that replaces this one. */
  #enabledWith: { resume: boolean } | undefined;
  #blocked: (() => void)[] | undefined;
  /** The connection is lost, and a new one is being made. */
  #isCut = false;
  #cutBy = '';
  #reconnected: ((how: Reconnected) => unknown) | undefined;
  #closed: (() => void) | undefined;
  /** Called once when the session is over, whichever side ended it. @internal */
  onEnd: () => void = noop;

  /** @internal */
  constructor(jid: string, wire: Wire, parts: SessionParts) {
    super(parts);
    this.#jid = jid;
    this.#observer = parts.observer;
    this.#wire = wire;
    this.#adopt(wire);
  }

  /** The full JID that the server bound. */
  get jid(): string {
    return this.#jid;
  }

  /** Bytes that were sent and that the operating system has not accepted yet. */
  get pending(): number {
    return this.#wire.pending;
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
    if (typeof stanza !== 'string') {
      try {
        const text = demandXmlText(stanza.toString());
        return this.#sendText(text, stanzaNameOf(text));
      } catch (error) {
        return Promise.reject(error instanceof Error ? error : new Error(messageOf(error)));
      }
    }
    const name = stanzaNameOf(stanza);
    if (isPlainlyOne(stanza, name)) return this.#sendText(stanza, name);
    const pieces = piecesOf(stanza);
    const sent = pieces.map((piece) => this.#sendText(piece, stanzaNameOf(piece)));
    return pieces.length === 1 ? (sent[0] as Promise<void>) : Promise.all(sent).then(noop);
  }

  #sendText(text: string, name: OutgoingName): Promise<void> {
    if (this.endedBy !== undefined) return Promise.reject(this.endedBy);
    if (this.#isCut) return this.#sendCut(text, name);
    if (this.#wire.pending >= this.parts.sendBuffer.bytes || this.#management?.isFull === true) {
      return this.#sendFull(text, name);
    }
    this.#transmit(text, name);
    return sentAtOnce;
  }

  /**
   * Shows everything that goes over the session from now on to `watcher`.
   *
   * @returns a function that ends this
   */
  watch(watcher: Watcher): () => void {
    return (this.#watchers ??= new Watchers()).watch(watcher);
  }

  /**
   * Calls `handler` with every stanza that is sent from now on, once, even when a resumption sends it again.
   *
   * @returns a function that ends this
   */
  onSent(handler: (stanza: Stanza) => unknown): () => void {
    return (this.#watchers ??= new Watchers()).onSent(handler);
  }

  /**
   * Enables stream management (XEP-0198): the server acknowledges what is sent and, with `resume`, a cut
   * session can be resumed.
   *
   * @throws {StanzaError} when the server refuses
   */
  async enableStreamManagement({ resume = true }: { resume?: boolean } = {}): Promise<void> {
    const isAnswer: Predicate = ({ name }) => name === 'enabled' || name === 'failed';
    const what = 'answer to <enable/> (XEP-0198)';
    const answered = this.sendAndWait(smEnable(resume), isAnswer, { what });
    // Stanzas that are sent from here on count, although the server has not answered yet (XEP-0198 §4).
    const management = (this.#management ??= new StreamManagement());
    const answer = await answered;
    if (answer.name === 'enabled') {
      this.#enabledWith = { resume };
      return;
    }
    if (this.#management === management && !management.isEnabled) this.#management = undefined;
    management.stop();
    throw smErrorOf(answer);
  }

  /** What `user.connect({ resume })` needs to resume a cut session; `undefined` when it cannot be resumed. */
  get resumption(): Resumption | undefined {
    return this.#management?.resumption(this.#jid);
  }

  /** How many sent stanzas the server has not acknowledged (XEP-0198). */
  get unacked(): number {
    return this.#management?.unacked.length ?? 0;
  }

  /** Resolves when the server has acknowledged everything that was sent (XEP-0198). */
  async acked(options: StanzaWait = {}): Promise<void> {
    const management = this.#management;
    if (management === undefined) return;
    const until = performance.now() + timeoutOf(options);
    while (management.unacked.length > 0) {
      if (this.endedBy !== undefined) throw this.endedBy;
      const left = until - performance.now();
      if (left <= 0) throw new StanzaTimeout('acknowledgement of all stanzas', timeoutOf(options));
      await new Promise<void>((resolve) => {
        const cancel = this.parts.schedule(left, resolve);
        management.onRoom(() => {
          cancel();
          resolve();
        });
        if (management.isEnabled) this.#write(smRequest());
      });
    }
  }

  /** Closes the stream and the connection. Calling it twice is fine. */
  async close(): Promise<void> {
    if (this.endedBy !== undefined) return;
    // The server must learn what was received; otherwise it keeps it for later (XEP-0198 §4).
    if (this.#management?.isEnabled === true) this.#write(smAck(this.#management.received));
    this.#write('</stream:stream>');
    this.#finish(new AmocError('CONNECTION', `the session of ${this.#jid} was closed`));
    await new Promise<void>((resolve) => {
      const cancel = this.parts.schedule(CLOSE_MS, resolve);
      this.#closed = () => {
        cancel();
        resolve();
      };
    });
    this.#drop();
  }

  /** Cuts the connection as a network fault would: the policy `reconnect`, if set, replaces it. */
  cut(): void {
    this.#wire.destroy();
    this.#lost('cut');
  }

  /** Drops the connection without closing the stream, as a crash of the client would. */
  kill(): void {
    this.#finish(new AmocError('CONNECTION', `the session of ${this.#jid} was dropped`));
    this.#drop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Calls `handler` whenever a lost connection was replaced (see the policy `reconnect`). */
  onReconnect(handler: (how: Reconnected) => unknown): void {
    this.#reconnected = handler;
  }

  /** Processes the stanzas that came with the end of the login. @internal */
  replay(texts: readonly string[]): void {
    for (const text of texts) this.stanza(text);
  }

  /**
   * Resumes the earlier session: takes over its counts, and sends again what the server did not get.
   *
   * @internal
   */
  resumeWith(management: StreamManagement): void {
    this.#management = management;
    for (const text of management.unacked) this.#write(text);
    if (management.unacked.length > 0) this.#write(smRequest());
  }

  /**
   * Continues over another connection.
   *
   * @param management stream management of the earlier connection, when the session is resumed
   * @param handled how many of the session's stanzas the server had handled, when it says so without resuming
   * it
   * @internal
   */
  continueOn(
    jid: string,
    wire: Wire,
    management: StreamManagement | undefined,
    handled?: number,
  ): void {
    if (this.endedBy !== undefined) {
      wire.owner = nobody;
      wire.destroy();
      return;
    }
    const before = this.#management;
    const isResumed = management !== undefined;
    if (handled !== undefined) before?.acknowledge(handled);
    const unacked = isResumed ? [] : [...(before?.unacked ?? [])];
    this.#jid = jid;
    this.#wire = wire;
    this.#isCut = false;
    this.#management = undefined;
    this.#adopt(wire);
    if (isResumed) this.resumeWith(management);
    else {
      this.failIqs(new SessionLost(this.#jid, `${this.#cutBy}; it was not resumed`));
      if (this.#enabledWith !== undefined) {
        this.enableStreamManagement(this.#enabledWith).catch((error: unknown) => {
          this.parts.onError?.(error);
        });
      }
    }
    try {
      this.#reconnected?.({ resumed: isResumed, unacked });
    } catch (error) {
      this.parts.onError?.(error);
    }
    this.#room();
  }

  /** Called by the wire, as are the methods below. @internal */
  connected(): void {}

  /** @internal */
  opened(): void {}

  /** @internal */
  stanza(text: string): void {
    this.#receive(text);
  }

  /** @internal */
  ended(): void {
    this.#lost('closed by the server');
  }

  /** @internal */
  malformed(error: AmocError): void {
    this.#lost(error.message, 'malformed');
  }

  /** @internal */
  drained(): void {
    this.#room();
  }

  /** @internal */
  failed(error: Error): void {
    this.#lost(messageOf(error), systemCode(error));
  }

  /** @internal */
  closed(): void {
    this.#lost('closed by the server');
  }

  #adopt(wire: Wire): void {
    wire.owner = this;
  }

  #transmit(text: string, name: OutgoingName): void {
    this.#write(text);
    if (name !== undefined) {
      this.#tellSent(name, text);
      if (this.#management?.countSent(text) === true) this.#write(smRequest());
    }
  }

  #tellSent(name: NonNullable<OutgoingName>, text: string): void {
    this.#observer.sent(name, text.length);
    try {
      this.#watchers?.sent(text);
    } catch (error) {
      this.report(error);
    }
  }

  #write(text: string): void {
    this.#watchers?.show('out', text);
    this.#wire.write(text);
  }

  /** Between two connections: stanzas that can be resumed are kept, others wait for the next connection. */
  async #sendCut(text: string, name: OutgoingName): Promise<void> {
    const management = this.#management;
    if (management?.id !== undefined && !management.isFull) {
      if (name !== undefined) this.#tellSent(name, text);
      management.countSent(text);
      return;
    }
    await new Promise<void>((resolve) => (this.#blocked ??= []).push(resolve));
    await this.send(text);
  }

  #sendFull(text: string, name: OutgoingName): Promise<void> {
    const { policy, bytes } = this.parts.sendBuffer;
    const error = (): SendBufferFull => new SendBufferFull(this.#jid, this.#wire.pending);
    if (policy === 'drop') {
      this.#observer.dropped();
      return sentAtOnce;
    }
    if (policy === 'fail' || this.#wire.pending >= bytes * HARD_BOUND) {
      const failure = error();
      this.#observer.lost('send-buffer-full', this.#jid);
      this.#finish(failure);
      this.#drop();
      return Promise.reject(failure);
    }
    this.#transmit(text, name);
    return new Promise((resolve) => {
      (this.#blocked ??= []).push(resolve);
      this.#management?.onRoom(() => this.#room());
    });
  }

  #room(): void {
    if (
      this.#blocked === undefined ||
      this.#isCut ||
      this.#wire.pending >= this.parts.sendBuffer.bytes
    )
      return;
    const blocked = this.#blocked;
    this.#blocked = undefined;
    for (const resolve of blocked) resolve();
  }

  #receive(text: string): void {
    if (this.endedBy !== undefined) return;
    this.#watchers?.show('in', text);
    const stanza = new Stanza(text);
    const { name } = stanza;
    if (name !== 'message' && name !== 'presence' && name !== 'iq') {
      try {
        this.#receiveNonza(stanza);
      } catch (error) {
        this.#lost(messageOf(error));
      }
      return;
    }
    this.#management?.countReceived();
    this.#observer.received(name, text.length);
    if (name === 'message') countDelivery(stanza, this.#observer);
    this.dispatch(stanza);
  }

  #receiveNonza(stanza: Stanza): void {
    const management = this.#management;
    if (isStreamErrorStanza(stanza)) {
      const { condition, text, otherHost } = readStreamError(stanza);
      this.#lost(text, condition, otherHost);
      return;
    }
    switch (stanza.name) {
      case 'r':
        if (management !== undefined) this.#write(smAck(management.received));
        return;
      case 'a':
        if (management?.acknowledge(Number(stanza.attrs['h'])) === false) {
          const why = 'the server acknowledged more stanzas than were sent (XEP-0198)';
          this.#lost(why, 'wrong-acknowledgement');
        }
        return;
      case 'enabled':
        (this.#management ??= new StreamManagement()).enabled(stanza.attrs);
    }
    // No wait expects the features that a stream offers once SASL2 has bound a resource (XEP-0388 §2.6).
    if (!stanza.name.endsWith('features')) this.keep(stanza);
  }

  #lost(why: string, condition?: string, elsewhere?: string): void {
    if (this.endedBy !== undefined) {
      this.#closed?.();
      return;
    }
    // The connection is being replaced already.
    if (this.#isCut) return;
    this.#observer.lost(condition ?? why, this.#jid);
    const { revive } = this.parts;
    this.#drop();
    if (revive === undefined || isLastWord(condition)) {
      this.#finish(new SessionLost(this.#jid, why));
      return;
    }
    this.#isCut = true;
    this.#cutBy = why;
    // A session that can be resumed may still get its answers.
    if (this.resumption === undefined) this.failIqs(new SessionLost(this.#jid, why));
    revive(this, { text: why, elsewhere }).catch((error: unknown) => {
      this.#finish(new SessionLost(this.#jid, `${why}; ${messageOf(error)}`));
    });
  }

  #drop(): void {
    this.#management?.stop();
    this.#wire.owner = nobody;
    this.#wire.destroy();
  }

  #finish(error: AmocError): void {
    if (this.endedBy !== undefined) return;
    this.endWaits(error);
    this.#room();
    this.#blocked?.forEach((resolve) => resolve());
    this.#blocked = undefined;
    this.onEnd();
  }
}

function noop(): void {}
