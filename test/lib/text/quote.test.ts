import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { quote } from '../../../src/lib/text/quote.ts';

describe('show', () => {
  it('quotes any value within its bound', () => {
    fc.assert(fc.property(fc.anything(), (value) => assert.ok(quote(value).length <= 201)));
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    assert.equal(quote(circular), '{"self":"[circular]"}');
  });
});
