import { messageOf } from '../../lib/errors.ts';
import type { AmocError } from '../../lib/errors.ts';
import { demandXmlText } from '../element.ts';
import type { Outgoing } from '../element.ts';
import { SendBufferFull } from '../errors.ts';
import { isPlainlyOne, piecesOf, stanzaNameOf } from './outgoing.ts';
import type { OutgoingName } from './outgoing.ts';
import type { SendBuffer, SendPolicy, SessionObserver } from './session-parts.ts';
import { smRequest } from './stream-management.ts';
import type { StreamManagement } from './stream-management.ts';
import type { Watchers } from './watchers.ts';
import type { Wire } from '../wire/wire.ts';

/**
 * A session whose sender does not wait for room ends when this multiple of its send buffer waits to be sent.
 */
const HARD_BOUND = 16;

/** Returned by every send that need not wait, so that no promise is created for each stanza. */
const sentAtOnce = Promise.resolve();

/** What an outlet belongs to. */
export interface OutletHost {
  /** The full JID that the server bound. */
  readonly jid: string;
  /** Why the session has ended; `undefined` while it has not. */
  readonly endedBy: AmocError | undefined;
  /** Whether the connection is lost and a new one is being made. */
  readonly isCut: boolean;
  /** Reports what a handler of sent stanzas has thrown. */
  report(error: unknown): void;
  /** Ends the session, because more waits to be sent than may. */
  overflow(error: SendBufferFull): void;
}

/** The sending half of a session: it sends what there is room for, by the policy of the send buffer. */
export class Outlet {
  wire: Wire;
  /** Set from the request to enable it on. */
  management: StreamManagement | undefined;
  watchers: Watchers | undefined;
  readonly #host: OutletHost;
  readonly #observer: SessionObserver;
  readonly #bufferBytes: number;
  readonly #policy: SendPolicy;
  /** The sends that wait for room. */
  #blocked: (() => void)[] | undefined;

  constructor(
    host: OutletHost,
    wire: Wire,
    { bytes, policy }: SendBuffer,
    observer: SessionObserver,
  ) {
    this.wire = wire;
    this.#host = host;
    this.#observer = observer;
    this.#bufferBytes = bytes;
    this.#policy = policy;
  }

  /** See `Session.send`. */
  send(stanza: Outgoing): Promise<void> {
    if (typeof stanza !== 'string') {
      try {
        const text = demandXmlText(stanza.toString());
        return this.#send(text, stanzaNameOf(text));
      } catch (error) {
        return Promise.reject(error instanceof Error ? error : new Error(messageOf(error)));
      }
    }
    const name = stanzaNameOf(stanza);
    if (isPlainlyOne(stanza, name)) return this.#send(stanza, name);
    const pieces = piecesOf(stanza);
    const sent = pieces.map((piece) => this.#send(piece, stanzaNameOf(piece)));
    return pieces.length === 1 ? (sent[0] as Promise<void>) : Promise.all(sent).then(noop);
  }

  /** Writes a text that counts neither as a stanza nor for the send buffer. */
  write(text: string): void {
    this.watchers?.show('out', text);
    this.wire.write(text);
  }

  /** Continues the sends that wait, when there is room. */
  room(): void {
    if (this.#host.isCut || this.wire.pending >= this.#bufferBytes) return;
    this.release();
  }

  /** Continues all sends that wait. */
  release(): void {
    const blocked = this.#blocked;
    this.#blocked = undefined;
    if (blocked !== undefined) for (const resolve of blocked) resolve();
  }

  #send(text: string, name: OutgoingName): Promise<void> {
    const { endedBy, isCut } = this.#host;
    if (endedBy !== undefined) return Promise.reject(endedBy);
    if (isCut) return this.#sendCut(text, name);
    if (this.wire.pending >= this.#bufferBytes || this.management?.isFull === true) {
      return this.#sendFull(text, name);
    }
    this.#transmit(text, name);
    return sentAtOnce;
  }

  #transmit(text: string, name: OutgoingName): void {
    this.write(text);
    if (name === undefined) return;
    this.#tellSent(name, text);
    if (this.management?.countSent(text) === true) this.write(smRequest());
  }

  #tellSent(name: NonNullable<OutgoingName>, text: string): void {
    this.#observer.sent(name, text.length);
    try {
      this.watchers?.sent(text);
    } catch (error) {
      this.#host.report(error);
    }
  }

  /** Between two connections: stanzas that can be resumed are kept, others wait for the next connection. */
  async #sendCut(text: string, name: OutgoingName): Promise<void> {
    const { management } = this;
    if (management?.id !== undefined && !management.isFull) {
      if (name !== undefined) this.#tellSent(name, text);
      management.countSent(text);
      return;
    }
    await new Promise<void>((resolve) => (this.#blocked ??= []).push(resolve));
    await this.send(text);
  }

  #sendFull(text: string, name: OutgoingName): Promise<void> {
    if (this.#policy === 'drop') {
      this.#observer.dropped();
      return sentAtOnce;
    }
    const { pending } = this.wire;
    if (this.#policy === 'fail' || pending >= this.#bufferBytes * HARD_BOUND) {
      const failure = new SendBufferFull(this.#host.jid, pending);
      this.#host.overflow(failure);
      return Promise.reject(failure);
    }
    this.#transmit(text, name);
    return new Promise((resolve) => {
      (this.#blocked ??= []).push(resolve);
      this.management?.onRoom(() => this.room());
    });
  }
}

function noop(): void {}
