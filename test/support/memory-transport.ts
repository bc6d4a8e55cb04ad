import { Transport } from '../../src/protocol/transport.ts';
import type { Clock } from '../../src/lib/time/clock.ts';

/** One end of a connection within a process. */
export class MemoryTransport extends Transport {
  readonly #clock: Clock;
  readonly #latencyMs: number;
  #other: MemoryTransport | undefined;
  #isOpen = true;
  /** Every frame that was sent from this end. */
  readonly sent: string[] = [];

  private constructor(name: string, clock: Clock, latencyMs: number) {
    super(name);
    this.#clock = clock;
    this.#latencyMs = latencyMs;
  }

  /** Two ends. Frames take `latencyMs` and keep their order. */
  static pair(clock: Clock, latencyMs = 1): [MemoryTransport, MemoryTransport] {
    const a = new MemoryTransport('memory:a', clock, latencyMs);
    const b = new MemoryTransport('memory:b', clock, latencyMs);
    a.#other = b;
    b.#other = a;
    return [a, b];
  }

  override send(frame: string): void {
    if (!this.#isOpen) return;
    this.sent.push(frame);
    this.#clock.schedule(this.#latencyMs, () => {
      const other = this.#other;
      if (other !== undefined && other.#isOpen) other.arrived(frame);
    });
  }

  protected override shut(reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const other = this.#other;
    this.closed(reason);
    this.#clock.schedule(this.#latencyMs, () => {
      if (other === undefined) return;
      other.#isOpen = false;
      other.closed(reason);
    });
  }
}
