import type { ConnectOptions } from '../connect-options.ts';
import type { Schedule, SessionDeps, SessionObserver, Watcher } from '../session/session-parts.ts';
import type { Wire } from '../wire/wire.ts';
import type { LoginWarning } from './mechanisms.ts';

/** What a connection needs from the code that opens it. */
export interface ConnectContext {
  observer: SessionObserver;
  schedule: Schedule;
  /** Milliseconds by the clock that `schedule` goes by; it never jumps. */
  now: () => number;
  /**
   * Calls `abort` when the user is removed, which ends the attempt at once. Returns a function that undoes
   * it.
   */
  onAbort?: ((abort: (reason: unknown) => void) => () => void) | undefined;
  /** Called with what a scenario's handler threw. */
  onError?: ((error: unknown) => void) | undefined;
  /**
   * Called with what exposes the password to eavesdroppers; may be called with the same warning repeatedly.
   */
  onWarning?: ((warning: LoginWarning, text: string) => void) | undefined;
  /** Sees what goes over the connection; requested again for each text. */
  watcher?: (() => Watcher | undefined) | undefined;
  /** Called when the connection is established, and again after the upgrade to TLS. */
  onWire?: ((wire: Wire, options: ConnectOptions) => void) | undefined;
}

/** What a session keeps of the context of its login: the rest must not stay in memory with it. */
export function depsOf(
  { observer, schedule, now, onError }: ConnectContext,
  revive?: SessionDeps['revive'],
): SessionDeps {
  return { observer, schedule, now, onError, revive };
}
