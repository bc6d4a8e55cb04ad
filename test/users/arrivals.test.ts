import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { IdSet } from '../../src/lib/ids/id-set.ts';
import { Arrivals } from '../../src/users/arrivals.ts';
import { FakeClock } from '../support/fake-clock.ts';

function setUp(intervalMs: number): {
  clock: FakeClock;
  arrivals: Arrivals;
  started: [number, number][];
} {
  const clock = new FakeClock();
  const started: [number, number][] = [];
  const arrivals = new Arrivals(clock, intervalMs, (id) => started.push([id, clock.monotonic()]));
  return { clock, arrivals, started };
}

describe('Arrivals', () => {
  it('starts users in order, one every interval', async () => {
    const { clock, arrivals, started } = setUp(50);
    arrivals.add(IdSet.range(1, 5));
    await clock.advance(1000);
    assert.deepEqual(started, [
      [1, 0],
      [2, 50],
      [3, 100],
      [4, 150],
      [5, 200],
    ]);
  });

  it('starts all at once without an interval', async () => {
    const { clock, arrivals, started } = setUp(0);
    arrivals.add(IdSet.range(1, 1000));
    await clock.advance(1);
    assert.equal(started.length, 1000);
  });

  it('takes users out before their turn', async () => {
    const { clock, arrivals, started } = setUp(50);
    arrivals.add(IdSet.range(1, 10));
    await clock.advance(60);
    const gone = arrivals.remove(IdSet.range(5, 20));
    assert.deepEqual(gone.toArray(), [5, 6, 7, 8, 9, 10]);
    await clock.advance(2000);
    assert.deepEqual(
      started.map(([id]) => id),
      [1, 2, 3, 4],
    );
  });

  it('holds back while it is paused, and makes up for nothing in a burst', async () => {
    const { clock, arrivals, started } = setUp(50);
    arrivals.add(IdSet.range(1, 10));
    await clock.advance(60);
    arrivals.setPaused(true);
    await clock.advance(5000);
    assert.equal(started.length, 2);
    arrivals.setPaused(false);
    await clock.advance(120);
    assert.equal(started.length, 5);
  });

  it('keeps a changed pace', async () => {
    const { clock, arrivals, started } = setUp(1000);
    arrivals.add(IdSet.range(1, 100));
    await clock.advance(1500);
    assert.equal(started.length, 2);
    arrivals.setInterval(10);
    await clock.advance(500);
    assert.ok(started.length >= 50 && started.length <= 53, `${started.length}`);
  });

  it('keeps the pace over two batches', async () => {
    const { clock, arrivals, started } = setUp(50);
    arrivals.add(IdSet.range(1, 2));
    await clock.advance(70);
    arrivals.add(IdSet.range(3, 4));
    await clock.advance(500);
    assert.deepEqual(
      started.map(([, at]) => at),
      [0, 50, 100, 150],
    );
  });
});
