/** Thrown when an invariant of our own code does not hold. A user's mistake never raises it. */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

/**
 * States an invariant. Stays on in production: a wrong figure is worse than a stopped run.
 *
 * @throws {AssertionFailure} when `condition` is false.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** Ends a `switch` over a union: a member that is added later fails to compile here. */
export function assertNever(value: never): never {
  throw new AssertionFailure(`unexpected value: ${JSON.stringify(value)}`);
}
