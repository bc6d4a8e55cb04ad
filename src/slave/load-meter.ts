import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { IntervalHistogram } from 'node:perf_hooks';
import type { NodeLoad } from '../protocol/messages.ts';

const RESOLUTION_MS = 40;

/** Measures what this process uses between two readings. */
export class LoadMeter {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #cpu = process.cpuUsage();
  #at = performance.now();
  #last: NodeLoad = { cpu: 0, loopDelayMs: 0, rssBytes: 0 };

  constructor() {
    this.#delay.enable();
  }

  /** Since the last reading that starts a new interval. */
  read(): NodeLoad {
    const now = performance.now();
    const elapsedMs = now - this.#at;
    // A reading right after another would divide by next to nothing.
    if (elapsedMs < 500 && this.#last.rssBytes > 0) return this.#last;
    const used = process.cpuUsage(this.#cpu);
    this.#cpu = process.cpuUsage();
    this.#at = now;
    const p99 = this.#delay.percentile(99) / 1e6 - RESOLUTION_MS;
    this.#delay.reset();
    this.#last = {
      cpu: (used.user + used.system) / 1000 / elapsedMs,
      loopDelayMs: Number.isFinite(p99) ? Math.max(0, p99) : 0,
      rssBytes: process.memoryUsage.rss(),
    };
    return this.#last;
  }

  [Symbol.dispose](): void {
    this.#delay.disable();
  }
}
