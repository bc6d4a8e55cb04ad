/** Limits a round trip by the earlier ones, as TCP does for its retransmissions (RFC 6298 §2). */
export class RoundTrips {
  readonly #least: number;
  readonly #most: number;
  #smooth: number | undefined;
  #variation = 0;

  /** @param least - and `most`: the limits of the bound, in milliseconds */
  constructor(least: number, most: number) {
    this.#least = least;
    this.#most = most;
  }

  /** A time that the next round trip hardly ever exceeds, in milliseconds. */
  get bound(): number {
    const bound = (this.#smooth ?? 0) + 4 * this.#variation;
    return Math.min(this.#most, Math.max(this.#least, bound));
  }

  /** Takes a round trip into account, in milliseconds. */
  add(ms: number): void {
    if (this.#smooth === undefined) {
      this.#smooth = ms;
      this.#variation = ms / 2;
    } else {
      this.#variation += (Math.abs(this.#smooth - ms) - this.#variation) / 4;
      this.#smooth += (ms - this.#smooth) / 8;
    }
  }
}
