import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loginsIn, sayLogins } from '../../src/record/logins.ts';

describe('logins by kind', () => {
  it('are said with their shares, the most frequent first', () => {
    const seen = loginsIn([
      ['connection', { count: 2000 }],
      ['connection_by{kind="new"}', { count: 500 }],
      ['connection_by{kind="resumed"}', { count: 1000 }],
      ['connection_by{kind="by token"}', { count: 500 }],
      ['connection_by{kind="not resumed"}', { count: 0 }],
    ]);
    assert.equal(
      sayLogins(seen),
      '2,000: 1,000 resumed (50 %), 500 new (25 %), 500 by token (25 %)',
    );
  });

  it('never say none of some, nor all of not all', () => {
    const seen = [
      ['resumed', 9999],
      ['not resumed', 1],
    ] as const;
    assert.equal(sayLogins(seen), '10,000: 9,999 resumed (> 99 %), 1 not resumed (< 1 %)');
    assert.equal(sayLogins([['new', 1]]), '1: 1 new (100 %)');
  });
});
