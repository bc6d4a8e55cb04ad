/** Cancels a call that {@link Clock.schedule} planned. Cancelling twice, or too late, does nothing. */
export type Cancel = () => void;

/** Time as an argument, so that a test can run a complete cluster on a clock of its own. */
export interface Clock {
  /** Milliseconds since the epoch, for times that people and other machines read. May jump. */
  now(): number;
  /** Milliseconds since the epoch, with a fraction, counted from the start of the process: never jumps. */
  steady(): number;
  /** Milliseconds from an arbitrary start, for intervals. Never jumps back. */
  monotonic(): number;
  /** Calls `callback` once, no earlier than `delayMs` from now. Does not keep the process alive when `background`. */
  schedule(delayMs: number, callback: () => void, options?: { background?: boolean }): Cancel;
  /** Calls `callback` after pending I/O has been handled. */
  soon(callback: () => void): Cancel;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  steady: () => performance.timeOrigin + performance.now(),
  monotonic: () => performance.now(),
  schedule(delayMs, callback, options) {
    const timer = setTimeout(callback, delayMs);
    if (options?.background === true) timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
  soon(callback) {
    const immediate = setImmediate(callback);
    return () => {
      clearImmediate(immediate);
    };
  },
};

/** Calls `callback` every `periodMs` until cancelled; never twice at once, however late the loop is. */
export function every(clock: Clock, periodMs: number, callback: () => void): Cancel {
  let cancel: Cancel;
  const tick = (): void => {
    cancel = clock.schedule(periodMs, tick, { background: true });
    callback();
  };
  cancel = clock.schedule(periodMs, tick, { background: true });
  return () => {
    cancel();
  };
}
