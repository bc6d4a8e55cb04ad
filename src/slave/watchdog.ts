import { Worker } from 'node:worker_threads';
import type { NodeInfo } from '../protocol/messages.ts';

/** What the watchdog thread is told. */
export interface WatchdogOptions {
  master: string;
  cookie: string;
  info: NodeInfo;
  /** The process ends when this is no longer its parent: nothing outlives the console, however it died. */
  parentPid: number | undefined;
}

/** What the thread gets at its start. */
export interface WatchdogData extends WatchdogOptions {
  /** One counter, which the main thread raises while its event loop turns. */
  heartbeat: SharedArrayBuffer;
}

const BEAT_MS = 100;

/**
 * Watches this process's event loop from another thread, which can still speak when a scenario
 * spins: it tells the master where, and ends the process when told.
 */
export function startWatchdog(options: WatchdogOptions): Disposable {
  const heartbeat = new SharedArrayBuffer(4);
  const beats = new Int32Array(heartbeat);
  const timer = setInterval(() => Atomics.add(beats, 0, 1), BEAT_MS);
  timer.unref();
  const workerData: WatchdogData = { ...options, heartbeat };
  const worker = new Worker(new URL('./watchdog-thread.js', import.meta.url), {
    workerData,
    // The thread writes nothing; its console would go through the blocked thread.
    stdout: true,
    stderr: true,
  });
  worker.unref();
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      void worker.terminate();
    },
  };
}
