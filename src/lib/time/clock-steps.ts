import type { Clock } from './clock.ts';
import { formatMs } from './duration.ts';

/** Smaller steps are ordinary corrections by NTP. */
const STEP_MS = 250;

/** Notices that the machine's clock was set: by a person, by NTP, or after the machine had slept. */
export class ClockSteps {
  readonly #clock: Clock;
  #difference: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#difference = clock.now() - clock.steady();
  }

  /** @returns the step since the last call, as in `forward by 1 h`; `undefined` when the clock was not set */
  pop(): string | undefined {
    const difference = this.#clock.now() - this.#clock.steady();
    const step = Math.round(difference - this.#difference);
    if (Math.abs(step) < STEP_MS) return undefined;
    this.#difference = difference;
    return `${step > 0 ? 'forward' : 'back'} by ${formatMs(Math.abs(step))}`;
  }
}
