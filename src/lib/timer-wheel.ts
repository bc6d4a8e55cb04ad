import type { Cancel, Clock } from './clock.ts';

/** One planned call in a {@link TimerWheel}. Belongs to the wheel from `schedule` to its call or `cancel`. */
export interface WheelTimer {
  due: number;
  fire: (() => void) | undefined;
  /** For the owner: what to call when it gives the wait up. */
  giveUp: ((reason: unknown) => void) | undefined;
  previous: WheelTimer;
  next: WheelTimer;
}

const TICK_MS = 2;
/** Sleeps of so long may end on every second tick only, of twice as long on every fourth, and so on. */
const COARSE_MS = 400;
const COARSEST_TICKS = 8;
/** After a pause that was longer, distances are no longer kept. */
const MOST_LAG = 32;
/** A power of two; 65 s are one turn, so that most sleeps are touched once. */
const SLOTS = 32_768;

/**
 * Timers for hundreds of thousands of users on one timer of the system: O(1) to plan and to
 * cancel, never early, up to 2 ms late. Those of 400 ms and more may be 1 % late, at most 16 ms: users
 * who wait for seconds wake up together, which costs the processor less than one wake-up for each. (With 4 ms
 * for all of them, 32 users of 8,000 messages a second waited for each other, and for a garbage collection.)
 *
 * After a pause of the process, what was due meanwhile fires in the order that it was due, one tick in
 * each turn of the event loop, and what is planned then keeps its distance: users whom a pause has thrown
 * together would otherwise march in step for ever.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #origin: number;
  /** By how many ticks the slot that fires was due after the first of this turn. */
  #lag = 0;
  readonly #slots: (WheelTimer | undefined)[] = new Array<WheelTimer | undefined>(SLOTS);
  #visited = 0;
  #size = 0;
  #cancel: Cancel | undefined;
  #armedFor = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#origin = clock.monotonic();
  }

  /** How many timers are planned. */
  get size(): number {
    return this.#size;
  }

  /** Calls `fire` once, at least `delayMs` from now. */
  schedule(delayMs: number, fire: () => void): WheelTimer {
    const now = this.#clock.monotonic() - this.#origin;
    const grain = grainOf(delayMs);
    const exact = Math.ceil((now + delayMs) / TICK_MS / grain) * grain;
    const due = Math.max(this.#visited + 1, exact + this.#lag);
    const timer: WheelTimer = {
      due,
      fire,
      giveUp: undefined,
      previous: undefined as unknown as WheelTimer,
      next: undefined as unknown as WheelTimer,
    };
    this.#insert(timer);
    this.#size++;
    if (due < this.#armedFor) this.#arm(due, now);
    return timer;
  }

  /** Forgets a timer. Too late or twice does nothing. */
  cancel(timer: WheelTimer): void {
    if (timer.fire === undefined) return;
    timer.fire = undefined;
    this.#unlink(timer);
    this.#size--;
    if (this.#size === 0) this.#disarm();
  }

  /** Forgets all timers. */
  clear(): void {
    this.#slots.fill(undefined);
    this.#size = 0;
    this.#disarm();
  }

  #insert(timer: WheelTimer): void {
    const slot = timer.due & (SLOTS - 1);
    const head = this.#slots[slot];
    if (head === undefined) {
      timer.previous = timer;
      timer.next = timer;
      this.#slots[slot] = timer;
      return;
    }
    timer.previous = head.previous;
    timer.next = head;
    head.previous.next = timer;
    head.previous = timer;
  }

  #unlink(timer: WheelTimer): void {
    const slot = timer.due & (SLOTS - 1);
    if (timer.next === timer) this.#slots[slot] = undefined;
    else {
      timer.previous.next = timer.next;
      timer.next.previous = timer.previous;
      if (this.#slots[slot] === timer) this.#slots[slot] = timer.next;
    }
  }

  #arm(due: number, now: number): void {
    this.#cancel?.();
    this.#armedFor = due;
    this.#cancel = this.#clock.schedule(Math.max(0, due * TICK_MS - now), () => {
      this.#turn();
    });
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#armedFor = Infinity;
  }

  #turn(): void {
    this.#disarm();
    const target = Math.floor((this.#clock.monotonic() - this.#origin) / TICK_MS);
    // After a pause of more than a turn each slot needs one visit, not one for every turn missed.
    const from = Math.max(this.#visited + 1, target - SLOTS + 1);
    // Before the calls: what they plan must not fall into a slot that this turn has passed.
    this.#visited = Math.max(this.#visited, target);
    const first = this.#firstIn(from, target);
    this.#fireFrom(first, first, target);
  }

  /** The first tick of those that has a timer; the last when none has. */
  #firstIn(from: number, target: number): number {
    let tick = from;
    while (tick < target && this.#slots[tick & (SLOTS - 1)] === undefined) tick++;
    return tick;
  }

  #fireFrom(first: number, from: number, target: number): void {
    const tick = this.#firstIn(from, target);
    this.#lag = Math.min(tick - first, MOST_LAG);
    this.#fireSlot(tick & (SLOTS - 1), target);
    if (tick < target || this.#lag > 0) {
      this.#clock.soon(() => {
        if (tick < target) this.#fireFrom(first, tick + 1, target);
        else this.#lag = 0;
      });
    }
    if (tick >= target) this.#armNext();
  }

  #armNext(): void {
    if (this.#size === 0) return;
    const next = this.#nextDue();
    if (next < this.#armedFor) this.#arm(next, this.#clock.monotonic() - this.#origin);
  }

  #fireSlot(slot: number, target: number): void {
    const due: WheelTimer[] = [];
    const head = this.#slots[slot];
    if (head === undefined) return;
    let timer = head;
    do {
      if (timer.due <= target) due.push(timer);
      timer = timer.next;
    } while (timer !== head);
    for (const each of due) {
      const { fire } = each;
      // An earlier one of this slot may have cancelled it.
      if (fire === undefined) continue;
      this.cancel(each);
      fire();
    }
  }

  /** The first tick at which a slot is worth a visit: at most one turn ahead. */
  #nextDue(): number {
    for (let tick = this.#visited + 1; tick <= this.#visited + SLOTS; tick++) {
      if (this.#slots[tick & (SLOTS - 1)] !== undefined) return tick;
    }
    return this.#visited + SLOTS;
  }
}

/** At how many ticks' distance timers of that length end. */
function grainOf(delayMs: number): number {
  let ticks = 1;
  for (let ms = COARSE_MS; delayMs >= ms && ticks < COARSEST_TICKS; ms *= 2) ticks *= 2;
  return ticks;
}
