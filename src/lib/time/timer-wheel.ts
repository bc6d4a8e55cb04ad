import type { Cancel, Clock } from './clock.ts';

/** One planned call in a {@link TimerWheel}. Belongs to the wheel from `schedule` to its call or `cancel`. */
export interface WheelTimer {
  due: number;
  fire: (() => void) | undefined;
  /** For the owner: what to call when the wait is given up. */
  giveUp: ((reason: unknown) => void) | undefined;
  previous: WheelTimer;
  next: WheelTimer;
}

const TICK_MS = 4;
/** Sleeps of this length or more end on every second tick only, and sleeps of twice this length on every fourth. */
const COARSE_MS = 800;
/** A sleep of at least this length may end a tick later when too many sleeps end in its own tick. */
const SPREAD_MS = 100;
const CROWD = 16;
/** After a pause of more ticks than this, the distances between timers are no longer kept. */
const MAX_LAG = 16;
/** A power of two; 65 s are one turn, so that most sleeps are touched once. */
const SLOTS = 16_384;
/**
 * At most this many timers fire in one turn of the event loop. Data from the network is read between two turns, so
 * its latency does not include a burst of timers. Each additional turn has a cost: with eight at a time a message
 * costs a sixth more at 8,000 a second, for a gain of half a millisecond.
 */
const MAX_AT_ONCE = 32;

/**
 * Timers for hundreds of thousands of users on one timer of the system: O(1) to plan and to
 * cancel, never early, up to 4 ms late. Timers of 100 ms and more may be 8 ms late when too many would fire in one
 * tick. Timers of 800 ms and more may be 1 % late, at most 16 ms: users
 * who wait for seconds wake up together, which costs the processor less than one wake-up for each.
 *
 * After a pause of the process, the timers that were due during it fire in the order in which they were due, one
 * tick in each turn of the event loop, and timers that they plan keep their distance. Otherwise users whom a pause
 * has thrown together would march in step forever.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #beforeFiring: () => void;
  readonly #origin: number;
  /** How many ticks the slot that fires was due after the first slot of this turn. */
  #lag = 0;
  readonly #slots: (WheelTimer | undefined)[] = new Array<WheelTimer | undefined>(SLOTS);
  /** How many timers each slot has. */
  readonly #counts = new Uint16Array(SLOTS);
  /** How many fire in a tick, empty ones included, over the last 64. */
  #usual = 0;
  #lastFired = 0;
  #visited = 0;
  #size = 0;
  #cancel: Cancel | undefined;
  #armedFor = Infinity;

  /** @param beforeFiring called before timers fire, each time: it may cancel them */
  constructor(clock: Clock, beforeFiring: () => void = () => {}) {
    this.#clock = clock;
    this.#beforeFiring = beforeFiring;
    this.#origin = clock.monotonic();
  }

  /** How many timers are planned. */
  get size(): number {
    return this.#size;
  }

  /** Milliseconds on the clock that delays are measured with: `performance.now()`, except in tests. */
  readonly now = (): number => this.#clock.monotonic();

  /** Calls `fire` once, at least `delayMs` from now. */
  schedule(delayMs: number, fire: () => void): WheelTimer {
    const timer: WheelTimer = {
      due: 0,
      fire: undefined,
      giveUp: undefined,
      previous: undefined as unknown as WheelTimer,
      next: undefined as unknown as WheelTimer,
    };
    this.reschedule(timer, delayMs, fire);
    return timer;
  }

  /**
   * Plans a timer again, whether it has fired, was cancelled, or is still planned. When all sleeps of a user share
   * one object that has become old, garbage collections do not have to move it.
   */
  reschedule(timer: WheelTimer, delayMs: number, fire: () => void): void {
    this.cancel(timer);
    const now = this.#clock.monotonic() - this.#origin;
    const grain = grainOf(delayMs);
    const exact = Math.ceil((now + delayMs) / TICK_MS / grain) * grain;
    const wanted = Math.max(this.#visited + 1, exact + this.#lag);
    timer.due = grain === 1 && delayMs >= SPREAD_MS ? this.#lessCrowded(wanted) : wanted;
    timer.fire = fire;
    this.#insert(timer);
    this.#size++;
    if (timer.due < this.#armedFor) this.#arm(timer.due, now);
  }

  /** Forgets a timer. Cancelling it twice, or too late, does nothing. */
  cancel(timer: WheelTimer): void {
    if (timer.fire === undefined) return;
    timer.fire = undefined;
    timer.giveUp = undefined;
    this.#unlink(timer);
    this.#size--;
    if (this.#size === 0) this.#disarm();
  }

  /** Forgets all timers. */
  clear(): void {
    for (const head of this.#slots) {
      for (let timer = head; timer?.fire !== undefined; timer = timer.next) timer.fire = undefined;
    }
    this.#slots.fill(undefined);
    this.#counts.fill(0);
    this.#size = 0;
    this.#disarm();
  }

  #count(tick: number, fired: number): void {
    const ticks = Math.min(64, tick - this.#lastFired);
    this.#lastFired = tick;
    this.#usual += (fired - this.#usual * ticks) / 64;
  }

  /** The wanted tick, or the next one if the wanted one has far more timers than usual and the next has fewer. */
  #lessCrowded(wanted: number): number {
    const here = this.#counts[wanted & (SLOTS - 1)] as number;
    if (here < CROWD || here < this.#usual * 1.25) return wanted;
    const next = this.#counts[(wanted + 1) & (SLOTS - 1)] as number;
    return next < here ? wanted + 1 : wanted;
  }

  #insert(timer: WheelTimer): void {
    const slot = timer.due & (SLOTS - 1);
    (this.#counts[slot] as number)++;
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
    (this.#counts[slot] as number)--;
    const { previous, next } = timer;
    if (next === timer) {
      this.#slots[slot] = undefined;
      return;
    }
    previous.next = next;
    next.previous = previous;
    if (this.#slots[slot] === timer) this.#slots[slot] = next;
    // A dead timer that V8 has moved to the old generation would keep its neighbours alive, and they theirs.
    timer.previous = timer;
    timer.next = timer;
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
    // Before the calls: timers that they plan must not fall into a slot that this turn has passed.
    this.#visited = Math.max(this.#visited, target);
    const first = this.#firstIn(from, target);
    this.#fireFrom(first, first, target);
  }

  /** The first tick of this range that has a timer; the last tick when none has. */
  #firstIn(from: number, target: number): number {
    let tick = from;
    while (tick < target && this.#slots[tick & (SLOTS - 1)] === undefined) tick++;
    return tick;
  }

  #fireFrom(first: number, from: number, target: number): void {
    const tick = this.#firstIn(from, target);
    const due = this.#dueIn(tick, target);
    if (due.length > 0) this.#count(tick, due.length);
    this.#fire({ due, next: 0, first, tick, target });
  }

  #fire(firing: Firing): void {
    const { due, first, tick, target } = firing;
    this.#beforeFiring();
    // Until the promises of the fired timers have run.
    this.#lag = Math.min(tick - first, MAX_LAG);
    const end = Math.min(firing.next + MAX_AT_ONCE, due.length);
    for (; firing.next < end; firing.next++) {
      const timer = due[firing.next] as WheelTimer;
      const { fire } = timer;
      // An earlier timer of this slot may have cancelled it, or planned it again.
      if (fire === undefined || timer.due > target) continue;
      this.cancel(timer);
      fire();
    }
    const isLast = end === due.length && tick >= target;
    if (!isLast || this.#lag > 0) {
      this.#clock.soon(() => {
        if (end < due.length) this.#fire(firing);
        else if (tick < target) this.#fireFrom(first, tick + 1, target);
        else this.#lag = 0;
      });
    }
    if (isLast) this.#armNext();
  }

  #armNext(): void {
    if (this.#size === 0) return;
    const next = this.#nextDue();
    if (next < this.#armedFor) this.#arm(next, this.#clock.monotonic() - this.#origin);
  }

  #dueIn(tick: number, target: number): WheelTimer[] {
    const due: WheelTimer[] = [];
    const head = this.#slots[tick & (SLOTS - 1)];
    if (head === undefined) return due;
    let timer = head;
    do {
      if (timer.due <= target) due.push(timer);
      timer = timer.next;
    } while (timer !== head);
    return due;
  }

  /** The first tick at which a slot is worth a visit: at most one turn ahead. */
  #nextDue(): number {
    for (let tick = this.#visited + 1; tick <= this.#visited + SLOTS; tick++) {
      if (this.#slots[tick & (SLOTS - 1)] !== undefined) return tick;
    }
    return this.#visited + SLOTS;
  }
}

/** Timers of one tick that fire a few at a time. */
interface Firing {
  readonly due: readonly WheelTimer[];
  /** Index of the first timer that has not fired. */
  next: number;
  /** The first tick of the turn, this one, and the last. */
  readonly first: number;
  readonly tick: number;
  readonly target: number;
}

/** How many ticks are between two ticks at which timers of this length may end. */
function grainOf(delayMs: number): 1 | 2 | 4 {
  if (delayMs < COARSE_MS) return 1;
  return delayMs < 2 * COARSE_MS ? 2 : 4;
}
