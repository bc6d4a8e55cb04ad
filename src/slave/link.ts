import type { Cancel, Clock } from '../lib/clock.ts';
import { BEAT_MS, LEASE_MS, SILENT_MS } from '../protocol/lease.ts';
import type { ClockEstimate } from '../protocol/messages.ts';
import type { BeatAnswer, SlavePeer } from '../protocol/peer.ts';

/** Beats whose answers are still of interest. */
const MOST_UNANSWERED = 32;
/** Estimates of the clock that the best is taken from; it is followed as it drifts. */
const ESTIMATES = 16;
/** How late the end of a lease may be noticed before a blocked loop is the reason. */
const LATE_MS = 500;

/** What a {@link Link} needs to know and whom it tells. */
export interface LinkParts {
  clock: Clock;
  /** Whether the process may lose its users by silence: false for the children of a console. */
  leased: boolean;
  /** The lease has ended: whoever runs here may run elsewhere from now on. */
  onLeaseEnd: () => void;
  /** The last report that the master has in safety. */
  onAcked: (sequence: number) => void;
  onClock: (estimate: ClockEstimate) => void;
  /** The lease ends at another time, on the monotonic clock. */
  onLease: (until: number) => void;
}

/** A process's bond to its master: beats, the lease that their answers renew, the clock, silence. */
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
  #leaseTimerAt = Infinity;

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  /** Whether the process may run users. */
  get isHeld(): boolean {
    return !this.#parts.leased || this.#parts.clock.monotonic() < this.#leaseUntil;
  }

  /** The best of the last estimates of the master's clock: that of the shortest round trip. */
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
    peer.onBeat = (answer) => this.#answered(answer);
    this.#heardAt = this.#parts.clock.monotonic();
    this.#unanswered.clear();
    this.#beat();
  }

  /** Beats now, for whoever cannot wait for the answer to the next one. */
  beat(): void {
    if (this.#peer === undefined) return;
    this.#cancelBeat?.();
    this.#beat();
  }

  /** The connection is gone; the lease is what it was. */
  detach(): void {
    this.#cancelBeat?.();
    this.#cancelBeat = undefined;
    this.#peer = undefined;
  }

  /**
   * The master's address refused a connection that was tried at `dialledAt`: its process is gone, and the
   * next one gives nobody's users away before a lease from its own start. A lease that has ended stays so.
   */
  refused(dialledAt: number): void {
    if (!this.isHeld) return;
    this.#extend(dialledAt + LEASE_MS);
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
    this.#unanswered.set(++this.#sequence, { monotonic: now, epoch: clock.now() });
    if (this.#unanswered.size > MOST_UNANSWERED) {
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

  #answered({ sequence, at, acked }: BeatAnswer): void {
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
    this.#estimates.push({ roundTripMs, offsetMs: at - (sent.epoch + roundTripMs / 2) });
    if (this.#estimates.length > ESTIMATES) this.#estimates.shift();
    onClock(this.estimate as ClockEstimate);
  }

  #extend(until: number): void {
    if (until <= this.#leaseUntil) return;
    this.#leaseUntil = until;
    this.#parts.onLease(until);
    if (this.#parts.leased && this.#cancelLease === undefined) this.#armLease();
  }

  #armLease(): void {
    const { clock } = this.#parts;
    this.#leaseTimerAt = this.#leaseUntil;
    const wait = this.#leaseUntil - clock.monotonic();
    this.#cancelLease = clock.schedule(wait, () => this.#checkLease(), { background: true });
  }

  #checkLease(): void {
    const { clock, onLeaseEnd } = this.#parts;
    this.#cancelLease = undefined;
    const now = clock.monotonic();
    if (now < this.#leaseUntil) {
      this.#armLease();
    } else if (this.#peer !== undefined && now - this.#leaseTimerAt > LATE_MS) {
      // The loop stood still, which its watchdog told the master: the answers are about to be read.
      this.#leaseUntil = now + BEAT_MS;
      this.beat();
      this.#armLease();
    } else onLeaseEnd();
  }
}
