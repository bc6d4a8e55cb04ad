import type { ConnectOptions } from '../connect-options.ts';
import type { Schedule, SessionObserver, Watcher } from '../session/session-parts.ts';
import type { Wire } from '../wire/wire.ts';
import type { LoginWarning } from './mechanisms.ts';

/** What a connection needs from the code that opens it. */
export interface ConnectContext {
  observer: SessionObserver;
  schedule: Schedule;
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
