import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { IdSet } from '../../src/lib/ids/id-set.ts';
import {
  block,
  excess,
  leastLoaded,
  roundRobin,
  strategies,
  visitingOrder,
  weighted,
} from '../../src/placement/placement.ts';

const nodesOf = (...users: number[]): { name: string; users: number }[] =>
  users.map((count, at) => ({ name: `slave${at + 1}`, users: count }));

describe('every strategy', () => {
  for (const [name, strategy] of Object.entries(strategies)) {
    it(`${name} gives every id to exactly one node`, () => {
      const ids = fc.uniqueArray(fc.integer({ min: 1, max: 300 }), {
        minLength: 1,
        maxLength: 100,
      });
      const loads = fc.array(fc.nat(50), { minLength: 1, maxLength: 7 });
      fc.assert(
        fc.property(ids, loads, (list, users) => {
          const placement = strategy(IdSet.of(list), nodesOf(...users));
          const placed = [...placement.values()].flatMap((share) => share.toArray());
          assert.deepEqual(
            placed.sort((a, b) => a - b),
            [...list].sort((a, b) => a - b),
          );
        }),
      );
    });
  }
});

describe('roundRobin', () => {
  it('puts user 1 on the first node and user 11 there again, with ten nodes', () => {
    const placement = roundRobin(IdSet.range(1, 100), nodesOf(...new Array<number>(10).fill(0)));
    assert.deepEqual(placement.get('slave1')?.toArray(), [1, 11, 21, 31, 41, 51, 61, 71, 81, 91]);
    assert.deepEqual(placement.get('slave10')?.toArray().slice(0, 2), [10, 20]);
  });
  it('goes on where the ids go on, whatever was added before', () => {
    const placement = roundRobin(IdSet.range(12, 13), nodesOf(6, 5));
    assert.deepEqual(placement.get('slave2')?.toArray(), [12]);
    assert.deepEqual(placement.get('slave1')?.toArray(), [13]);
  });
  it('places a million users in one range a node', () => {
    const placement = roundRobin(
      IdSet.range(1, 1_000_000),
      nodesOf(...new Array<number>(50).fill(0)),
    );
    for (const share of placement.values()) assert.equal(share.ranges.length, 1);
  });
});

describe('leastLoaded', () => {
  it('evens out', () => {
    const placement = leastLoaded(IdSet.range(1, 10), nodesOf(10, 0, 4));
    const after = nodesOf(10, 0, 4).map(
      ({ name, users }) => users + (placement.get(name)?.size ?? 0),
    );
    assert.deepEqual(after, [10, 7, 7]);
  });
  it('never leaves two nodes more than one apart that both got users', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(40), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 200 }),
        (users, count) => {
          const nodes = nodesOf(...users);
          const placement = leastLoaded(IdSet.range(1, count), nodes);
          const filled = nodes
            .filter(({ name }) => placement.has(name))
            .map(({ name, users: before }) => before + (placement.get(name)?.size ?? 0));
          assert.ok(Math.max(...filled) - Math.min(...filled) <= 1);
        },
      ),
    );
  });
});

describe('weighted', () => {
  it('shares in proportion to the weights, and every id once', () => {
    const nodes = [
      { name: 'a', users: 0, weight: 3 },
      { name: 'b', users: 0 },
      { name: 'c', users: 0, weight: 0.5 },
    ];
    const share = weighted(IdSet.range(1, 90), nodes);
    assert.deepEqual(
      nodes.map(({ name }) => share.get(name)?.size),
      [60, 20, 10],
    );
  });
});

describe('excess', () => {
  it('moves as few users as make all nodes even', () => {
    assert.deepEqual(excess([10, 0]), [5, 0]);
    assert.deepEqual(excess([4, 3]), [0, 0]);
    assert.deepEqual(excess([20, 20, 20, 0]), [5, 5, 5, 0]);
    assert.deepEqual(excess([]), []);
    assert.deepEqual(excess([4, 4, 0], 4), [0, 0, 0], 'those on their way are enough');
    assert.deepEqual(excess([9, 5, 0], 1), [4, 0, 0]);
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 20 }), (levels) => {
        const moves = excess(levels);
        const left = levels.map((level, at) => level - (moves[at] ?? 0));
        const low = Math.floor(levels.reduce((a, b) => a + b, 0) / levels.length);
        assert.ok(left.every((level) => level <= low + 1));
        assert.ok(moves.every((move) => move >= 0));
      }),
    );
  });
});

describe('block', () => {
  it('gives neighbours to one node', () => {
    const placement = block(IdSet.range(1, 10), nodesOf(0, 0, 0));
    assert.deepEqual(
      [...placement.values()].map((share) => share.toString()),
      ['1..4', '5..7', '8..10'],
    );
  });
});

describe('visitingOrder', () => {
  it('visits the machines first, then their second processes', () => {
    const names = ['slave10/1', 'slave2/2', 'slave1/1', 'slave2/1', 'slave1/2'];
    assert.deepEqual(names.sort(visitingOrder), [
      'slave1/1',
      'slave2/1',
      'slave10/1',
      'slave1/2',
      'slave2/2',
    ]);
  });
});
