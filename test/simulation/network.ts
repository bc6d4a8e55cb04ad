import type { Clock } from '../../src/lib/time/clock.ts';
import type { Random } from '../../src/lib/ids/random.ts';
import { Transport } from '../../src/protocol/transport.ts';

/** Commands that a faulty transport may lose, repeat or swap: their revisions must make that harmless. */
const COMMAND = /"operation":"(?:assign|withdraw|move|desire|pace)"/;

/** After what time a link that was down is tried again. */
const RETRY_MS = 200;

/** What one machine's way to the master is like. */
export interface Link {
  isUp: boolean;
  /** Milliseconds, drawn for each frame. */
  latency: () => number;
  /** Share of commands that are lost, repeated, or late. */
  loss: number;
  /** While the machine is paused: what has arrived for it, and waits until it goes on. */
  frozen?: (() => void)[] | undefined;
}

/** One end of a connection over a {@link Link}: in order, as TCP is, but for commands when `loss` > 0. */
class SimulatedTransport extends Transport {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #link: Link;
  /** Whether it is the end that is on the machine of the link. */
  readonly #isSlaves: boolean;
  #other: SimulatedTransport | undefined;
  #isOpen = true;
  #arrival = 0;
  readonly #onTheWay: { due: number; arrive: () => void }[] = [];

  private constructor(clock: Clock, random: Random, link: Link, isSlaves: boolean) {
    super('simulated');
    this.#isSlaves = isSlaves;
    this.#clock = clock;
    this.#random = random;
    this.#link = link;
  }

  static pair(clock: Clock, random: Random, link: Link): [SimulatedTransport, SimulatedTransport] {
    const a = new SimulatedTransport(clock, random, link, false);
    const b = new SimulatedTransport(clock, random, link, true);
    a.#other = b;
    b.#other = a;
    return [a, b];
  }

  override send(frame: string): void {
    if (!this.#isOpen) return;
    if (this.#link.loss > 0 && COMMAND.test(frame)) {
      const fate = this.#random.float();
      if (fate < this.#link.loss) return;
      if (fate < this.#link.loss * 2) this.#carry(() => this.#deliver(frame));
      if (fate < this.#link.loss * 3) {
        this.#clock.schedule(200 * this.#random.float(), () => this.#deliver(frame));
        return;
      }
    }
    this.#carry(() => this.#deliver(frame));
  }

  protected override shut(reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const other = this.#other as SimulatedTransport;
    this.closed(reason);
    this.#carry(() => other.#reach(() => other.gone(reason)));
  }

  /** The process of this end has died, or its machine: the other hears of it if it can. */
  gone(reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.closed(reason);
  }

  #deliver(frame: string): void {
    const other = this.#other as SimulatedTransport;
    other.#reach(() => {
      if (other.#isOpen) other.arrived(frame);
    });
  }

  /** What comes to a machine that is paused is kept by its kernel. */
  #reach(arrive: () => void): void {
    const { frozen } = this.#link;
    if (this.#isSlaves && frozen !== undefined) frozen.push(arrive);
    else arrive();
  }

  /** What is sent while the link is down arrives when it is up again, as TCP sends it again. */
  #carry(arrive: () => void): void {
    const due = Math.max(this.#arrival, this.#clock.monotonic() + this.#link.latency());
    this.#arrival = due;
    this.#onTheWay.push({ due, arrive });
    if (this.#onTheWay.length === 1) this.#pump();
  }

  #pump(): void {
    const [first] = this.#onTheWay;
    if (first === undefined) return;
    const wait = first.due - this.#clock.monotonic();
    if (wait > 0 || !this.#link.isUp) {
      this.#clock.schedule(this.#link.isUp ? wait : Math.max(wait, RETRY_MS), () => this.#pump());
      return;
    }
    this.#onTheWay.shift();
    first.arrive();
    this.#pump();
  }
}

/** Two ends of a new connection. */
export function connectOver(clock: Clock, random: Random, link: Link): [Transport, Transport] {
  return SimulatedTransport.pair(clock, random, link);
}
