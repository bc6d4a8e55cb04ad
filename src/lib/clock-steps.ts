import type { Clock } from './clock.ts';
import { formatMs } from './duration.ts';

/** Less is what NTP does without a word. */
const STEP_MS = 250;

/** Notices that the machine's clock was set: by a person, by NTP, after the machine had slept. */
export class ClockSteps {
  readonly #clock: Clock;
  #difference: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#difference = clock.now() - clock.steady();
  }

  /** @returns since the last call: `forward by 1 h`; `undefined` when it was not set */
  take(): string | undefined {
    const difference = this.#clock.now() - this.#clock.steady();
    const step = Math.round(difference - this.#difference);
    if (Math.abs(step) < STEP_MS) return undefined;
    this.#difference = difference;
    return `${step > 0 ? 'forward' : 'back'} by ${formatMs(Math.abs(step))}`;
  }
}
