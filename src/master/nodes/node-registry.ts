import { deferred } from '../../lib/time/async.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { AmocError } from '../../lib/errors.ts';
import { didYouMean } from '../../lib/text/nearest.ts';
import { count } from '../../lib/text/plural.ts';
import { visitingOrder } from '../../placement/placement.ts';
import type { NodeChange, NodeEntry } from './node-entry.ts';
import { machineOf } from './node-entry.ts';
import { UNPLACED } from '../users/owner-table.ts';

/** The slave processes that have joined, in the order in which placement visits them. */
export class NodeRegistry {
  readonly #nodes = new Map<string, NodeEntry>();
  /** Processes that are out of reach while others have joined under their names. */
  readonly #superseded = new Set<NodeEntry>();
  /** The result of {@link all}, kept because each report asks for it. */
  #sorted: readonly NodeEntry[] | undefined;
  #arrivals: (() => void)[] = [];
  #nextNumber = 1;
  readonly #followers: ((change: NodeChange) => void)[] = [];
  /** Changes that wait for the end of a {@link together}; `undefined` outside of one. */
  #held: NodeChange[] | undefined;

  /** Calls `follower` after each change of the state of a process. */
  onChange(follower: (change: NodeChange) => void): () => void {
    this.#followers.push(follower);
    return () => {
      const at = this.#followers.indexOf(follower);
      if (at >= 0) this.#followers.splice(at, 1);
    };
  }

  /** Does several changes of states; the followers are told when all are done. */
  together(work: () => void): void {
    const held: NodeChange[] = [];
    this.#held = held;
    try {
      work();
    } finally {
      this.#held = undefined;
      for (const change of held) this.#tell(change);
    }
  }

  #tell(change: NodeChange): void {
    if (this.#held !== undefined) this.#held.push(change);
    else for (const follower of [...this.#followers]) follower(change);
  }

  get size(): number {
    return this.#nodes.size;
  }

  get(name: string): NodeEntry | undefined {
    return this.#nodes.get(name);
  }

  /** All processes except {@link superseded} ones, in visiting order. */
  all(): readonly NodeEntry[] {
    return (this.#sorted ??= [...this.#nodes.values()].sort((a, b) =>
      visitingOrder(a.name, b.name),
    ));
  }

  /** The processes that can take users of the run. */
  ready(): NodeEntry[] {
    return this.all().filter((node) => node.isReady);
  }

  byNumber(number: number): NodeEntry | undefined {
    for (const node of this.#nodes.values()) if (node.number === number) return node;
    for (const node of this.#superseded) if (node.number === number) return node;
    return undefined;
  }

  /** The processes that are out of reach and whose names others have now. */
  superseded(): readonly NodeEntry[] {
    return [...this.#superseded];
  }

  /** All processes, {@link superseded} ones included. */
  known(): readonly NodeEntry[] {
    return [...this.all(), ...this.#superseded];
  }

  /** Lets another process join under the name of one that is out of reach. */
  supersede(node: NodeEntry): void {
    this.#nodes.delete(node.name);
    this.#sorted = undefined;
    this.#superseded.add(node);
  }

  /** Reserves the number of a process from before a restart: new numbers are higher. */
  reserve(number: number): void {
    this.#nextNumber = Math.max(this.#nextNumber, number + 1);
  }

  /**
   * A number that no process has. The number of a lost process is used again only after all others.
   *
   * @throws {AmocError} `BUSY` when there are too many processes
   */
  nextNumber(): number {
    for (let tried = 1; tried < UNPLACED; tried++) {
      const number = this.#nextNumber < UNPLACED ? this.#nextNumber : 1;
      this.#nextNumber = number + 1;
      if (this.byNumber(number) === undefined) return number;
    }
    throw new AmocError('BUSY', `${count(UNPLACED - 1)} processes have joined, and no more can`);
  }

  add(node: NodeEntry): void {
    node.onChange = (change) => this.#tell(change);
    this.#nodes.set(node.name, node);
    this.#sorted = undefined;
    const waiting = this.#arrivals;
    this.#arrivals = [];
    for (const tell of waiting) tell();
  }

  /** @returns whether this very process was registered, and not a later one with its name */
  remove(node: NodeEntry): boolean {
    if (!this.#superseded.delete(node)) {
      if (this.#nodes.get(node.name) !== node) return false;
      this.#nodes.delete(node.name);
      this.#sorted = undefined;
    }
    node.apply({ type: 'lose' });
    return true;
  }

  /** Waits until `count` processes have joined, for at most `timeoutMs`. */
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
   * The processes that `names` match ({@link matchesAny}); all when left out.
   *
   * @throws {AmocError} `ARGUMENT` for a name that no process matches
   */
  select(names: readonly string[] | undefined): readonly NodeEntry[] {
    const all = this.all();
    if (names === undefined) return all;
    for (const name of names) {
      if (all.some((node) => matchesAny(node, [name]))) continue;
      const known = [...new Set(all.flatMap((node) => [node.name, machineOf(node.name)]))];
      throw new AmocError('ARGUMENT', `no process matches '${name}'${didYouMean(name, known)}`);
    }
    return all.filter((node) => matchesAny(node, names));
  }
}

/**
 * Whether a process matches one of the patterns: the name of the process or of its machine, which may
 * contain `*`, or a label as in `zone=a`.
 */
export function matchesAny(
  { name, machine, info }: NodeEntry,
  patterns: readonly string[],
): boolean {
  return patterns.some((pattern) => {
    const equals = pattern.indexOf('=');
    if (equals > 0) return info.labels?.[pattern.slice(0, equals)] === pattern.slice(equals + 1);
    return [name, machine].some((each) => matchesGlob(each, pattern));
  });
}

function matchesGlob(text: string, pattern: string): boolean {
  if (!pattern.includes('*')) return text === pattern;
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(text);
}
