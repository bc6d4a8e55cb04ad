import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AmocError, errorName, messageOf } from '../../src/lib/errors.ts';

describe('messageOf', () => {
  it('has a text for everything that can be thrown', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => assert.equal(typeof messageOf(thrown), 'string')),
    );
    assert.equal(messageOf(new Error('')), 'Error');
    assert.match(messageOf({ a: 1 }), /non-Error was thrown: \{"a":1\}/);
    assert.match(messageOf(undefined), /non-Error was thrown: undefined/);
  });
});

describe('errorName', () => {
  it('prefers the code of the system', () => {
    assert.equal(errorName(Object.assign(new Error('x'), { code: 'ECONNRESET' })), 'ECONNRESET');
    assert.equal(errorName(new TypeError('x')), 'TypeError');
    assert.equal(errorName(new AmocError('TIMEOUT', 'x')), 'TIMEOUT');
    assert.equal(errorName('text'), 'string');
    assert.equal(errorName(null), 'null');
  });
});
