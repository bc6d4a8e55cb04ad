import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import type { IntervalHistogram } from 'node:perf_hooks';
import type { Histogram } from '../metrics/metrics.ts';
import type { NodeLoad } from '../protocol/messages.ts';

const RESOLUTION_MS = 40;

/** Measures the resources that this process uses between two readings. */
export class LoadMeter {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #cpu = process.cpuUsage();
  #at = performance.now();
  #last: NodeLoad = { cpu: 0, loopDelayMs: 0, rssBytes: 0 };

  readonly #collections: PerformanceObserver;
  #hasRead = false;
  #gcMs = 0;
  #gcLongestMs = 0;

  /** @param pauses the histogram that records each garbage collection */
  constructor(pauses: Histogram) {
    this.#delay.enable();
    this.#collections = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        pauses.record(duration);
        this.#gcMs += duration;
        this.#gcLongestMs = Math.max(this.#gcLongestMs, duration);
      }
    });
    this.#collections.observe({ entryTypes: ['gc'] });
  }

  /** The number of cores that the process used in the last interval. */
  get cpu(): number {
    return this.#last.cpu;
  }

  /** The load since the last reading that started a new interval. */
  read(): NodeLoad {
    const now = performance.now();
    const elapsedMs = now - this.#at;
    // Right after another reading this would divide by next to nothing.
    if (elapsedMs < 500 && this.#hasRead) return this.#last;
    const used = process.cpuUsage(this.#cpu);
    this.#cpu = process.cpuUsage();
    this.#at = now;
    const p99 = this.#delay.percentile(99) / 1e6 - RESOLUTION_MS;
    this.#delay.reset();
    this.#hasRead = true;
    this.#last = {
      cpu: (used.user + used.system) / 1000 / elapsedMs,
      loopDelayMs: Number.isFinite(p99) ? Math.max(0, p99) : 0,
      rssBytes: residentBytes() ?? this.#last.rssBytes,
      gcMs: this.#gcMs,
      gcLongestMs: this.#gcLongestMs,
    };
    this.#gcMs = 0;
    this.#gcLongestMs = 0;
    return this.#last;
  }

  [Symbol.dispose](): void {
    this.#delay.disable();
    this.#collections.disconnect();
  }
}

/**
 * `undefined` when the system cannot say: it reads a file, and the process may be out of file descriptors.
 */
function residentBytes(): number | undefined {
  try {
    return process.memoryUsage.rss();
  } catch {
    return undefined;
  }
}
