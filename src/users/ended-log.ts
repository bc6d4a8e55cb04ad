import { IdSet } from '../lib/ids/id-set.ts';
import type { EndKind } from './lifecycle.ts';

/** Users that ended since the last report. */
export interface EndedUsers extends Record<EndKind, IdSet> {
  /**
   * Of these, the users that were assigned again since: they are present, or were dropped without a report.
   */
  back: IdSet;
}

interface Batch extends Record<EndKind, number[]> {
  readonly ids: Set<number>;
  /** Of these, the users that were present again since, and were dropped. */
  readonly dropped: Set<number>;
}

/** Keeps the ends of users until they are reported, in batches; a batch has each user once. */
export class EndedLog {
  /** Oldest first; a new end goes into the last one. */
  #batches: Batch[] = [newBatch()];

  /** Whether {@link drain} has ends to report. */
  get hasAny(): boolean {
    return (this.#batches[0] as Batch).ids.size > 0;
  }

  /** The ids whose end is in each batch. */
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
   * Notes users that are dropped without a report. Some of them may have ended here before: that end is still
   * to be reported, and is not the end of the users that were dropped.
   */
  noteDropped(ids: IdSet): void {
    for (const batch of this.#batches) {
      if (batch.ids.size === 0) continue;
      ids.forEach((id) => {
        if (batch.ids.has(id)) batch.dropped.add(id);
      });
    }
  }

  /** Removes the oldest batch. @param presentOf returns those of some ids that are present now */
  drain(presentOf: (ids: Iterable<number>) => IdSet): EndedUsers {
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
