import { deferred } from '../lib/abort.ts';
import type { Clock } from '../lib/clock.ts';
import { AmocError } from '../lib/errors.ts';
import { didYouMean } from '../lib/nearest.ts';
import { visitingOrder } from '../placement/placement.ts';
import type { NodeEntry } from './node-entry.ts';
import { machineOf } from './node-entry.ts';

/** The slave processes that have joined, in the order in which placement visits them. */
export class NodeRegistry {
  readonly #nodes = new Map<string, NodeEntry>();
  #arrivals: (() => void)[] = [];
  #nextNumber = 1;

  get size(): number {
    return this.#nodes.size;
  }

  get(name: string): NodeEntry | undefined {
    return this.#nodes.get(name);
  }

  /** All of them, in visiting order. */
  all(): NodeEntry[] {
    return [...this.#nodes.values()].sort((a, b) => visitingOrder(a.name, b.name));
  }

  /** Those that can take users of the run. */
  ready(): NodeEntry[] {
    return this.all().filter((node) => node.isReady);
  }

  byNumber(number: number): NodeEntry | undefined {
    return this.all().find((node) => node.number === number);
  }

  nextNumber(): number {
    return this.#nextNumber++;
  }

  add(node: NodeEntry): void {
    this.#nodes.set(node.name, node);
    const waiting = this.#arrivals;
    this.#arrivals = [];
    for (const tell of waiting) tell();
  }

  /** @returns whether it was that very node, and not one that came after it under its name */
  remove(node: NodeEntry): boolean {
    if (this.#nodes.get(node.name) !== node) return false;
    this.#nodes.delete(node.name);
    return true;
  }

  /** Waits until `count` have joined, or `timeoutMs` are over. */
  async whenJoined(count: number, timeoutMs: number, clock: Clock): Promise<void> {
    const deadline = clock.monotonic() + timeoutMs;
    while (this.size < count && clock.monotonic() < deadline) {
      const arrival = deferred<undefined>();
      const wake = (): void => arrival.resolve(undefined);
      const cancel = clock.schedule(deadline - clock.monotonic(), wake);
      this.#arrivals.push(wake);
      await arrival.promise;
      cancel();
    }
  }

  /**
   * Those that are meant by names of processes (`local/1`) or machines (`local`); all when left out.
   *
   * @throws {AmocError} `ARGUMENT` for a name that nobody has
   */
  select(names: readonly string[] | undefined): NodeEntry[] {
    const all = this.all();
    if (names === undefined) return all;
    for (const name of names) {
      if (all.some((node) => node.name === name || node.machine === name)) continue;
      const known = [...new Set(all.flatMap((node) => [node.name, machineOf(node.name)]))];
      throw new AmocError('ARGUMENT', `no node is called '${name}'${didYouMean(name, known)}`);
    }
    return all.filter((node) => names.includes(node.name) || names.includes(node.machine));
  }
}
