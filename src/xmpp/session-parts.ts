import type { Duration } from '../lib/duration.ts';
import type { Capabilities } from './capabilities.ts';
import type { Wire } from './wire/wire.ts';
import type { Resumption, StreamManagement } from './stream-management.ts';

/**
 * What kind of login it was: one anew, one by a token (XEP-0484), one that took a session up again (XEP-0198 §5), or one
 * that was to do so and is anew.
 */
export type LoginKind = 'new' | 'by token' | 'resumed' | 'not resumed';

/** How a lost connection was replaced. */
export interface Reconnected {
  /** The session goes on as it was (XEP-0198 §5): what was sent meanwhile arrives. */
  resumed: boolean;
  /** Stanzas that the server never acknowledged, when it is a session anew. */
  unacked: readonly string[];
}

/** Told of what a session does, for counting. */
export interface SessionObserver {
  /** A login has ended well, also one that replaces a lost connection. */
  connected(kind: LoginKind, ms: number): void;
  /** @param length of the stanza's text */
  sent(name: 'message' | 'presence' | 'iq', length: number): void;
  received(name: 'message' | 'presence' | 'iq', length: number): void;
  /** Time from the making of a stamped message to its arrival here. */
  delivered(ms: number): void;
  /** The same for one that the server has kept: in offline storage, a room's history, a cut session (XEP-0203). */
  delayed(ms: number): void;
  /** Time from an IQ to its answer. */
  answered(ms: number): void;
  /** A stanza was not sent, because the send buffer was full and the policy is `drop`. */
  dropped(): void;
  /**
   * The connection ended, and not from this side.
   *
   * @param reason the condition of a stream error, or what happened to the connection
   */
  lost(reason: string, jid: string): void;
}

/** Plans a call; the timer wheel of the process in production. */
export type Schedule = (delayMs: number, callback: () => void) => () => void;

/** How long something is waited for. */
export interface StanzaWait {
  /** @default 10 s */
  timeout?: Duration;
  /** What is waited for, as the error says when it does not come. @default 'stanza that fits' */
  what?: string;
}

/** What to do with a stanza when what was sent before has not gone out. */
export type SendPolicy = 'wait' | 'drop' | 'fail';

/** Bound of what may wait to be sent. */
export interface SendBuffer {
  bytes: number;
  policy: SendPolicy;
}

/** Sees what goes over a session, as text. */
export type Watcher = (direction: 'in' | 'out', text: string) => void;

/** Why a connection is gone. */
export interface Loss {
  text: string;
  /** Where the server has sent the client (RFC 6120 §4.9.3.19). */
  elsewhere: string | undefined;
}

/** A session whose connection is lost, as who replaces the connection sees it. */
export interface Revivable {
  readonly isOpen: boolean;
  readonly resumption: Resumption | undefined;
  continueOn(
    jid: string,
    wire: Wire,
    management: StreamManagement | undefined,
    handled?: number,
  ): void;
  replay(texts: readonly string[]): void;
}

/** What a session needs from where it is made. */
export interface SessionParts {
  observer: SessionObserver;
  schedule: Schedule;
  sendBuffer: SendBuffer;
  /** Whether requests that nobody takes are answered (RFC 6120 §8.2.3). @default true */
  answersRequests?: boolean | undefined;
  /** What the session says that it is and can; the usual when left out. */
  capabilities?: Capabilities | undefined;
  /** Told of what a scenario's handler threw. */
  onError?: ((error: unknown) => void) | undefined;
  /** Gets a lost session going again; it is over when this rejects. */
  revive?: ((session: Revivable, why: Loss) => Promise<void>) | undefined;
}
