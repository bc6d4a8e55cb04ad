import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorSummary } from '../../src/users/error-summary.ts';

describe('ErrorSummary', () => {
  it('tells a kind of error once, and its repetitions as a number', () => {
    const summary = new ErrorSummary();
    assert.equal(summary.add(new Error('user_1 was refused'))?.message, 'user_1 was refused');
    for (let id = 2; id <= 10_000; id++) {
      assert.equal(summary.add(new Error(`user_${id} was refused`)), undefined);
    }
    assert.deepEqual(
      summary.takeRepeated().map(({ count }) => count),
      [9999],
    );
    assert.deepEqual(summary.takeRepeated(), []);
    assert.equal(summary.all()[0]?.count, 10_000);
  });

  it('tells kinds apart by name', () => {
    const summary = new ErrorSummary();
    summary.add(new TypeError('x'));
    summary.add(new RangeError('x'));
    summary.add('a text');
    assert.deepEqual(
      summary
        .all()
        .map(({ error }) => error)
        .sort(),
      ['RangeError', 'TypeError', 'string'],
    );
  });

  it('is bounded', () => {
    const summary = new ErrorSummary();
    for (let kind = 0; kind < 1000; kind++) summary.add(new Error('x'.repeat(kind)));
    assert.ok(summary.all().length <= 201);
    assert.equal(
      summary.all().reduce((sum, { count }) => sum + count, 0),
      1000,
    );
  });
});
