import type { TimerWheel } from '../lib/time/timer-wheel.ts';

/** Users that are about to move, and how long each may take: the users of one command have the same time. */
export class Moves {
  readonly #wheel: TimerWheel;
  readonly #onOverdue: (ids: readonly number[]) => void;
  /** The number of the command, by user. */
  readonly #commands = new Map<number, number>();
  #lastCommand = 0;

  /** @param onOverdue called with the users whose time is over */
  constructor(wheel: TimerWheel, onOverdue: (ids: readonly number[]) => void) {
    this.#wheel = wheel;
    this.#onOverdue = onOverdue;
  }

  /** All users that are moving. */
  get ids(): readonly number[] {
    return [...this.#commands.keys()];
  }

  /** Users begin to move. */
  begin(ids: readonly number[], patienceMs: number): void {
    if (ids.length === 0) return;
    const command = ++this.#lastCommand;
    for (const id of ids) this.#commands.set(id, command);
    this.#wheel.schedule(patienceMs, () => {
      const overdue = ids.filter((id) => this.#commands.get(id) === command);
      if (overdue.length > 0) this.#onOverdue(overdue);
    });
  }

  /** A user has moved, or stays. */
  end(id: number): void {
    this.#commands.delete(id);
  }
}
