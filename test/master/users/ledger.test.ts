import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { IdSet } from '../../../src/lib/ids/id-set.ts';
import { Ledger } from '../../../src/master/users/ledger.ts';
import type { ReportedEnds } from '../../../src/master/users/ledger.ts';
import { UNPLACED } from '../../../src/master/users/owner-table.ts';

const nothing: ReportedEnds = {
  finished: IdSet.empty,
  crashed: IdSet.empty,
  removed: IdSet.empty,
  moved: IdSet.empty,
};

const all = (ids: IdSet): IdSet => ids;

/** Users 1..6 on process 1, and 7..10 on process 2. */
function two(): Ledger {
  const ledger = new Ledger();
  ledger.assign(IdSet.range(1, 6), 1);
  ledger.assign(IdSet.range(7, 10), 2);
  return ledger;
}

/** What a ledger says, for one comparison. */
interface Told {
  /** Staying users, by process; 0: no process has them. */
  staying: Record<number, number[]>;
  leaving?: Record<number, number[]>;
  moving?: Record<number, number[]>;
  unconfirmed?: Record<number, number[][]>;
  /** Finished, removed, crashed, lost. */
  ended: [number, number, number, number];
}

function tell(ledger: Ledger): Told {
  const staying: Record<number, number[]> = {};
  const leaving: Record<number, number[]> = {};
  const moving: Record<number, number[]> = {};
  const unconfirmed: Record<number, number[][]> = {};
  for (const [node, users] of ledger.owners.byOwner()) {
    const name = node === UNPLACED ? 0 : node;
    if (users.staying.size > 0) staying[name] = users.staying.toArray();
    if (users.leaving.size > 0) leaving[name] = users.leaving.toArray();
  }
  for (const node of [1, 2, 3]) {
    if (ledger.movingOf(node).size > 0) moving[node] = ledger.movingOf(node).toArray();
    const batches = ledger.removalsOf(node).map((ids) => ids.toArray());
    if (batches.length > 0) unconfirmed[node] = batches;
  }
  const { finished, removed, crashed, lost } = ledger.ended;
  const some = (name: string, value: object): object =>
    Object.keys(value).length === 0 ? {} : { [name]: value };
  return {
    staying,
    ...some('leaving', leaving),
    ...some('moving', moving),
    ...some('unconfirmed', unconfirmed),
    ended: [finished, removed, crashed, lost],
  };
}

const rows: [what: string, act: (ledger: Ledger) => void, expected: Told][] = [
  [
    'assigns users that are waiting for a process',
    (ledger) => {
      ledger.assign(IdSet.range(11, 12), UNPLACED);
      ledger.assign(IdSet.range(11, 12), 1);
    },
    { staying: { 1: [1, 2, 3, 4, 5, 6, 11, 12], 2: [7, 8, 9, 10] }, ended: [0, 0, 0, 0] },
  ],
  [
    'removes users gently: they stay in their process until it reports their end',
    (ledger) => void ledger.remove(IdSet.range(6, 7), false),
    {
      staying: { 1: [1, 2, 3, 4, 5], 2: [8, 9, 10] },
      leaving: { 1: [6], 2: [7] },
      ended: [0, 0, 0, 0],
    },
  ],
  [
    'removes users by force: they are gone at once, and their end is awaited',
    (ledger) => void ledger.remove(IdSet.range(6, 7), true),
    {
      staying: { 1: [1, 2, 3, 4, 5], 2: [8, 9, 10] },
      unconfirmed: { 1: [[6]], 2: [[7]] },
      ended: [0, 0, 0, 0],
    },
  ],
  [
    'ends users that no process has as soon as they are removed',
    (ledger) => {
      ledger.assign(IdSet.range(10, 12), UNPLACED);
      ledger.remove(IdSet.range(11, 12), false);
    },
    {
      staying: { 0: [10], 1: [1, 2, 3, 4, 5, 6], 2: [7, 8, 9] },
      ended: [0, 2, 0, 0],
    },
  ],
  [
    'does not move a user any more that is removed',
    (ledger) => {
      ledger.move(IdSet.range(5, 6), 1);
      ledger.remove(IdSet.range(6, 6), true);
    },
    {
      staying: { 1: [1, 2, 3, 4, 5], 2: [7, 8, 9, 10] },
      moving: { 1: [5] },
      unconfirmed: { 1: [[6]] },
      ended: [0, 0, 0, 0],
    },
  ],
  [
    'counts each reported end of a user that the process has, and of no other',
    (ledger) => {
      const [finished, crashed] = [IdSet.of([1, 2, 7, 99]), IdSet.of([3])];
      ledger.confirm(1, { ...nothing, finished, crashed }, all, true);
    },
    { staying: { 1: [4, 5, 6], 2: [7, 8, 9, 10] }, ended: [2, 0, 1, 0] },
  ],
  [
    'does not count an end from before the user was given to the process again',
    (ledger) => {
      const finished = IdSet.of([1, 2]);
      ledger.confirm(1, { ...nothing, finished }, (ids) => ids.difference(IdSet.of([2])), true);
    },
    { staying: { 1: [2, 3, 4, 5, 6], 2: [7, 8, 9, 10] }, ended: [1, 0, 0, 0] },
  ],
  [
    'confirms a removal by force, and keeps the user that got the number since',
    (ledger) => {
      ledger.remove(IdSet.of([6]), true);
      ledger.assign(IdSet.of([6]), 1);
      ledger.confirm(1, { ...nothing, removed: IdSet.of([6]) }, () => IdSet.empty, true);
    },
    { staying: { 1: [1, 2, 3, 4, 5, 6], 2: [7, 8, 9, 10] }, ended: [0, 1, 0, 0] },
  ],
  [
    'confirms one removal with each end of a user that was removed twice',
    (ledger) => {
      ledger.remove(IdSet.of([6]), true);
      ledger.assign(IdSet.of([6]), 1);
      ledger.remove(IdSet.of([5, 6]), true);
      ledger.confirm(1, { ...nothing, finished: IdSet.of([6]) }, all, true);
    },
    {
      staying: { 1: [1, 2, 3, 4], 2: [7, 8, 9, 10] },
      unconfirmed: { 1: [[5, 6]] },
      ended: [1, 0, 0, 0],
    },
  ],
  [
    'keeps users that have moved until they are assigned, and ends those that were to leave',
    (ledger) => {
      ledger.move(IdSet.range(4, 6), 1);
      ledger.remove(IdSet.of([6]), false);
      const movers = ledger.confirm(1, { ...nothing, moved: IdSet.range(4, 6) }, all, true);
      assert.deepEqual(movers.toArray(), [4, 5]);
      ledger.assign(IdSet.of([4]), 2);
    },
    {
      staying: { 1: [1, 2, 3, 5], 2: [4, 7, 8, 9, 10] },
      moving: { 1: [5] },
      ended: [0, 1, 0, 0],
    },
  ],
  [
    'ends users that have moved when the run does not go on',
    (ledger) => {
      ledger.move(IdSet.range(4, 6), 1);
      ledger.confirm(1, { ...nothing, moved: IdSet.range(4, 5) }, all, false);
    },
    {
      staying: { 1: [1, 2, 3, 6], 2: [7, 8, 9, 10] },
      moving: { 1: [6] },
      ended: [0, 2, 0, 0],
    },
  ],
  [
    'loses a process: its users wait for another, or are gone if they were to be',
    (ledger) => {
      ledger.move(IdSet.of([1]), 1);
      ledger.remove(IdSet.of([6]), false);
      ledger.remove(IdSet.of([5]), true);
      assert.deepEqual(ledger.lose(1).toArray(), [1, 2, 3, 4]);
    },
    { staying: { 0: [1, 2, 3, 4], 2: [7, 8, 9, 10] }, ended: [0, 2, 0, 4] },
  ],
  [
    'abandons lost users: they are counted as lost only',
    (ledger) => ledger.abandon(ledger.lose(1)),
    { staying: { 2: [7, 8, 9, 10] }, ended: [0, 0, 0, 6] },
  ],
  [
    'kills a process with all its users',
    (ledger) => {
      ledger.remove(IdSet.of([5]), true);
      ledger.remove(IdSet.of([6]), false);
      assert.equal(ledger.kill(1), 5);
    },
    { staying: { 2: [7, 8, 9, 10] }, ended: [0, 1, 0, 5] },
  ],
];

describe('Ledger', () => {
  for (const [what, act, expected] of rows) {
    it(what, () => {
      const ledger = two();
      act(ledger);
      ledger.check(true);
      assert.deepEqual(tell(ledger), expected);
    });
  }

  it('knows which process holds a user that was removed by force', () => {
    const ledger = two();
    ledger.remove(IdSet.range(5, 8), true);
    const held = [...ledger.heldOf(IdSet.range(6, 20))].map(([node, ids]) => [node, ids.toArray()]);
    assert.deepEqual(held, [
      [1, [6]],
      [2, [7, 8]],
    ]);
  });

  it('tells from the digest which users a process should report', () => {
    const [ledger, other] = [two(), new Ledger()];
    ledger.move(IdSet.range(1, 2), 1);
    ledger.remove(IdSet.of([6]), false);
    other.assign(IdSet.range(3, 5), 1);
    assert.deepEqual(ledger.settledDigestOf(1), other.settledDigestOf(1));
  });

  it('gives the highest ids out again after a removal', () => {
    const ledger = two();
    ledger.remove(IdSet.range(8, 10), true);
    assert.equal(ledger.owners.top, 7);
  });

  it('takes over what a journal has', () => {
    const before = two();
    before.remove(IdSet.of([10]), true);
    before.remove(IdSet.of([9]), false);
    before.move(IdSet.of([1]), 1);
    before.abandon(before.lose(3));
    before.assign(IdSet.of([20]), UNPLACED);
    const after = new Ledger();
    after.restore({
      ended: before.ended,
      holdings: [1, 2].map((number) => ({
        ...{ number, ...before.owners.ofNode(number) },
        ...{ moving: before.movingOf(number), removals: before.removalsOf(number) },
      })),
      unplaced: before.owners.ofNode(UNPLACED).staying,
      top: before.owners.top,
    });
    after.check(true);
    assert.deepEqual(tell(after), tell(before));
    assert.equal(after.owners.top, before.owners.top);
  });

  it('loses no user and has no user twice, whatever happens in whatever order', () => {
    const ids = fc
      .uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 })
      .map((list) => IdSet.of(list));
    const node = fc.integer({ min: 1, max: 3 });
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), ids, node: fc.integer({ min: 0, max: 3 }) }),
      fc.record({ do: fc.constant('remove' as const), ids, force: fc.boolean() }),
      fc.record({ do: fc.constant('move' as const), ids, node }),
      fc.record({
        do: fc.constant('confirm' as const),
        ...{ ids, node, since: ids, mayMove: fc.boolean(), places: fc.boolean() },
        kinds: fc.array(fc.constantFrom('finished', 'crashed', 'removed', 'moved'), {
          minLength: 40,
          maxLength: 40,
        }),
      }),
      fc.record({ do: fc.constant('lose' as const), node, again: fc.boolean() }),
      fc.record({ do: fc.constant('kill' as const), node }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const ledger = new Ledger();
        let assigned = 0;
        let gone = 0;
        for (const each of steps) {
          if (each.do === 'add') {
            // A user that is held is placed where it may run, or nowhere.
            for (const [holder, share] of ledger.heldOf(each.ids)) ledgerAdd(share, holder);
            const free = [...ledger.heldOf(each.ids).values()].reduce(
              (left, share) => left.difference(share),
              each.ids,
            );
            ledgerAdd(free, each.node === 0 ? UNPLACED : each.node);
          } else if (each.do === 'remove') {
            ledger.remove(ledger.owners.staysOf(each.ids), each.force);
          } else if (each.do === 'move') {
            ledger.move(ledger.owners.ofNode(each.node).staying.intersection(each.ids), each.node);
          } else if (each.do === 'confirm') {
            const sorted: Record<string, number[]> = {};
            each.ids.forEach((id) => (sorted[each.kinds[id - 1] as string] ??= []).push(id));
            const of = (kind: string): IdSet => IdSet.of(sorted[kind] ?? []);
            const ends = {
              ...{ finished: of('finished'), crashed: of('crashed') },
              ...{ removed: of('removed'), moved: of('moved') },
            };
            const known = (some: IdSet): IdSet => some.difference(each.since);
            const movers = ledger.confirm(each.node, ends, known, each.mayMove);
            if (each.places) ledger.assign(movers, (each.node % 3) + 1);
          } else if (each.do === 'lose') {
            const lost = ledger.lose(each.node);
            if (!each.again) {
              ledger.abandon(lost);
              gone += lost.size;
            }
          } else gone += ledger.kill(each.node);
          ledger.check(true);
          const { finished, removed, crashed } = ledger.ended;
          const ended = finished + removed + crashed + gone;
          assert.equal(ledger.owners.size + ledger.unconfirmed + ended, assigned);
        }

        function ledgerAdd(wanted: IdSet, to: number): void {
          const fresh = wanted
            .toArray()
            .filter((id) => ledger.owners.byNode(IdSet.of([id])).size === 0);
          assigned += fresh.length;
          ledger.assign(IdSet.of(fresh), to);
        }
      }),
      { numRuns: 300 },
    );
  });
});
