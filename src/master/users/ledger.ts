import { assert } from '../../lib/assert.ts';
import { digestOf } from '../../lib/ids/id-digest.ts';
import type { IdDigest } from '../../lib/ids/id-digest.ts';
import { IdSet } from '../../lib/ids/id-set.ts';
import { OwnerTable, UNPLACED } from './owner-table.ts';

/** How many users ended in which way, in the run so far. */
export interface EndedCounts {
  finished: number;
  removed: number;
  crashed: number;
  /** Users whose process died, whether they were placed again or not. */
  lost: number;
}

/** How users have ended in a process, as it reports. No id is in two of the sets. */
export interface ReportedEnds {
  readonly finished: IdSet;
  readonly crashed: IdSet;
  readonly removed: IdSet;
  /** They continue elsewhere. */
  readonly moved: IdSet;
}

/** What a journal keeps of the users of one process. */
export interface Holding {
  readonly number: number;
  readonly staying: IdSet;
  readonly leaving: IdSet;
  /** Those of `staying` that are about to move. */
  readonly moving: IdSet;
  /** Removals by force whose end is not reported, the oldest first. */
  readonly removals: readonly IdSet[];
}

/** The owner table, for those who only read it. */
export type Owners = Omit<
  OwnerTable,
  'assign' | 'release' | 'markLeaving' | 'giveBack' | 'restoreTop'
>;

/**
 * Who has whom: which process has each user of a run, which removals by force are not confirmed, which users
 * are about to move, and how many have ended. Only these methods change any of it.
 *
 * At each {@link check}, `placed + unconfirmed + ended for good = ever assigned`. A user that was removed by
 * force counts as ended when its process reports the end, so the same id may be unconfirmed and placed again.
 * A lost user that is placed again has not ended.
 *
 * Processes are named by their numbers, 1 to {@link UNPLACED} − 1.
 */
export class Ledger {
  readonly #owners = new OwnerTable();
  /** Removals by force that no report covers, by process, the oldest first; a user can be in several. */
  readonly #removals = new Map<number, readonly IdSet[]>();
  /** By process: users that move elsewhere as soon as their start() there has ended. */
  readonly #moving = new Map<number, IdSet>();
  readonly #ended: EndedCounts = { finished: 0, removed: 0, crashed: 0, lost: 0 };
  /** How many users were ever given out; an id that is used again counts again. */
  #assigned = 0;
  #unconfirmed = 0;
  /** Lost users that were not placed again. */
  #abandoned = 0;

  get owners(): Owners {
    return this.#owners;
  }

  get ended(): Readonly<EndedCounts> {
    return this.#ended;
  }

  /** How many removals by force no report covers, in all processes. */
  get unconfirmed(): number {
    return this.#unconfirmed;
  }

  /** Users of a process that are about to move elsewhere. */
  movingOf(node: number): IdSet {
    return this.#moving.get(node) ?? IdSet.empty;
  }

  /** Removals by force that no report of the process covers, the oldest first. */
  removalsOf(node: number): readonly IdSet[] {
    return this.#removals.get(node) ?? [];
  }

  /** How many removals by force no report of the process covers. */
  unconfirmedOf(node: number): number {
    return this.removalsOf(node).reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * A user that was removed by force may run until its process reports that it is gone: only that process
   * may start it again. @returns such users among `ids`, by process
   */
  heldOf(ids: IdSet): Map<number, IdSet> {
    const held = new Map<number, IdSet>();
    for (const [node, batches] of this.#removals) {
      const share = ids.intersection(unionOf(batches));
      if (share.size > 0) held.set(node, share);
    }
    return held;
  }

  /** The digest of the users that a process should have and report: those that neither leave nor move. */
  settledDigestOf(node: number): IdDigest {
    const all = this.#owners.digestOf(node);
    const moving = digestOf(this.movingOf(node));
    return { count: all.count - moving.count, sum: (all.sum - moving.sum) >>> 0 };
  }

  /** Gives users to a process, or to none: new users, or users that another process had. */
  assign(ids: IdSet, node: number): void {
    this.#settle(ids);
    const before = this.#owners.size;
    this.#owners.assign(ids, node);
    this.#assigned += this.#owners.size - before;
  }

  /**
   * Removes users: gently they leave when their start() ends, by force they are gone at once, and the report
   * of their end is awaited. Users that no process has end here. The highest ids may be given out again.
   *
   * @returns what each process must be told
   */
  remove(ids: IdSet, force: boolean): Map<number, IdSet> {
    const orders = this.#owners.byNode(ids);
    const unplaced = orders.get(UNPLACED) ?? IdSet.empty;
    orders.delete(UNPLACED);
    this.#ended.removed += this.#owners.release(unplaced);
    for (const [node, share] of orders) {
      this.#dropMoving(node, share);
      if (force) this.#await(node, share);
      else this.#owners.markLeaving(share);
    }
    this.#owners.giveBack(ids);
    return orders;
  }

  /** Users are about to move away from their process. @returns those that were not moving already */
  move(ids: IdSet, node: number): IdSet {
    const moving = this.movingOf(node);
    const fresh = ids.difference(moving);
    if (fresh.size > 0) this.#moving.set(node, moving.union(fresh));
    return fresh;
  }

  /**
   * Takes in the ends that a process reports. The end of a user that the table gives to another process does
   * not count: after a restart the journal may be out of date.
   *
   * @param notGivenSince those of some users that were not given to the process again since; the awaited
   * removals by force among the ends count in any case
   * @param mayMove whether moved users continue elsewhere; otherwise they are removed
   * @returns users that have moved: they count as moving until they are assigned to a process
   */
  confirm(
    node: number,
    ends: ReportedEnds,
    notGivenSince: (ids: IdSet) => IdSet,
    mayMove: boolean,
  ): IdSet {
    const awaited = unionOf(this.removalsOf(node));
    const ended = (ids: IdSet): IdSet =>
      this.#owners.ownedBy(notGivenSince(ids.difference(awaited)), node);
    for (const kind of ['finished', 'crashed', 'removed'] as const) {
      this.#ended[kind] += this.#confirmRemovals(node, ends[kind]);
      this.#ended[kind] += this.#release(node, ended(ends[kind]));
    }
    this.#ended.removed += this.#confirmRemovals(node, ends.moved);
    const moved = ended(ends.moved);
    const movers = mayMove ? this.#owners.staysOf(moved) : IdSet.empty;
    // The others were asked to leave in the meantime.
    this.#ended.removed += this.#release(node, moved.difference(movers));
    this.move(movers, node);
    return movers;
  }

  /**
   * A process is gone for good: who was to leave it has left, and removals by force are confirmed.
   *
   * @returns the users that are lost: no process has them now; {@link assign} or {@link abandon} them
   */
  lose(node: number): IdSet {
    const { staying, leaving } = this.#owners.ofNode(node);
    this.#forget(node);
    this.#ended.removed += this.#owners.release(leaving);
    this.#ended.lost += staying.size;
    this.#owners.assign(staying, UNPLACED);
    return staying;
  }

  /** Lost users are not placed again. */
  abandon(ids: IdSet): void {
    this.#abandoned += this.#owners.release(ids);
  }

  /** A process was killed while the run ends, with all its users. @returns how many there were */
  kill(node: number): number {
    const { staying, leaving } = this.#owners.ofNode(node);
    this.#forget(node);
    const users = this.#owners.release(staying.union(leaving));
    this.#ended.lost += users;
    this.#abandoned += users;
    return users;
  }

  /** Takes over what a journal has; the ledger must be new. */
  restore(memory: {
    ended: Readonly<EndedCounts>;
    holdings: readonly Holding[];
    unplaced: IdSet;
    top: number;
  }): void {
    assert(this.#assigned === 0, 'only a new ledger takes over a journal');
    Object.assign(this.#ended, memory.ended);
    for (const { number, staying, leaving, moving, removals } of memory.holdings) {
      this.#owners.assign(staying, number);
      this.#owners.assign(leaving, number);
      this.#owners.markLeaving(leaving);
      if (moving.size > 0) this.#moving.set(number, moving);
      for (const batch of removals) this.#appendRemoval(number, batch);
    }
    this.#owners.assign(memory.unplaced, UNPLACED);
    this.#owners.restoreTop(memory.top);
    // A journal does not say which of the lost users were placed again: those who were not are left out.
    const { finished, removed, crashed } = this.#ended;
    this.#assigned = this.#owners.size + this.#unconfirmed + finished + removed + crashed;
  }

  /**
   * Checks that the counts agree; costs O(processes). @param inFull also checks each user: O(ids)
   *
   * @throws {AssertionFailure} when they do not: the ledger has a fault
   */
  check(inFull = false): void {
    const { finished, removed, crashed, lost } = this.#ended;
    const ended = finished + removed + crashed + this.#abandoned;
    const { size } = this.#owners;
    assert(
      size + this.#unconfirmed + ended === this.#assigned,
      `${size} users are placed, ${this.#unconfirmed} removals unconfirmed, ${ended} ended, but ${this.#assigned} were assigned`,
    );
    assert(this.#abandoned <= lost, `${this.#abandoned} of ${lost} lost users were abandoned`);
    const unconfirmed = sumOf([...this.#removals.keys()].map((node) => this.unconfirmedOf(node)));
    assert(
      unconfirmed === this.#unconfirmed,
      `${this.#unconfirmed} removals are not ${unconfirmed}`,
    );
    this.#owners.checkCounts();
    if (inFull) this.#checkUsers();
  }

  #checkUsers(): void {
    this.#owners.checkUsers();
    for (const [node, moving] of this.#moving) {
      const strangers = moving.difference(this.#owners.ofNode(node).staying);
      assert(strangers.size === 0, `users ${strangers.toString()} move from ${node}, without it`);
    }
    for (const node of this.#removals.keys()) {
      const elsewhere = [...this.#owners.byNode(unionOf(this.removalsOf(node))).keys()].filter(
        (owner) => owner !== node && owner !== UNPLACED,
      );
      assert(elsewhere.length === 0, `removed from ${node}, unconfirmed, and in ${elsewhere[0]}`);
    }
  }

  /** Users are removed by force: the report of their end is still to come. */
  #await(node: number, ids: IdSet): void {
    this.#owners.release(ids);
    this.#appendRemoval(node, ids);
  }

  #appendRemoval(node: number, ids: IdSet): void {
    if (ids.size === 0) return;
    this.#removals.set(node, [...this.removalsOf(node), ids]);
    this.#unconfirmed += ids.size;
  }

  /** @returns how many of the ends were awaited: of each user, the oldest removal */
  #confirmRemovals(node: number, ends: IdSet): number {
    const before = this.removalsOf(node);
    if (before.length === 0 || ends.size === 0) return 0;
    let left = ends;
    const after = before.flatMap((batch) => {
      const ended = batch.intersection(left);
      left = left.difference(ended);
      const rest = batch.difference(ended);
      return rest.size === 0 ? [] : [rest];
    });
    if (after.length === 0) this.#removals.delete(node);
    else this.#removals.set(node, after);
    const confirmed = ends.size - left.size;
    this.#unconfirmed -= confirmed;
    return confirmed;
  }

  #release(node: number, ids: IdSet): number {
    if (ids.size === 0) return 0;
    this.#dropMoving(node, ids);
    return this.#owners.release(ids);
  }

  /** Users that get an owner are not about to move any more. */
  #settle(ids: IdSet): void {
    if (this.#moving.size === 0) return;
    for (const [node, share] of this.#owners.byNode(ids)) this.#dropMoving(node, share);
  }

  #dropMoving(node: number, ids: IdSet): void {
    const moving = this.#moving.get(node);
    if (moving === undefined) return;
    const left = moving.difference(ids);
    if (left.size === 0) this.#moving.delete(node);
    else if (left.size < moving.size) this.#moving.set(node, left);
  }

  /** A process that is gone reports nothing more: its removals by force are confirmed. */
  #forget(node: number): void {
    const unconfirmed = this.unconfirmedOf(node);
    this.#ended.removed += unconfirmed;
    this.#unconfirmed -= unconfirmed;
    this.#removals.delete(node);
    this.#moving.delete(node);
  }
}

function unionOf(batches: readonly IdSet[]): IdSet {
  return batches.reduce((all, batch) => all.union(batch), IdSet.empty);
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}
