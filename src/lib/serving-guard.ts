let mayServe: () => boolean = () => true;

/**
 * Called by what is about to serve users from outside of JavaScript's own queue: bytes from a server. A
 * process that wakes up after a pause learns here, before any of its users does, that they are no
 * longer its own.
 */
export function beforeServing(): void {
  mayServe();
}

/** Sets what {@link beforeServing} asks, for the whole process. */
export function guardServing(check: () => boolean): void {
  mayServe = check;
}
