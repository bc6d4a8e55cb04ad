/** The rate of something over the last seconds, from counts that come in bursts. */
export class RateMeter {
  readonly #windowMs: number;
  #samples: { at: number; count: number }[] = [];

  constructor(windowMs = 5000) {
    this.#windowMs = windowMs;
  }

  /** @param now monotonic milliseconds */
  add(count: number, now: number): void {
    if (count > 0) this.#samples.push({ at: now, count });
    this.#prune(now);
  }

  /** Per second, over the window or since the first count when that is shorter. */
  perSecond(now: number): number {
    this.#prune(now);
    const [first] = this.#samples;
    if (first === undefined) return 0;
    const total = this.#samples.reduce((sum, { count }) => sum + count, 0);
    // Counts arrive once a second: the first one is for the second before it.
    const spanMs = Math.min(this.#windowMs, Math.max(1000, now - first.at + 1000));
    return (total * 1000) / spanMs;
  }

  #prune(now: number): void {
    const oldest = now - this.#windowMs;
    while (this.#samples.length > 0 && (this.#samples[0] as { at: number }).at <= oldest) {
      this.#samples.shift();
    }
  }
}
