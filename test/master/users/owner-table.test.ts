import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { IdSet } from '../../../src/lib/ids/id-set.ts';
import { OwnerTable } from '../../../src/master/users/owner-table.ts';

describe('OwnerTable', () => {
  it('counts as a plain map does', () => {
    const id = fc.integer({ min: 1, max: 200_000 });
    const ids = fc.uniqueArray(id, { maxLength: 20 });
    const step = fc.oneof(
      fc.record({ do: fc.constant('assign' as const), ids, node: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ do: fc.constant('release' as const), ids }),
      fc.record({ do: fc.constant('leave' as const), ids }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const table = new OwnerTable();
        const owners = new Map<number, number>();
        const leaving = new Set<number>();
        for (const each of steps) {
          const set = IdSet.of(each.ids);
          if (each.do === 'assign') {
            table.assign(set, each.node);
            for (const one of each.ids) {
              owners.set(one, each.node);
              leaving.delete(one);
            }
          } else if (each.do === 'release') {
            table.release(set);
            for (const one of each.ids) {
              owners.delete(one);
              leaving.delete(one);
            }
          } else {
            table.markLeaving(set);
            for (const one of each.ids) if (owners.has(one)) leaving.add(one);
          }
          const staying = [...owners.keys()]
            .filter((one) => !leaving.has(one))
            .sort((a, b) => a - b);
          assert.equal(table.size, owners.size);
          assert.equal(table.staying, staying.length);
          assert.equal(table.highest, Math.max(0, ...owners.keys()));
          assert.deepEqual(table.highestStaying(3).toArray(), staying.slice(-3));
          for (const node of [1, 2, 3, 4]) {
            const its = [...owners].filter(([, owner]) => owner === node).map(([one]) => one);
            assert.equal(table.countOf(node), its.length);
            const { staying: stay, leaving: go } = table.ofNode(node);
            assert.deepEqual(
              [...stay.toArray(), ...go.toArray()].sort((a, b) => a - b),
              its.sort((a, b) => a - b),
            );
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('knows the highest id that was given out, but for those that were taken back', () => {
    const table = new OwnerTable();
    assert.equal(table.top, 0);
    table.assign(IdSet.range(101, 120), 1);
    table.release(IdSet.range(101, 120));
    assert.equal(table.top, 120);
    table.giveBack(IdSet.range(103, 109));
    assert.equal(table.top, 120, 'a gap is no end');
    table.giveBack(IdSet.of([118, 119, 120]));
    assert.equal(table.top, 117);
    table.giveBack(IdSet.range(101, 117));
    assert.equal(table.top, 100);
    table.restoreTop(7);
    assert.equal(table.top, 100);
  });

  it('describes who is there', () => {
    const table = new OwnerTable();
    table.assign(IdSet.parse([[1, 10], 15]), 1);
    assert.equal(table.describe(), '1..10, 15');
  });
});
