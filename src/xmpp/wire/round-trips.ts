/** Bounds a round trip by those before it, as TCP does for its retransmissions (RFC 6298 §2). */
export class RoundTrips {
  readonly #least: number;
  readonly #most: number;
  #smooth: number | undefined;
  #variation = 0;

  /** @param least - and `most`: what the bound is kept between, in milliseconds. */
  constructor(least: number, most: number) {
    this.#least = least;
    this.#most = most;
  }

  /** What the next round trip hardly exceeds, in milliseconds. */
  get bound(): number {
    const bound = (this.#smooth ?? 0) + 4 * this.#variation;
    return Math.min(this.#most, Math.max(this.#least, bound));
  }

  /** Takes a round trip of so many milliseconds into account. */
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
