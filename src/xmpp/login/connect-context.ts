import type { ConnectOptions } from '../connect-options.ts';
import type { Schedule, SessionObserver, Watcher } from '../session-parts.ts';
import type { Wire } from '../wire/wire.ts';
import type { LoginWarning } from './mechanisms.ts';

/** What a connection needs from where it is made. */
export interface ConnectContext {
  observer: SessionObserver;
  schedule: Schedule;
  /** Calls back when the user is removed: the attempt ends at once. Gives back what undoes it. */
  onAbort?: ((abort: (reason: unknown) => void) => () => void) | undefined;
  /** Told of what a scenario's handler threw. */
  onError?: ((error: unknown) => void) | undefined;
  /** Told what makes the password easier to get for who listens; it may be told the same often. */
  onWarning?: ((warning: LoginWarning, text: string) => void) | undefined;
  /** Sees what goes over the connection; asked for again with each text. */
  watcher?: (() => Watcher | undefined) | undefined;
  /** Called when the connection is there, and again when it has gone over to TLS. */
  onWire?: ((wire: Wire, options: ConnectOptions) => void) | undefined;
}
