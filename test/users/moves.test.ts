import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TimerWheel } from '../../src/lib/time/timer-wheel.ts';
import { Moves } from '../../src/users/moves.ts';
import { FakeClock } from '../support/fake-clock.ts';

describe('moves', () => {
  it('tell whose time is over, by command, and nobody whose move has ended', async () => {
    const clock = new FakeClock();
    const overdue: (readonly number[])[] = [];
    const moves = new Moves(new TimerWheel(clock), (ids) => {
      overdue.push(ids);
      for (const id of ids) moves.end(id);
    });
    moves.begin([1, 2, 3], 1000);
    moves.end(1);
    await clock.advance(500);
    // One that was to stay, and is to move after all, has its time from then on.
    moves.end(2);
    moves.begin([2], 1000);
    moves.begin([], 1000);
    assert.deepEqual(moves.ids, [3, 2]);
    await clock.advance(600);
    assert.deepEqual(overdue, [[3]]);
    await clock.advance(500);
    assert.deepEqual(overdue, [[3], [2]]);
    assert.deepEqual(moves.ids, []);
  });
});
