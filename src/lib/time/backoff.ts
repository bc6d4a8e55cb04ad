/** Bounds of an exponential back-off, in milliseconds. */
export interface BackoffBounds {
  /** The longest first delay. */
  firstMs: number;
  /** No delay is longer than this. */
  mostMs: number;
}

/**
 * The delay before attempt `attempt` (0 is the first repetition): exponential with full jitter, so
 * that a thousand peers that lost one master do not come back in step.
 *
 * @param random a number in [0, 1)
 */
export function backoffMs(attempt: number, bounds: BackoffBounds, random: number): number {
  const ceiling = Math.min(bounds.mostMs, bounds.firstMs * 2 ** Math.min(attempt, 30));
  return Math.ceil(ceiling * random);
}
