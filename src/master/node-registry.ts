import { deferred } from '../lib/abort.ts';
import type { Clock } from '../lib/clock.ts';
import { AmocError } from '../lib/errors.ts';
import { didYouMean } from '../lib/nearest.ts';
import { count } from '../lib/words.ts';
import { visitingOrder } from '../placement/placement.ts';
import type { NodeEntry } from './node-entry.ts';
import { machineOf } from './node-entry.ts';
import { NOWHERE } from './owner-table.ts';

/** The slave processes that have joined, in the order in which placement visits them. */
export class NodeRegistry {
  readonly #nodes = new Map<string, NodeEntry>();
  /** Out of reach, while another has joined under their name. */
  readonly #displaced = new Set<NodeEntry>();
  /** What {@link all} gives; asked for at each report. */
  #sorted: readonly NodeEntry[] | undefined;
  #arrivals: (() => void)[] = [];
  #nextNumber = 1;

  get size(): number {
    return this.#nodes.size;
  }

  get(name: string): NodeEntry | undefined {
    return this.#nodes.get(name);
  }

  /** All of them, in visiting order. */
  all(): readonly NodeEntry[] {
    return (this.#sorted ??= [...this.#nodes.values()].sort((a, b) =>
      visitingOrder(a.name, b.name),
    ));
  }

  /** Those that can take users of the run. */
  ready(): NodeEntry[] {
    return this.all().filter((node) => node.isReady);
  }

  byNumber(number: number): NodeEntry | undefined {
    for (const node of this.#nodes.values()) if (node.number === number) return node;
    for (const node of this.#displaced) if (node.number === number) return node;
    return undefined;
  }

  /** Those that are out of reach and whose names others have now. */
  displaced(): readonly NodeEntry[] {
    return [...this.#displaced];
  }

  /** All of them, whoever has their names. */
  known(): readonly NodeEntry[] {
    return [...this.all(), ...this.#displaced];
  }

  /** Lets another join under the name of one that is out of reach. */
  displace(node: NodeEntry): void {
    this.#nodes.delete(node.name);
    this.#sorted = undefined;
    this.#displaced.add(node);
  }

  /** For nodes of before a restart: numbers go on above theirs. */
  reserve(number: number): void {
    this.#nextNumber = Math.max(this.#nextNumber, number + 1);
  }

  /**
   * A number that no node has. That of one which is gone comes again after all others.
   *
   * @throws {AmocError} `BUSY` when there are too many nodes
   */
  nextNumber(): number {
    for (let tried = 1; tried < NOWHERE; tried++) {
      const number = this.#nextNumber < NOWHERE ? this.#nextNumber : 1;
      this.#nextNumber = number + 1;
      if (this.byNumber(number) === undefined) return number;
    }
    throw new AmocError('BUSY', `${count(NOWHERE - 1)} processes have joined, and no more can`);
  }

  add(node: NodeEntry): void {
    this.#nodes.set(node.name, node);
    this.#sorted = undefined;
    const waiting = this.#arrivals;
    this.#arrivals = [];
    for (const tell of waiting) tell();
  }

  /** @returns whether it was that very node, and not one that came after it under its name */
  remove(node: NodeEntry): boolean {
    if (this.#displaced.delete(node)) return true;
    if (this.#nodes.get(node.name) !== node) return false;
    this.#nodes.delete(node.name);
    this.#sorted = undefined;
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
   * Those that are meant ({@link matchesAny}); all when left out.
   *
   * @throws {AmocError} `ARGUMENT` for a name that nobody has
   */
  select(names: readonly string[] | undefined): readonly NodeEntry[] {
    const all = this.all();
    if (names === undefined) return all;
    for (const name of names) {
      if (all.some((node) => matchesAny(node, [name]))) continue;
      const known = [...new Set(all.flatMap((node) => [node.name, machineOf(node.name)]))];
      throw new AmocError('ARGUMENT', `no node is called '${name}'${didYouMean(name, known)}`);
    }
    return all.filter((node) => matchesAny(node, names));
  }
}

/**
 * Whether a node is meant: by the name of its process or machine, by a pattern with `*`, or by a label as
 * in `zone=a`.
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
