import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { IdSet } from '../../src/lib/ids/id-set.ts';
import { reconcile } from '../../src/users/reconcile.ts';
import type { DesiredUsers, Repairs } from '../../src/users/reconcile.ts';

interface Case {
  present?: number[];
  staying?: number[];
  leaving?: number[];
  moving?: number[];
  gone?: number[][];
  told?: number[][];
}

interface Expected {
  drop?: number[];
  remove?: number[];
  add?: number[];
  removed?: number[][];
  moved?: number[][];
}

function decide({ present, staying, leaving, moving, gone, told }: Case): Repairs {
  const desired: DesiredUsers = {
    staying: IdSet.of(staying ?? []),
    leaving: IdSet.of(leaving ?? []),
    moving: IdSet.of(moving ?? []),
    gone: (gone ?? []).map((ids) => IdSet.of(ids)),
  };
  const ends = (told ?? []).map((ids) => IdSet.of(ids));
  return reconcile(IdSet.of(present ?? []), desired, ends);
}

const rows: [what: string, given: Case, expected: Expected][] = [
  ['changes nothing where nothing differs', { present: [1, 2], staying: [1, 2] }, {}],
  ['starts users that are missing', { present: [1], staying: [1, 2, 3] }, { add: [2, 3] }],
  ['drops users that are of others', { present: [1, 2, 3], staying: [1] }, { drop: [2, 3] }],
  [
    'does not start users again whose end is on its way to the master',
    { present: [1], staying: [1, 2, 3], told: [[2], [5]] },
    { add: [3] },
  ],
  [
    'removes users by force that were removed by force, and reports those that it does not have',
    { present: [1, 2], staying: [1], gone: [[2, 3]] },
    { remove: [2], removed: [[3]] },
  ],
  [
    'takes an end that is on its way for the answer to a removal by force',
    { present: [], gone: [[2, 3]], told: [[2]] },
    { removed: [[3]] },
  ],
  [
    'reports as many ends as there were removals by force of one user',
    { present: [2], gone: [[2], [2], [2]], told: [[2]] },
    { remove: [2], removed: [[2]] },
  ],
  [
    'keeps a user that was removed by force and assigned again',
    { present: [2], staying: [2], gone: [[2]] },
    { removed: [[2]] },
  ],
  [
    'reports the end of users that should leave and are not here, once',
    { present: [1], leaving: [1, 2, 3], told: [[3]] },
    { removed: [[2]] },
  ],
  [
    'reports users as moved that should move and are not here, once',
    { present: [1], moving: [1, 2, 3], told: [[3]] },
    { moved: [[2]] },
  ],
];

describe('reconcile', () => {
  for (const [what, given, expected] of rows) {
    it(what, () => {
      const { drop, remove, leave, move, keep, add, tell } = decide(given);
      const of = (how: 'removed' | 'moved'): number[][] =>
        tell.filter((each) => each.how === how).map(({ ids }) => ids.toArray());
      assert.deepEqual(
        {
          drop: drop.toArray(),
          remove: remove.toArray(),
          add: add.toArray(),
          removed: of('removed'),
          moved: of('moved'),
        },
        { drop: [], remove: [], add: [], removed: [], moved: [], ...expected },
      );
      assert.deepEqual(leave.toArray(), given.leaving ?? []);
      assert.deepEqual(move.toArray(), given.moving ?? []);
      assert.deepEqual(keep.toArray(), given.staying ?? []);
    });
  }

  it('leaves exactly the users that should be here, and reports each missing end once', () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 15 }), { maxLength: 10 });
    const given = fc.record({
      present: ids,
      /** 0 of others, 1 staying, 2 leaving, 3 moving. */
      part: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 16, maxLength: 16 }),
      gone: fc.array(ids, { maxLength: 3 }),
      told: fc.array(ids, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(given, ({ present, part, gone, told }) => {
        const all = Array.from({ length: 15 }, (_, at) => at + 1);
        const [others, staying, leaving, moving] = [0, 1, 2, 3].map((each) =>
          all.filter((id) => part[id] === each),
        ) as [number[], number[], number[], number[]];
        const repairs = decide({ present, staying, leaving, moving, gone, told });
        const isTold = (id: number): boolean => told.some((batch) => batch.includes(id));
        for (const id of all) {
          const isHere = present.includes(id);
          const stays = staying.includes(id);
          // It stays or is started, if it should be here and no end of it is on its way.
          assert.equal(repairs.add.has(id), stays && !isHere && !isTold(id), `add ${id}`);
          // A user of others goes, with a report if its removal was awaited, without one otherwise.
          const goes = Number(repairs.drop.has(id)) + Number(repairs.remove.has(id));
          assert.equal(goes, isHere && others.includes(id) ? 1 : 0, `remove ${id}`);
          // Each removal by force has one end: that of the user here, one on its way, or one told now.
          const removals = gone.filter((batch) => batch.includes(id)).length;
          const onTheWay = told.filter((batch) => batch.includes(id)).length;
          const asked = leaving.includes(id) && !isHere && !isTold(id) ? 1 : 0;
          const ended = repairs.tell.filter(
            ({ how, ids: its }) => how === 'removed' && its.has(id),
          ).length;
          const forced = Math.max(0, removals - onTheWay);
          assert.equal(ended + Number(repairs.remove.has(id)), forced + asked, `end of ${id}`);
          const moved = repairs.tell.some(({ how, ids: its }) => how === 'moved' && its.has(id));
          assert.equal(moved, moving.includes(id) && !isHere && !isTold(id), `moved ${id}`);
        }
      }),
      { numRuns: 500 },
    );
  });
});
