import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { show } from '../../../src/lib/text/quote.ts';

describe('show', () => {
  it('quotes any value within its bound', () => {
    fc.assert(fc.property(fc.anything(), (value) => assert.ok(show(value).length <= 201)));
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    assert.equal(show(circular), '{"self":"[circular]"}');
  });
});
