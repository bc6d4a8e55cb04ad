import type { Duration } from '../../lib/time/duration.ts';
import type { Capabilities } from '../capabilities.ts';
import type { Wire } from '../wire/wire.ts';
import type { Resumption, StreamManagement } from './stream-management.ts';

/**
 * The kind of a login: a new session, a new one by a token (XEP-0484), a resumed one (XEP-0198 §5), or a new
 * one because it could not be resumed.
 */
export type LoginKind = 'new' | 'by token' | 'resumed' | 'not resumed';

/** How a lost connection was replaced. */
export interface Reconnected {
  /** The session continues unchanged (XEP-0198 §5): what was sent in between arrives. */
  resumed: boolean;
  /** Stanzas that the server never acknowledged, when the session is a new one. */
  unacked: readonly string[];
}

/** Is called for what a session does, to count it. */
export interface SessionObserver {
  /** A login has succeeded, also one that replaces a lost connection. */
  connected(kind: LoginKind, ms: number): void;
  /** @param length of the stanza's text */
  sent(name: 'message' | 'presence' | 'iq', length: number): void;
  received(name: 'message' | 'presence' | 'iq', length: number): void;
  /** Time from the creation of a stamped message to its arrival here. */
  delivered(ms: number): void;
  /**
   * The same for a message that the server had stored: offline, in a room's history, for a cut session
   * (XEP-0203).
   */
  delayed(ms: number): void;
  /** Time from an IQ to its answer. */
  answered(ms: number): void;
  /** A stanza was not sent, because the send buffer was full and the policy is `drop`. */
  dropped(): void;
  /**
   * The connection ended, and this side did not end it.
   *
   * @param reason the condition of a stream error, or what happened to the connection
   */
  lost(reason: string, jid: string): void;
}

/** Schedules a call; the process's timer wheel in production. */
export type Schedule = (delayMs: number, callback: () => void) => () => void;

/** How long to wait for a stanza. */
export interface StanzaWait {
  /** @default 10 s */
  timeout?: Duration;
  /** The awaited stanza, as the time-out error names it. @default 'stanza that fits' */
  what?: string;
}

/** What to do with a stanza when the send buffer is full. */
export type SendPolicy = 'wait' | 'drop' | 'fail';

/** The limit of the data that may wait to be sent. */
export interface SendBuffer {
  bytes: number;
  policy: SendPolicy;
}

/** Sees everything that goes over a session, as text. */
export type Watcher = (direction: 'in' | 'out', text: string) => void;

/** Why a connection was lost. */
export interface Loss {
  text: string;
  /** Where the server has redirected the client (RFC 6120 §4.9.3.19). */
  elsewhere: string | undefined;
}

/** A session without a connection, as the code that replaces the connection sees it. */
export interface Revivable {
  readonly isOpen: boolean;
  readonly resumption: Resumption | undefined;
  /**
   * Continues over another connection.
   *
   * @param handled how many of the session's stanzas the server had handled, when it says so without
   * resuming it
   */
  continueOn(opened: OpenedStream, handled?: number): void;
}

/** How a session behaves. */
export interface SessionOptions {
  sendBuffer: SendBuffer;
  /**
   * Whether the session answers requests that no handler and no wait takes (RFC 6120 §8.2.3).
   *
   * @default true
   */
  answersRequests?: boolean | undefined;
  /** The capabilities that the session announces; the default ones when left out. */
  capabilities?: Capabilities | undefined;
}

/** What a session works with. A session keeps this object, so it holds nothing that only a login needs. */
export interface SessionDeps {
  observer: SessionObserver;
  schedule: Schedule;
  /** Milliseconds by the clock that `schedule` goes by; it never jumps. */
  now: () => number;
  /** Called with what a scenario's handler threw. */
  onError?: ((error: unknown) => void) | undefined;
  /** Replaces the connection of a lost session; the session ends when this rejects. */
  revive?: ((session: Revivable, why: Loss) => Promise<void>) | undefined;
}

/** What a login hands over to a session. */
export interface OpenedStream {
  /** The full JID that the server bound. */
  jid: string;
  wire: Wire;
  /** Stanzas that came with the end of the login. */
  early: readonly string[];
  /** Stream management of the earlier connection, when an earlier session was resumed. */
  management?: StreamManagement | undefined;
}
