import { Worker } from 'node:worker_threads';
import type { ControlTls } from '../protocol/control-tls.ts';
import type { NodeInfo } from '../protocol/messages.ts';

/** Options of the watchdog thread. */
export interface WatchdogOptions {
  master: string;
  cookie: string;
  info: NodeInfo;
  /** Proves to the master that it is this process's watchdog: `info` has the key's SHA-256. */
  key: string;
  /**
   * The process ends when this is no longer its parent: it must not outlive the console, however that ended.
   */
  parentPid: number | undefined;
  /** The process itself watches its parent, to tell the master; the watchdog leaves it the time to do so. */
  tellsOfParent: boolean;
  tls: ControlTls | undefined;
}

/** What the thread gets when it starts. */
export interface WatchdogData extends WatchdogOptions {
  /** A counter that the main thread increments while its event loop runs. */
  heartbeat: SharedArrayBuffer;
  /**
   * Until when the process may run its users, in milliseconds of `process.hrtime`: by its own beats, then by
   * those of the watchdog; 0 without a lease.
   */
  lease: SharedArrayBuffer;
}

/** A running watchdog. */
export interface Watchdog extends Disposable {
  /** The lease ends at this time, on the clock of `performance.now()`. */
  lease(until: number): void;
  /** Until when the watchdog has kept the lease, on the same clock; in the past when it has not. */
  readonly keptUntil: number;
}

/** Indexes into {@link WatchdogData.lease}. */
export const OWN_LEASE = 0;
/** See {@link OWN_LEASE}. */
export const KEPT_LEASE = 1;

const BEAT_MS = 250;

/**
 * Watches this process's event loop from another thread, which can still send messages when a scenario blocks
 * the loop: it tells the master where the loop is blocked, and ends the process when told to.
 */
export function startWatchdog(options: WatchdogOptions): Watchdog {
  const heartbeat = new SharedArrayBuffer(4);
  const lease = new SharedArrayBuffer(16);
  const leaseUntil = new Float64Array(lease);
  const beats = new Int32Array(heartbeat);
  const timer = setInterval(() => Atomics.add(beats, 0, 1), BEAT_MS);
  timer.unref();
  const workerData: WatchdogData = { ...options, heartbeat, lease };
  const worker = new Worker(new URL('./watchdog-thread.js', import.meta.url), {
    workerData,
    // The thread writes nothing; its console would go through the blocked thread.
    stdout: true,
    stderr: true,
  });
  worker.unref();
  return {
    lease(until) {
      leaseUntil[OWN_LEASE] = sharedNow() + until - performance.now();
    },
    get keptUntil() {
      return (leaseUntil[KEPT_LEASE] ?? 0) - sharedNow() + performance.now();
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      void worker.terminate();
    },
  };
}

/** A clock that all threads of a process share; `performance.now()` begins at zero in each. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
