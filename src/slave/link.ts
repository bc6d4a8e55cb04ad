import type { Cancel, Clock } from '../lib/time/clock.ts';
import { BEAT_MS, LEASE_MS, SILENT_MS } from '../protocol/lease.ts';
import type { ClockEstimate } from '../protocol/messages.ts';
import type { BeatAnswer, SlavePeer } from '../protocol/peer.ts';

/** Maximum number of beats whose answers are still used. */
const MAX_UNANSWERED = 32;
/** Number of estimates of the clock that the best is taken from; old ones go, so that a drift is followed. */
const ESTIMATES = 16;
/** Two estimates of one clock differ by more than their errors and this only when a clock was set. */
const STEP_MS = 5;

/** What a {@link Link} needs to know, and its callbacks. */
export interface LinkParts {
  clock: Clock;
  /** Whether silence can cost the process its users: false for the children of a console. */
  leased: boolean;
  /** The lease has ended: the users of this process may run elsewhere from now on. */
  onLeaseEnd: () => void;
  /** Called with the number of the last report that the master has stored safely. */
  onAcked: (sequence: number) => void;
  onClock: (estimate: ClockEstimate) => void;
  /** The lease now ends at this time, on the monotonic clock. */
  onLease: (until: number) => void;
  /** Until when the watchdog has kept the lease while the event loop was blocked, on the monotonic clock. */
  keptUntil?: () => number;
}

/** A process's tie to its master: beats, the lease that their answers renew, the clock, silence. */
export class Link implements Disposable {
  readonly #parts: LinkParts;
  #peer: SlavePeer | undefined;
  #sequence = 0;
  #unanswered = new Map<number, { monotonic: number; epoch: number }>();
  #estimates: ClockEstimate[] = [];
  #leaseUntil = -Infinity;
  #heardAt = -Infinity;
  #cancelBeat: Cancel | undefined;
  #cancelLease: Cancel | undefined;

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  /** Whether the process may run users. */
  get isHeld(): boolean {
    return !this.#parts.leased || this.#parts.clock.monotonic() < this.#heldUntil;
  }

  get #heldUntil(): number {
    return Math.max(this.#leaseUntil, this.#parts.keptUntil?.() ?? -Infinity);
  }

  /**
   * Checks whether the process may run users, and gives them up when it may not. It is called before users
   * are served: after a pause of the process its timers are due in an order of their own, and the end of the
   * lease is one among thousands.
   */
  check(): boolean {
    // Before the first answer there is no lease that could have ended.
    if (this.isHeld || this.#leaseUntil === -Infinity) return true;
    this.#cancelLease?.();
    this.#cancelLease = undefined;
    this.#parts.onLeaseEnd();
    return false;
  }

  /** The best of the last estimates of the master's clock: the one with the shortest round trip. */
  get estimate(): ClockEstimate | undefined {
    return this.#estimates.reduce<ClockEstimate | undefined>(
      (best, each) => (best === undefined || each.roundTripMs < best.roundTripMs ? each : best),
      undefined,
    );
  }

  /** Begins to beat over a new connection. */
  attach(peer: SlavePeer): void {
    this.detach();
    this.#peer = peer;
    this.#heardAt = this.#parts.clock.monotonic();
    this.#unanswered.clear();
    this.#beat();
  }

  /** Beats now, for a caller that cannot wait for the answer to the next beat. */
  beat(): void {
    if (this.#peer === undefined) return;
    this.#cancelBeat?.();
    this.#beat();
  }

  /** The connection is gone; the lease is unchanged. */
  detach(): void {
    this.#cancelBeat?.();
    this.#cancelBeat = undefined;
    this.#peer = undefined;
  }

  /**
   * The master's address refused a connection that was tried at `dialledAt`: the master's process is gone,
   * and the next master reassigns no users before a lease has passed since its own start. A lease that has
   * ended stays ended.
   */
  refused(dialledAt: number): void {
    if (!this.isHeld) return;
    this.#extend(dialledAt + LEASE_MS);
  }

  /** The master has answered a beat. */
  answered({ sequence, at, acked }: BeatAnswer): void {
    const { clock, onAcked, onClock } = this.#parts;
    const now = clock.monotonic();
    this.#heardAt = now;
    onAcked(acked);
    const sent = this.#unanswered.get(sequence);
    if (sent === undefined) return;
    for (const each of this.#unanswered.keys()) {
      if (each <= sequence) this.#unanswered.delete(each);
    }
    this.#extend(sent.monotonic + LEASE_MS);
    const roundTripMs = now - sent.monotonic;
    this.#estimated({ roundTripMs, offsetMs: at - (sent.epoch + roundTripMs / 2) });
    onClock(this.estimate as ClockEstimate);
  }

  [Symbol.dispose](): void {
    this.detach();
    this.#cancelLease?.();
  }

  #beat(): void {
    const { clock, leased } = this.#parts;
    const now = clock.monotonic();
    if (leased && now - this.#heardAt > SILENT_MS && this.#unanswered.size > 2) {
      this.#peer?.close('the master is silent');
      return;
    }
    this.#unanswered.set(++this.#sequence, { monotonic: now, epoch: clock.steady() });
    if (this.#unanswered.size > MAX_UNANSWERED) {
      this.#unanswered.delete(this.#unanswered.keys().next().value as number);
    }
    const { estimate } = this;
    this.#peer?.send({
      type: 'beat',
      sequence: this.#sequence,
      ...(estimate === undefined ? {} : { clock: estimate }),
    });
    this.#cancelBeat = clock.schedule(BEAT_MS, () => this.#beat(), { background: true });
  }

  #extend(until: number): void {
    if (until <= this.#leaseUntil) return;
    this.#leaseUntil = until;
    this.#parts.onLease(until);
    if (this.#parts.leased && this.#cancelLease === undefined) this.#armLease();
  }

  #armLease(): void {
    const { clock } = this.#parts;
    const wait = this.#heldUntil - clock.monotonic();
    this.#cancelLease = clock.schedule(wait, () => this.#leaseTimer(), { background: true });
  }

  #leaseTimer(): void {
    this.#cancelLease = undefined;
    if (this.check()) this.#armLease();
  }

  #estimated(estimate: ClockEstimate): void {
    const best = this.estimate;
    const error = (estimate.roundTripMs + (best?.roundTripMs ?? 0)) / 2 + STEP_MS;
    // The master's process is another one, or a machine slept: the earlier estimates are useless.
    if (best !== undefined && Math.abs(estimate.offsetMs - best.offsetMs) > error) {
      this.#estimates = [];
    }
    this.#estimates.push(estimate);
    if (this.#estimates.length > ESTIMATES) this.#estimates.shift();
  }
}
