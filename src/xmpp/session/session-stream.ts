import { AmocError, messageOf, systemCode } from '../../lib/errors.ts';
import { countDelivery } from './delay.ts';
import type { Outgoing } from '../element.ts';
import { SessionLost, StanzaTimeout } from '../errors.ts';
import type { SendBufferFull } from '../errors.ts';
import { Mailbox } from './mailbox.ts';
import type { MailboxHost } from './mailbox.ts';
import { Outlet } from './outlet.ts';
import type { OutletHost } from './outlet.ts';
import type {
  OpenedStream,
  Reconnected,
  Revivable,
  SessionDeps,
  SessionOptions,
  StanzaWait,
} from './session-parts.ts';
import { Stanza } from '../stanza.ts';
import { isLastWord, isStreamErrorStanza, readStreamError, smErrorOf } from '../stanza-errors.ts';
import { StreamManagement, smAck, smEnable, smRequest } from './stream-management.ts';
import type { Resumption } from './stream-management.ts';
import { timeoutOf } from './waits.ts';
import { Watchers } from './watchers.ts';
import { ignoringOwner } from '../wire/wire.ts';
import type { Wire, WireOwner } from '../wire/wire.ts';

/** How long closing the stream may take before the connection is dropped. */
const CLOSE_MS = 2000;

/** What few sessions have; kept apart, so that the others pay for one field. */
interface Rarities {
  /** How stream management was enabled, for a connection that replaces this one. */
  enabledWith?: { resume: boolean };
  /** Why the connection is lost, while a new one is being made. */
  cutBy?: string | undefined;
  onReconnect?: (how: Reconnected) => unknown;
  /** Called when the connection ends after its session. */
  onClosed?: () => void;
}

/**
 * The stream below a session: it owns the wire, gives what arrives to the mailbox, sends through the outlet,
 * and replaces a lost connection.
 */
export class SessionStream implements WireOwner, Revivable, MailboxHost, OutletHost {
  readonly mailbox: Mailbox;
  /** Called once when the session is over, whichever side ended it. */
  onEnd: () => void = noop;
  readonly #deps: SessionDeps;
  readonly #outlet: Outlet;
  #jid: string;
  #rare: Rarities | undefined;

  constructor(jid: string, wire: Wire, options: SessionOptions, deps: SessionDeps) {
    this.mailbox = new Mailbox(this, options, deps);
    this.#deps = deps;
    this.#outlet = new Outlet(this, wire, options.sendBuffer, deps.observer);
    this.#jid = jid;
    wire.owner = this;
  }

  get jid(): string {
    return this.#jid;
  }

  get isOpen(): boolean {
    return this.mailbox.endedBy === undefined;
  }

  get endedBy(): AmocError | undefined {
    return this.mailbox.endedBy;
  }

  get isCut(): boolean {
    return this.#rare?.cutBy !== undefined;
  }

  /** Bytes that were sent and that the operating system has not accepted yet. */
  get pending(): number {
    return this.#outlet.wire.pending;
  }

  get watchers(): Watchers {
    return (this.#outlet.watchers ??= new Watchers());
  }

  get resumption(): Resumption | undefined {
    return this.#outlet.management?.resumption(this.#jid);
  }

  /** How many sent stanzas the server has not acknowledged (XEP-0198). */
  get unacked(): number {
    return this.#outlet.management?.unacked.length ?? 0;
  }

  set onReconnect(handler: (how: Reconnected) => unknown) {
    this.#rarities.onReconnect = handler;
  }

  send(stanza: Outgoing): Promise<void> {
    return this.#outlet.send(stanza);
  }

  report(error: unknown): void {
    this.mailbox.report(error);
  }

  overflow(error: SendBufferFull): void {
    this.#deps.observer.lost('send-buffer-full', this.#jid);
    this.#finish(error);
    this.#drop();
  }

  async enableStreamManagement({ resume }: { resume: boolean }): Promise<void> {
    const what = 'answer to <enable/> (XEP-0198)';
    const answered = this.mailbox.sendAndWait(smEnable(resume), isSmAnswer, { what });
    // Stanzas that are sent from here on count, although the server has not answered yet (XEP-0198 §4).
    const management = (this.#outlet.management ??= new StreamManagement());
    const answer = await answered;
    if (answer.name === 'enabled') {
      this.#rarities.enabledWith = { resume };
      return;
    }
    if (this.#outlet.management === management && !management.isEnabled)
      this.#outlet.management = undefined;
    management.stop();
    throw smErrorOf(answer);
  }

  async acked(options: StanzaWait): Promise<void> {
    const management = this.#outlet.management;
    if (management === undefined) return;
    const { now, schedule } = this.#deps;
    const until = now() + timeoutOf(options);
    while (management.unacked.length > 0) {
      if (this.mailbox.endedBy !== undefined) throw this.mailbox.endedBy;
      const left = until - now();
      if (left <= 0) throw new StanzaTimeout('acknowledgement of all stanzas', timeoutOf(options));
      await new Promise<void>((resolve) => {
        const cancel = schedule(left, resolve);
        management.onRoom(() => {
          cancel();
          resolve();
        });
        if (management.isEnabled) this.#outlet.write(smRequest());
      });
    }
  }

  async close(): Promise<void> {
    if (!this.isOpen) return;
    // The server must learn what was received; otherwise it keeps it for later (XEP-0198 §4).
    if (this.#outlet.management?.isEnabled === true)
      this.#outlet.write(smAck(this.#outlet.management.received));
    this.#outlet.write('</stream:stream>');
    this.#finish(new AmocError('CONNECTION', `the session of ${this.#jid} was closed`));
    await new Promise<void>((resolve) => {
      const cancel = this.#deps.schedule(CLOSE_MS, resolve);
      this.#rarities.onClosed = () => {
        cancel();
        resolve();
      };
    });
    this.#drop();
  }

  cut(): void {
    this.#outlet.wire.destroy();
    this.#lost('cut');
  }

  kill(): void {
    this.#finish(new AmocError('CONNECTION', `the session of ${this.#jid} was dropped`));
    this.#drop();
  }

  /** Begins with what the login has handed over. */
  begin({ management, early }: Pick<OpenedStream, 'management' | 'early'>): void {
    if (management !== undefined) this.#resumeWith(management);
    for (const text of early) this.stanza(text);
  }

  continueOn({ jid, wire, management, early }: OpenedStream, handled?: number): void {
    if (!this.isOpen) {
      wire.owner = ignoringOwner;
      wire.destroy();
      return;
    }
    const before = this.#outlet.management;
    const resumed = management !== undefined;
    if (handled !== undefined) before?.acknowledge(handled);
    const unacked = resumed ? [] : [...(before?.unacked ?? [])];
    const { cutBy = '', enabledWith, onReconnect } = this.#rarities;
    this.#jid = jid;
    this.#outlet.wire = wire;
    this.#rarities.cutBy = undefined;
    this.#outlet.management = undefined;
    wire.owner = this;
    if (resumed) this.#resumeWith(management);
    else {
      this.mailbox.failIqs(new SessionLost(jid, `${cutBy}; it was not resumed`));
      if (enabledWith !== undefined) {
        this.enableStreamManagement(enabledWith).catch((error: unknown) => {
          this.#deps.onError?.(error);
        });
      }
    }
    try {
      onReconnect?.({ resumed, unacked });
    } catch (error) {
      this.#deps.onError?.(error);
    }
    this.#outlet.room();
    for (const text of early) this.stanza(text);
  }

  connected(): void {}

  opened(): void {}

  stanza(text: string): void {
    if (!this.isOpen) return;
    this.#outlet.watchers?.show('in', text);
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
    const { observer } = this.#deps;
    this.#outlet.management?.countReceived();
    observer.received(name, text.length);
    if (name === 'message') countDelivery(stanza, observer);
    this.mailbox.dispatch(stanza);
  }

  ended(): void {
    this.#lost('closed by the server');
  }

  malformed(error: AmocError): void {
    this.#lost(error.message, 'malformed');
  }

  drained(): void {
    this.#outlet.room();
  }

  failed(error: Error): void {
    this.#lost(messageOf(error), systemCode(error));
  }

  closed(): void {
    this.#lost('closed by the server');
  }

  get #rarities(): Rarities {
    return (this.#rare ??= {});
  }

  #receiveNonza(stanza: Stanza): void {
    const management = this.#outlet.management;
    if (isStreamErrorStanza(stanza)) {
      const { condition, text, otherHost } = readStreamError(stanza);
      this.#lost(text, condition, otherHost);
      return;
    }
    switch (stanza.name) {
      case 'r':
        if (management !== undefined) this.#outlet.write(smAck(management.received));
        return;
      case 'a':
        if (management?.acknowledge(Number(stanza.attrs['h'])) === false) {
          const why = 'the server acknowledged more stanzas than were sent (XEP-0198)';
          this.#lost(why, 'wrong-acknowledgement');
        }
        return;
      case 'enabled':
        (this.#outlet.management ??= new StreamManagement()).enabled(stanza.attrs);
    }
    // No wait expects the features that a stream offers once SASL2 has bound a resource (XEP-0388 §2.6).
    if (!stanza.name.endsWith('features')) this.mailbox.keep(stanza);
  }

  /** Resumes the earlier session: takes over its counts, and sends again what the server did not get. */
  #resumeWith(management: StreamManagement): void {
    this.#outlet.management = management;
    for (const text of management.unacked) this.#outlet.write(text);
    if (management.unacked.length > 0) this.#outlet.write(smRequest());
  }

  #lost(why: string, condition?: string, elsewhere?: string): void {
    if (!this.isOpen) {
      this.#rare?.onClosed?.();
      return;
    }
    // The connection is being replaced already.
    if (this.isCut) return;
    const { observer, revive } = this.#deps;
    observer.lost(condition ?? why, this.#jid);
    this.#drop();
    if (revive === undefined || isLastWord(condition)) {
      this.#finish(new SessionLost(this.#jid, why));
      return;
    }
    this.#rarities.cutBy = why;
    // A session that can be resumed may still get its answers.
    if (this.resumption === undefined) this.mailbox.failIqs(new SessionLost(this.#jid, why));
    revive(this, { text: why, elsewhere }).catch((error: unknown) => {
      this.#finish(new SessionLost(this.#jid, `${why}; ${messageOf(error)}`));
    });
  }

  #drop(): void {
    this.#outlet.management?.stop();
    this.#outlet.wire.owner = ignoringOwner;
    this.#outlet.wire.destroy();
  }

  #finish(error: AmocError): void {
    if (!this.isOpen) return;
    this.mailbox.end(error);
    this.#outlet.release();
    this.onEnd();
  }
}

function isSmAnswer({ name }: Stanza): boolean {
  return name === 'enabled' || name === 'failed';
}

function noop(): void {}
