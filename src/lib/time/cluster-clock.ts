let offsetMs = 0;

/**
 * Milliseconds since the epoch, with a fraction, by the master's clock: for time stamps that are written in one
 * process and read in another. On the master's own machine it is the machine's clock.
 */
export function clusterNow(): number {
  return performance.timeOrigin + performance.now() + offsetMs;
}

/** Sets how far the master's clock is ahead of this machine's. */
export function setClusterOffset(ms: number): void {
  offsetMs = ms;
}
