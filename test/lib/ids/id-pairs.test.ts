import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { idPairs, sayIdPairs } from '../../../src/lib/ids/id-pairs.ts';
import { IdSet } from '../../../src/lib/ids/id-set.ts';

describe('ids as pairs', () => {
  it('name the same ids', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 })), (ids) => {
        const set = IdSet.of(ids);
        assert.deepEqual(IdSet.parse(idPairs(set)).toArray(), set.toArray());
      }),
    );
  });

  it('are read by people', () => {
    assert.equal(sayIdPairs([3, [5, 6], [8, 11]]), '3, 5, 6, 8..11');
    assert.equal(sayIdPairs(idPairs(IdSet.range(1, 40, 2))), '1, 3, 5, 7, 9, 11, 13, 15 …');
  });
});
