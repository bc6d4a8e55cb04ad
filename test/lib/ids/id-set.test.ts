import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { IdSet, MAX_ID } from '../../../src/lib/ids/id-set.ts';

const ids = fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { maxLength: 80 });
const sorted = (list: Iterable<number>): number[] => [...list].sort((a, b) => a - b);

describe('IdSet', () => {
  it('keeps any ids, in any order', () => {
    fc.assert(
      fc.property(ids, (list) => {
        const set = IdSet.of(list);
        assert.deepEqual(set.toArray(), sorted(list));
        assert.equal(set.size, list.length);
        for (let id = 1; id <= 200; id++) assert.equal(set.has(id), list.includes(id));
      }),
    );
  });

  it('unites and subtracts as sets do', () => {
    fc.assert(
      fc.property(ids, ids, (a, b) => {
        const [left, right] = [IdSet.of(a), IdSet.of(b)];
        assert.deepEqual(left.union(right).toArray(), sorted(new Set([...a, ...b])));
        assert.deepEqual(
          left.difference(right).toArray(),
          sorted(a.filter((id) => !b.includes(id))),
        );
      }),
    );
  });

  it('knows its lowest and highest id', () => {
    fc.assert(
      fc.property(ids, (list) => {
        const set = IdSet.of(list);
        assert.equal(set.lowest, Math.min(...list));
        assert.equal(set.highest, Math.max(0, ...list));
      }),
    );
  });

  it('keeps the share of a round robin in one range', () => {
    const share = IdSet.range(3, 1_000_000, 50);
    assert.equal(share.ranges.length, 1);
    assert.equal(IdSet.ofSorted(share.toArray()).ranges.length, 1);
  });

  it('names neighbouring ids as pairs that parse back to the same set', () => {
    fc.assert(
      fc.property(ids, (list) => {
        const set = IdSet.of(list);
        assert.deepEqual(IdSet.parse(set.consecutive()).toArray(), set.toArray());
      }),
    );
  });

  it('reads ids as people write them', () => {
    assert.deepEqual(IdSet.parse([[3, 5], 17]).toArray(), [3, 4, 5, 17]);
  });

  for (const bad of [
    '3..9',
    5,
    [[9, 3]],
    [0],
    [-1],
    [1.5],
    [NaN],
    [[1, 2, 3]],
    [MAX_ID + 1],
    [null],
  ]) {
    it(`refuses ${JSON.stringify(bad)}`, () => {
      assert.throws(() => IdSet.parse(bad), { code: 'ARGUMENT', message: /does not name users/ });
    });
  }

  it('reads well', () => {
    assert.equal(IdSet.of([1, 2, 3, 12, 15, 17, 19, 21]).toString(), '1..3, 12, 15..21/2');
  });
});
