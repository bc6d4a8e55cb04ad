import type { ConnectOptions } from '../../src/xmpp/connect-options.ts';
import type { ConnectContext } from '../../src/xmpp/login/connect.ts';

/** Counts what a session tells. */
export interface Seen {
  sent: string[];
  received: string[];
  delivered: number[];
  answered: number[];
  dropped: number;
  /** Kinds of logins. */
  connected: string[];
  /** Reasons. */
  lost: string[];
  delayed: number[];
}

/** A context on the machine's timers, and what it was told. */
export function context(signal?: AbortSignal): ConnectContext & { seen: Seen } {
  const seen: Seen = {
    ...{ sent: [], received: [], delivered: [], answered: [], delayed: [] },
    ...{ dropped: 0, lost: [], connected: [] },
  };
  return {
    seen,
    onAbort: (abort) => {
      const tell = (): void => abort(signal?.reason);
      signal?.addEventListener('abort', tell);
      return () => signal?.removeEventListener('abort', tell);
    },
    now: () => performance.now(),
    schedule: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
    observer: {
      sent: (name) => seen.sent.push(name),
      received: (name) => seen.received.push(name),
      answered: (ms) => seen.answered.push(ms),
      dropped: () => seen.dropped++,
      delivered: (ms) => seen.delivered.push(ms),
      connected: (kind) => seen.connected.push(kind),
      lost: (reason) => seen.lost.push(reason),
      delayed: (ms) => seen.delayed.push(ms),
    },
  };
}

/** Options for user `id` at `port` of this machine. */
export function options(
  port: number,
  id = 1,
  changes: Partial<ConnectOptions> = {},
): ConnectOptions {
  return {
    host: '127.0.0.1',
    port,
    domain: 'localhost',
    transport: 'tcp',
    tls: 'auto',
    tlsVerify: true,
    tlsCa: undefined,
    path: '/ws',
    mechanism: 'auto',
    username: `user_${id}`,
    password: `password_${id}`,
    resource: 'res1',
    sendBuffer: { bytes: 262_144, policy: 'wait' },
    timeoutMs: 5000,
    ...changes,
  };
}
