import { quote } from '../text/quote.ts';
import { AmocError } from '../errors.ts';

/** The ids `from`, `from + step`, … up to and including `to`. `step` ≥ 1; `to` is itself a member. */
export interface IdRange {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** The largest user id: a run's bookkeeping costs 2 bytes an id on the master. */
export const MAX_ID = 100_000_000;

/** How an operator names ids: single ids, and inclusive pairs. `[[3, 9], 17]` is 3..9 and 17. */
export type IdSpec = readonly (number | readonly [number, number])[];

/**
 * An immutable set of user ids, kept as arithmetic progressions, so that the share of one node in a
 * round-robin of a million users is one range.
 */
export class IdSet {
  static readonly empty = new IdSet([]);
  /** Disjoint, each with `from` ≤ `to` and (`to` − `from`) a multiple of `step`. */
  readonly ranges: readonly IdRange[];
  readonly size: number;

  private constructor(ranges: readonly IdRange[]) {
    this.ranges = ranges;
    this.size = ranges.reduce((sum, range) => sum + rangeSize(range), 0);
  }

  /** The ids `from..to`, each `step`-th; empty when `from` > `to`. */
  static range(from: number, to: number, step = 1): IdSet {
    if (from > to) return IdSet.empty;
    return new IdSet([{ from, to: from + Math.floor((to - from) / step) * step, step }]);
  }

  /** Takes over ranges that are known to be disjoint, as they arrive from a peer after validation. */
  static ofDisjoint(ranges: readonly IdRange[]): IdSet {
    return ranges.length === 0 ? IdSet.empty : new IdSet(ranges);
  }

  /** Compresses ids that are in ascending order, without repetitions. Costs O(ids). */
  static ofSorted(ids: ArrayLike<number>): IdSet {
    const ranges: IdRange[] = [];
    let at = 0;
    while (at < ids.length) {
      const from = ids[at] as number;
      const step = at + 1 < ids.length ? (ids[at + 1] as number) - from : 1;
      let end = at;
      while (end + 1 < ids.length && (ids[end + 1] as number) - (ids[end] as number) === step)
        end++;
      // Two ids alone are rarely a progression: leaving the second to start the next one keeps
      // 1, 5, 6, 7, 8 at two ranges.
      if (end === at + 1 && end + 1 < ids.length) end = at;
      ranges.push({ from, to: ids[end] as number, step: end === at ? 1 : step });
      at = end + 1;
    }
    return IdSet.ofDisjoint(ranges);
  }

  /** The set of any ids, in any order, repetitions allowed. Costs O(ids), unsorted O(ids · log ids). */
  static of(ids: Iterable<number>): IdSet {
    const list = [...ids];
    if (list.every((id, at) => at === 0 || id > (list[at - 1] as number)))
      return IdSet.ofSorted(list);
    const sorted = [...new Set(list)].sort((a, b) => a - b);
    return IdSet.ofSorted(sorted);
  }

  /**
   * Reads ids as an operator writes them.
   *
   * @throws {AmocError} `ARGUMENT` when a number is not an id or a pair is the wrong way round.
   */
  static parse(spec: unknown): IdSet {
    if (!Array.isArray(spec)) throw badSpec(spec);
    let set = IdSet.empty;
    for (const item of spec as unknown[]) {
      const pair: unknown[] = Array.isArray(item) ? item : [item, item];
      const [from, to] = pair;
      if (pair.length !== 2 || !isId(from) || !isId(to) || from > to) throw badSpec(item);
      set = set.union(IdSet.range(from, to));
    }
    return set;
  }

  has(id: number): boolean {
    return this.ranges.some((range) => inRange(range, id));
  }

  /** Calls `visit` with each id, range by range (ascending within a range). */
  forEach(visit: (id: number) => void): void {
    for (const { from, to, step } of this.ranges)
      for (let id = from; id <= to; id += step) visit(id);
  }

  /** All ids, ascending. Costs O(ids · log ids) memory and time. */
  toArray(): number[] {
    const ids: number[] = [];
    this.forEach((id) => ids.push(id));
    return this.ranges.length <= 1 ? ids : ids.sort((a, b) => a - b);
  }

  /** Runs of neighbouring ids, first and last of each, ascending. Costs O(ids) for steps above 1. */
  consecutive(): [number, number][] {
    const runs: [number, number][] = [];
    for (const id of this.ranges.every(({ step }) => step === 1) ? [] : this.toArray()) {
      const last = runs.at(-1);
      if (last?.[1] === id - 1) last[1] = id;
      else runs.push([id, id]);
    }
    if (runs.length > 0) return runs;
    return this.ranges
      .map(({ from, to }): [number, number] => [from, to])
      .sort(([a], [b]) => a - b);
  }

  union(other: IdSet): IdSet {
    if (this.size === 0) return other;
    if (other.size === 0) return this;
    const [low, high] = this.lowest <= other.lowest ? [this, other] : [other, this];
    if (low.highest < high.lowest) return new IdSet([...low.ranges, ...high.ranges]);
    return IdSet.of([...this.toArray(), ...other.toArray()]);
  }

  /** The ids of this set that `other` lacks. */
  difference(other: IdSet): IdSet {
    if (this.size === 0 || other.size === 0) return this;
    if (this.highest < other.lowest || other.highest < this.lowest) return this;
    const gone = new Set(other.toArray());
    return IdSet.ofSorted(this.toArray().filter((id) => !gone.has(id)));
  }

  /** The ids that both sets have. */
  intersection(other: IdSet): IdSet {
    if (this.size === 0 || other.size === 0) return IdSet.empty;
    if (this.highest < other.lowest || other.highest < this.lowest) return IdSet.empty;
    const [small, large] = this.size <= other.size ? [this, other] : [other, this];
    const members = new Set(large.toArray());
    return IdSet.of(small.toArray().filter((id) => members.has(id)));
  }

  /** The lowest id, or `Infinity` when empty. */
  get lowest(): number {
    return this.ranges.reduce((least, range) => Math.min(least, range.from), Infinity);
  }

  /** The highest id, or 0 when empty. */
  get highest(): number {
    return this.ranges.reduce((most, range) => Math.max(most, range.to), 0);
  }

  /** `1..10, 12, 15..21/2`: for people. At most `most` ranges, then `…`. */
  toString(most = 8): string {
    const texts = this.ranges.slice(0, most).map(({ from, to, step }) => {
      if (from === to) return String(from);
      return step === 1 ? `${from}..${to}` : `${from}..${to}/${step}`;
    });
    return texts.join(', ') + (this.ranges.length > most ? ' …' : '');
  }
}

/** Whether `value` may be a user's id: an integer from 1 to {@link MAX_ID}. */
export function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_ID;
}

/** The number of ids in a range. */
export function rangeSize({ from, to, step }: IdRange): number {
  return Math.floor((to - from) / step) + 1;
}

function inRange({ from, to, step }: IdRange, id: number): boolean {
  return id >= from && id <= to && (id - from) % step === 0;
}

function badSpec(value: unknown): AmocError {
  return new AmocError(
    'ARGUMENT',
    `${quote(value)} does not name users; write ids (17) and pairs ([3, 9]) of 1..${MAX_ID}, as in [[3, 9], 17]`,
  );
}
