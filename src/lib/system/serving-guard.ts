let mayServe: () => boolean = () => true;

/**
 * Called before users are served from outside of JavaScript's own queue: when bytes come from a server. A
 * process that wakes up after a pause learns here, before any of its users acts, that it no longer owns
 * these users.
 */
export function beforeServing(): void {
  mayServe();
}

/** Sets the check that {@link beforeServing} calls, for the entire process. */
export function guardServing(check: () => boolean): void {
  mayServe = check;
}
