import type { IdSet } from './id-set.ts';
import { mix32 } from './hash32.ts';

/** Tells two sets of ids apart without sending them: two different sets have the same digest once in 2³². */
export interface IdDigest {
  count: number;
  /** Sum of {@link mixId} over all ids, modulo 2³². */
  sum: number;
}

/** Spreads an id over 32 bits, so that sums of ids rarely collide. */
export function mixId(id: number): number {
  return mix32(id) >>> 0;
}

/** The digest of a set. Costs O(ids). */
export function digestOf(ids: IdSet): IdDigest {
  let sum = 0;
  ids.forEach((id) => (sum = (sum + mixId(id)) >>> 0));
  return { count: ids.size, sum };
}
