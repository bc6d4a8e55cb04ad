import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  cut,
  documentText,
  escapeJson,
  indented,
  jsonText,
  labelText,
  legible,
  oneLine,
  severalLines,
  withColours,
} from '../../../src/lib/text/foreign-text.ts';
import { assertLegible, hostileText, hostileTexts } from '../../support/hostile-text.ts';

describe('foreign text', () => {
  it('on one line of a terminal has nothing that steers it, hides, or ends the line', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const line = oneLine(text);
        assertLegible(line);
        assert.doesNotMatch(line, /[\n\t]/);
        assert.ok(line.length <= 1000);
        assert.equal(oneLine(line), line);
      }),
    );
  });

  it('on several lines keeps their ends and tabs, and nothing else that steers', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const lines = severalLines(text);
        assertLegible(lines);
        assert.equal(severalLines(lines), lines);
        assert.equal(lines.split('\n').length, text.split('\n').length);
        assert.ok(
          indented(text)
            .split('\n')
            .slice(1)
            .every((line) => line.startsWith('    ')),
        );
      }),
    );
  });

  it('shows where something was', () => {
    for (const [text, shown] of [
      ['B\u001b]0;TITLE\u0007C\u009b31m', 'B·]0;TITLE·C·31m'],
      ['a\u202eb\u2066c\u200ed\u061ce', 'a·b·c·d·e'],
      ['a\u200bb\ufeffc\u2060d\u00ade', 'a·b·c·d·e'],
      ['a\u2028b\u2029c\nd\re', 'a·b·c·d·e'],
      ['a\ud800b\udc00c', 'a·b·c'],
      ['a\ue000b\uffffc\u{e0041}d', 'a·b·c·d'],
      ['a\tb', 'a b'],
    ] as const) {
      assert.equal(oneLine(text), shown);
    }
    assert.equal(severalLines('a\r\nb\rc\td'), 'a\nb·c\td');
  });

  it('stays what it is in every script that people write', () => {
    for (const text of [
      'żółw',
      '日本語',
      'שלום',
      'สวัสดี',
      '한국어',
      '👍🏽 🇵🇱',
      'naïve — “quoted”',
      '½ µs',
    ]) {
      assert.equal(oneLine(text), text);
      assert.equal(severalLines(text), text);
      assert.equal(documentText(text), text);
      assert.equal(labelText(text), text);
    }
    assert.equal(oneLine('⚠\ufe0f slow'), '⚠ slow');
  });

  it('has a bound, at which no character is torn', () => {
    assert.equal(oneLine('abcdef', 4), 'abc…');
    assert.equal(oneLine('abcd', 4), 'abcd');
    assert.equal(oneLine('ab👍d', 4), 'ab…');
    assert.equal(severalLines('x'.repeat(1_000_000)).length, 16 * 1024);
    assert.equal(cut('a👍', 2), 'a');
    assert.equal(cut('👍', 1), '');
    assert.equal(cut('abc', 0), '');
  });

  it('keeps colours that were added, and only these', () => {
    const painted = '\u001b[31m** error\u001b[39m \u001b[1;38;5;200mx\u001b[0m\n';
    assert.equal(withColours(painted), painted);
    assert.equal(withColours('\u001b[2J\u001b[31m\u001b]0;T\u0007'), '·[2J\u001b[31m·]0;T·');
    const long = 'line\n'.repeat(100_000);
    assert.equal(withColours(long), long);
  });

  it('is cleaned in every corner of a value, however deep', () => {
    const value = {
      a: ['\u001b[2J', { '\u009bkey': '\u202e' }],
      n: 1,
      u: undefined,
      b: true,
      z: null,
    };
    assert.deepEqual(legible(value), {
      a: ['·[2J', { '·key': '·' }],
      n: 1,
      u: undefined,
      b: true,
      z: null,
    });
    const own = JSON.parse('{"__proto__":{"x":"\\u0007"}}') as object;
    assert.equal(JSON.stringify(legible(own)), '{"__proto__":{"x":"·"}}');
    let deep: unknown = 'x';
    for (let level = 0; level < 100_000; level++) deep = [deep];
    assert.match(JSON.stringify(legible(deep)), /^\[+"…"\]+$/);
  });

  it('is the same value in JSON that can be shown', () => {
    fc.assert(
      fc.property(fc.dictionary(hostileText, fc.array(hostileText)), (value) => {
        for (const json of [
          jsonText(value),
          jsonText(value, 2),
          escapeJson(JSON.stringify(value)),
        ]) {
          assertLegible(json);
          assert.deepEqual(JSON.parse(json), JSON.parse(JSON.stringify(value)));
        }
      }),
    );
    assert.equal(jsonText({ a: '\u009b\u{e0041}' }), '{"a":"\\u009b\\udb40\\udc41"}');
    assert.equal(jsonText(undefined), 'null');
  });

  it('in a document or a label has nothing that steers', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        assert.doesNotMatch(
          documentText(text),
          /[^\P{Cc}\n\t]|[\p{Cs}\p{Bidi_Control}\u2028\ufffe\uffff]/u,
        );
        assert.doesNotMatch(
          labelText(text),
          /[\p{Cc}\p{Cs}\p{Cf}\p{Bidi_Control}\u2028\ufffe\uffff]/u,
        );
        assert.equal(
          labelText(text).replace(/_/g, ''),
          labelText(labelText(text)).replace(/_/g, ''),
        );
      }),
    );
    for (const text of hostileTexts)
      assert.equal(documentText(documentText(text)), documentText(text));
  });

  it('leaves none of the format characters of this Unicode in a label', () => {
    const left: string[] = [];
    for (let code = 0; code <= 0x10ffff; code++) {
      const character = String.fromCodePoint(code);
      if (/\p{Cf}/u.test(character) && labelText(character) === character) {
        left.push(code.toString(16));
      }
    }
    assert.deepEqual(left, []);
  });
});
