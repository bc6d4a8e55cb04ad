import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pointAt } from '../../../src/lib/text/point-at.ts';

describe('pointAt', () => {
  for (const [what, text, at, shown] of [
    ['a character', 'foo bar', 4, '   foo bar\n       ^'],
    ['the line that has it', 'one\ntwo three\nfour', 8, '   two three\n       ^'],
    ['the end', 'foo', 3, '   foo\n      ^'],
    ['the beginning of a line', 'one\ntwo', 4, '   two\n   ^'],
    ['what stands behind wide characters', "'日本' foo", 5, "   '日本' foo\n          ^"],
    ['what stands behind a tab', '\tfoo bar', 5, '     foo bar\n         ^'],
  ] as const) {
    it(`marks ${what}`, () => assert.equal(pointAt(text, at), shown));
  }

  it('shows the part of a long line that it marks', () => {
    const text = `${'a'.repeat(1e5)}!${'b'.repeat(1e5)}`;
    const [line = '', mark = ''] = pointAt(text, 1e5).split('\n');
    assert.ok(line.length < 120);
    assert.equal(line[mark.indexOf('^')], '!');
  });
});
