import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isNestedBeyond } from '../../../src/lib/text/json-nesting.ts';

/** How many arrays and objects of a value are inside each other. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('the nesting of a JSON text', () => {
  it('is that of its value, whatever its strings are', () => {
    const strings = fc.oneof(fc.string(), fc.stringMatching(/^[[\]{}"\\]*$/));
    const values = fc.letrec((tie) => ({
      any: fc.oneof({ maxDepth: 6 }, strings, fc.integer(), tie('list'), tie('record')),
      list: fc.array(tie('any'), { maxLength: 4 }),
      record: fc.dictionary(strings, tie('any'), { maxKeys: 4 }),
    })).any;
    fc.assert(
      fc.property(values, fc.nat(8), (value, most) => {
        assert.equal(isNestedBeyond(JSON.stringify(value), most), depthOf(value) > most);
      }),
    );
  });

  it('is found of what is no JSON too', () => {
    assert.equal(isNestedBeyond('"[[[', 2), false);
    assert.equal(isNestedBeyond('[[[', 2), true);
    assert.equal(isNestedBeyond(']]][[', 2), false);
    assert.equal(isNestedBeyond('', 0), false);
  });

  it('is found of millions of levels at once, without parsing them', () => {
    const text = `${'['.repeat(3_000_000)}${']'.repeat(3_000_000)}`;
    const began = process.cpuUsage();
    assert.equal(isNestedBeyond(text, 100), true);
    assert.ok(process.cpuUsage(began).user < 100_000);
  });
});
