import { assert } from '../../lib/assert.ts';
import { digestOf, mixId } from '../../lib/ids/id-digest.ts';
import type { IdDigest } from '../../lib/ids/id-digest.ts';
import { IdSet, MAX_ID } from '../../lib/ids/id-set.ts';

const CHUNK_BITS = 16;
const CHUNK = 1 << CHUNK_BITS;
const LEAVING = 0x8000;
/** Numbers of processes fit beside the flag; 0 means that no process has the user. */
const MAX_NODES = 0x7fff;

/** The number that stands for no process: users with it wait for a process to take them. */
export const UNPLACED = MAX_NODES;

/**
 * Which process has which user: two bytes per id, so that every count is exact and a command walks only
 * over the ids that it concerns. Never derived from the current list of processes.
 */
export class OwnerTable {
  readonly #chunks = new Map<number, Uint16Array>();
  readonly #counts = new Map<number, number>();
  /** Digests of the users that are not leaving, by process. */
  readonly #digests = new Map<number, IdDigest>();
  #highest = 0;
  #top = 0;
  #present = 0;
  #leaving = 0;

  /** Users that are starting, running, waiting or leaving. */
  get size(): number {
    return this.#present;
  }

  /** Users that were not asked to leave. */
  get staying(): number {
    return this.#present - this.#leaving;
  }

  /** The highest id that is present, leaving ones included; 0 when no user is present. */
  get highest(): number {
    while (this.#highest > 0 && this.#get(this.#highest) === 0) this.#highest--;
    return this.#highest;
  }

  /** The highest id that was given out, even if its user has ended; without ids of {@link giveBack}. */
  get top(): number {
    return this.#top;
  }

  /** Sets {@link top} to the value of the previous master. */
  restoreTop(id: number): void {
    this.#top = Math.max(this.#top, id);
  }

  /** Notes users that were removed on purpose: the highest of their ids may be given out again. */
  giveBack(ids: IdSet): void {
    const ranges = ids.consecutive();
    for (let at = ranges.length - 1; at >= 0; at--) {
      const [from, to] = ranges[at] as [number, number];
      if (to < this.#top) return;
      if (from <= this.#top) this.#top = from - 1;
    }
  }

  /** Gives users to a process, taking them from any other that had them. @param node 1 to 32,767 */
  assign(ids: IdSet, node: number): void {
    assert(node >= 1 && node <= MAX_NODES, `node number ${node}`);
    ids.forEach((id) => this.#set(id, node));
    this.#highest = Math.max(this.#highest, ids.highest);
    this.#top = Math.max(this.#top, ids.highest);
  }

  /** Removes users that are gone. @returns how many of them were present */
  release(ids: IdSet): number {
    const before = this.#present;
    ids.forEach((id) => this.#set(id, 0));
    return before - this.#present;
  }

  /** Those of `ids` that are present and not leaving. */
  staysOf(ids: IdSet): IdSet {
    const found: number[] = [];
    ids.forEach((id) => {
      const owner = this.#get(id);
      if (owner !== 0 && owner < LEAVING) found.push(id);
    });
    return IdSet.of(found);
  }

  /** The ids that are present, for people to read: `1..10`, `1..10, 12..99` …; costs O(ids). */
  describe(): string {
    const runs: [number, number][] = [];
    for (const chunk of [...this.#chunks.keys()].sort((a, b) => a - b)) {
      const owners = this.#chunks.get(chunk) as Uint16Array;
      for (let at = 0; at < CHUNK; at++) {
        if (owners[at] === 0) continue;
        const id = chunk * CHUNK + at;
        const last = runs.at(-1);
        if (last?.[1] === id - 1) last[1] = id;
        else runs.push([id, id]);
        if (runs.length > 6) return `${runs[0]?.[0]}..${this.highest} with gaps`;
      }
    }
    return runs.map(([from, to]) => (from === to ? `${from}` : `${from}..${to}`)).join(', ');
  }

  /** How many users `node` has, leaving ones included. */
  countOf(node: number): number {
    return this.#counts.get(node) ?? 0;
  }

  /** A digest that identifies the set of staying users of `node`. */
  digestOf(node: number): IdDigest {
    return this.#digests.get(node) ?? { count: 0, sum: 0 };
  }

  /** The staying and the leaving users of all processes, in one walk. Costs O(ids). */
  byOwner(): Map<number, { staying: IdSet; leaving: IdSet }> {
    const lists = new Map<number, { staying: number[]; leaving: number[] }>();
    for (const [chunk, owners] of [...this.#chunks].sort(([a], [b]) => a - b)) {
      for (let at = 0; at < CHUNK; at++) {
        const owner = owners[at] as number;
        if (owner === 0) continue;
        const node = owner & MAX_NODES;
        let list = lists.get(node);
        if (list === undefined) lists.set(node, (list = { staying: [], leaving: [] }));
        (owner & LEAVING ? list.leaving : list.staying).push(chunk * CHUNK + at);
      }
    }
    return new Map(
      [...lists].map(([node, { staying, leaving }]) => [
        node,
        { staying: IdSet.ofSorted(staying), leaving: IdSet.ofSorted(leaving) },
      ]),
    );
  }

  /** Those of `ids` that belong to `node`. */
  ownedBy(ids: IdSet, node: number): IdSet {
    const found: number[] = [];
    ids.forEach((id) => {
      if ((this.#get(id) & MAX_NODES) === node) found.push(id);
    });
    return IdSet.of(found);
  }

  /** The staying and the leaving users of `node`. Costs O(ids). */
  ofNode(node: number): { staying: IdSet; leaving: IdSet } {
    const staying: number[] = [];
    const leaving: number[] = [];
    for (const [chunk, owners] of [...this.#chunks].sort(([a], [b]) => a - b)) {
      for (let at = 0; at < CHUNK; at++) {
        const owner = owners[at] as number;
        if ((owner & MAX_NODES) !== node) continue;
        (owner & LEAVING ? leaving : staying).push(chunk * CHUNK + at);
      }
    }
    return { staying: IdSet.ofSorted(staying), leaving: IdSet.ofSorted(leaving) };
  }

  /** Marks users as asked to leave: `remove` does not choose them again. */
  markLeaving(ids: IdSet): void {
    ids.forEach((id) => {
      const owner = this.#get(id);
      if (owner === 0 || owner & LEAVING) return;
      this.#write(id, owner | LEAVING);
      this.#digest(owner, id, -1);
      this.#leaving++;
    });
  }

  /** The `count` highest ids that are not leaving; fewer when there are fewer. */
  highestStaying(count: number): IdSet {
    const found: number[] = [];
    for (let id = this.highest; id > 0 && found.length < count; id--) {
      const owner = this.#get(id);
      if (owner !== 0 && owner < LEAVING) found.push(id);
      else if (owner === 0 && !this.#chunks.has(id >> CHUNK_BITS))
        id = (id >> CHUNK_BITS) << CHUNK_BITS;
    }
    return IdSet.ofSorted(found.reverse());
  }

  /**
   * The `count` lowest ids from `from` on that no user has, leaving ones included; fewer where ids end.
   * Costs O(ids up to the last one).
   */
  lowestFree(from: number, count: number): IdSet {
    const found: number[] = [];
    for (let id = from; found.length < count && id <= MAX_ID; id++) {
      if (this.#get(id) === 0) found.push(id);
    }
    return IdSet.ofSorted(found);
  }

  /** Groups users by the process that has them. */
  byNode(ids: IdSet): Map<number, IdSet> {
    const lists = new Map<number, number[]>();
    ids.forEach((id) => {
      const node = this.#get(id) & MAX_NODES;
      if (node === 0) return;
      const list = lists.get(node);
      if (list === undefined) lists.set(node, [id]);
      else list.push(id);
    });
    return new Map([...lists].map(([node, list]) => [node, IdSet.of(list)]));
  }

  /** Checks that the counts agree; costs O(processes). @throws {AssertionFailure} */
  checkCounts(): void {
    let sum = 0;
    for (const count of this.#counts.values()) {
      assert(count >= 0, `a process has ${count} users`);
      sum += count;
    }
    assert(sum === this.#present, `the processes have ${sum} users, not ${this.#present}`);
    assert(this.#leaving >= 0 && this.#leaving <= sum, `${this.#leaving} of ${sum} users leave`);
  }

  /** Compares counts and digests with the table itself; costs O(ids). @throws {AssertionFailure} */
  checkUsers(): void {
    let leaving = 0;
    const owners = this.byOwner();
    for (const node of this.#counts.keys()) {
      const its = owners.get(node) ?? { staying: IdSet.empty, leaving: IdSet.empty };
      const count = its.staying.size + its.leaving.size;
      assert(count === this.countOf(node), `process ${node} has ${count} users by the table`);
      leaving += its.leaving.size;
      const [kept, actual] = [this.digestOf(node), digestOf(its.staying)];
      const isSame = kept.count === actual.count && kept.sum === actual.sum;
      assert(isSame, `the digest of process ${node} is not that of its users`);
    }
    assert(leaving === this.#leaving, `${leaving} users leave, not ${this.#leaving}`);
  }

  #get(id: number): number {
    return this.#chunks.get(id >> CHUNK_BITS)?.[id & (CHUNK - 1)] ?? 0;
  }

  #set(id: number, owner: number): void {
    const before = this.#get(id);
    if (before === owner) return;
    if (before & LEAVING) this.#leaving--;
    if (before === 0) this.#present++;
    if (owner === 0) this.#present--;
    this.#countNode(before & MAX_NODES, -1);
    this.#countNode(owner & MAX_NODES, 1);
    if (before !== 0 && before < LEAVING) this.#digest(before, id, -1);
    if (owner !== 0 && owner < LEAVING) this.#digest(owner, id, 1);
    this.#write(id, owner);
  }

  #digest(node: number, id: number, sign: 1 | -1): void {
    let digest = this.#digests.get(node);
    if (digest === undefined) this.#digests.set(node, (digest = { count: 0, sum: 0 }));
    digest.count += sign;
    digest.sum = (digest.sum + sign * mixId(id)) >>> 0;
  }

  #countNode(node: number, change: number): void {
    if (node !== 0) this.#counts.set(node, (this.#counts.get(node) ?? 0) + change);
  }

  #write(id: number, owner: number): void {
    let chunk = this.#chunks.get(id >> CHUNK_BITS);
    if (chunk === undefined) {
      chunk = new Uint16Array(CHUNK);
      this.#chunks.set(id >> CHUNK_BITS, chunk);
    }
    chunk[id & (CHUNK - 1)] = owner;
  }
}
