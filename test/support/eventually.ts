/** Pause between two looks, in milliseconds: most of what tests wait for takes some tens of them. */
const PAUSE_MS = 25;

/**
 * Looks again and again until `done`.
 *
 * @param limitMs after which the test fails
 * @throws {Error} with what was seen last
 */
export async function eventually<T>(
  look: () => T | Promise<T>,
  done: (seen: T) => boolean,
  limitMs = 60_000,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (done(seen)) return seen;
    if (performance.now() > end) {
      throw new Error(
        `not within ${limitMs / 1000} s; seen last: ${typeof seen === 'string' ? seen : JSON.stringify(seen)}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
