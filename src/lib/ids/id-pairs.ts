import type { IdSet } from './id-set.ts';

/** Ids as JSON, ascending: single ids, and inclusive pairs. `[[3, 9], 17]` is 3..9 and 17. */
export type IdPairs = (number | [from: number, to: number])[];

/** The ids of a set as `remove({ ids })` takes them. Costs O(ids) for steps above 1. */
export function idPairs(ids: IdSet): IdPairs {
  return ids.consecutive().map(([from, to]) => (from === to ? from : [from, to]));
}

/** `11, 12, 14..16`: for people. At most `most` items, then `…`. */
export function sayIdPairs(pairs: IdPairs, most = 8): string {
  const texts = pairs.flatMap((pair) => {
    if (typeof pair === 'number') return [String(pair)];
    const [from, to] = pair;
    return to === from + 1 ? [String(from), String(to)] : [`${from}..${to}`];
  });
  return texts.slice(0, most).join(', ') + (texts.length > most ? ' …' : '');
}
