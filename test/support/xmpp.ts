import type { ConnectOptions } from '../../src/xmpp/connect-options.ts';
import type { ConnectContext } from '../../src/xmpp/connect.ts';

/** Counts what a session tells. */
export interface Seen {
  sent: string[];
  received: string[];
  delivered: number[];
  lost: number;
}

/** A context on the machine's timers, and what it was told. */
export function context(signal?: AbortSignal): ConnectContext & { seen: Seen } {
  const seen: Seen = { sent: [], received: [], delivered: [], lost: 0 };
  return {
    seen,
    signal,
    schedule: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
    observer: {
      sent: (name) => seen.sent.push(name),
      received: (name) => seen.received.push(name),
      delivered: (ms) => seen.delivered.push(ms),
      lost: () => seen.lost++,
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
    timeoutMs: 5000,
    ...changes,
  };
}
