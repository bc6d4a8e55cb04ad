import { IdSet } from '../lib/id-set.ts';
import type { EndKind } from './lifecycle.ts';

/** Who ended since the last report. */
export interface EndedUsers extends Record<EndKind, IdSet> {
  /** Those of them that were taken in again since: they are here, or were given up without a word. */
  back: IdSet;
}

interface Batch extends Record<EndKind, number[]> {
  readonly ids: Set<number>;
  /** Those of them that were here again since, and were given up. */
  readonly dropped: Set<number>;
}

/** Ends of users until they are reported, in batches: a user is in one of them once. */
export class EndedLog {
  /** The oldest first; the last is added to. */
  #batches: Batch[] = [newBatch()];

  /** Whether {@link take} has anybody to tell of. */
  get hasAny(): boolean {
    return (this.#batches[0] as Batch).ids.size > 0;
  }

  /** Whose end is in each batch. */
  get ids(): IdSet[] {
    return this.#batches.map(({ ids }) => IdSet.of(ids));
  }

  /** Notes an end. @returns whether it is the first of its batch */
  note(how: EndKind, id: number): boolean {
    let batch = this.#batches.at(-1) as Batch;
    const isFirst = batch.ids.size === 0;
    if (batch.ids.has(id)) this.#batches.push((batch = newBatch()));
    batch.ids.add(id);
    batch[how].push(id);
    return isFirst;
  }

  /**
   * Of those that go without a word, some may have ended here before: that end is still to be reported, and
   * is not the end of those that were here until now.
   */
  noteDropped(ids: IdSet): void {
    for (const batch of this.#batches) {
      if (batch.ids.size === 0) continue;
      ids.forEach((id) => {
        if (batch.ids.has(id)) batch.dropped.add(id);
      });
    }
  }

  /** Takes the oldest batch out. @param presentOf those of some ids that are here now */
  take(presentOf: (ids: Iterable<number>) => IdSet): EndedUsers {
    const { ids, dropped, finished, crashed, removed, moved } = this.#batches.shift() as Batch;
    if (this.#batches.length === 0) this.#batches.push(newBatch());
    return {
      finished: IdSet.of(finished),
      crashed: IdSet.of(crashed),
      removed: IdSet.of(removed),
      moved: IdSet.of(moved),
      back: presentOf(ids).union(IdSet.of(dropped)),
    };
  }
}

function newBatch(): Batch {
  return {
    ids: new Set(),
    dropped: new Set(),
    finished: [],
    crashed: [],
    removed: [],
    moved: [],
  };
}
