import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { documentText } from '../../src/lib/text/foreign-text.ts';
import { renderJUnit } from '../../src/record/junit.ts';
import { failuresOf } from '../../src/record/outcome.ts';
import { hostileRun } from '../support/hostile-run.ts';
import { hostileText } from '../support/hostile-text.ts';

interface Element {
  name: string;
  attributes: Record<string, string>;
  text: string;
}

/** Reads XML as strictly as it is written down. */
function parse(xml: string): Element[] {
  const elements: Element[] = [];
  const parser = new SaxesParser({ fileName: 'junit.xml' });
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const values = Object.entries(attributes).map(([key, value]) => [key, String(value)] as const);
    elements.push({ name, attributes: Object.fromEntries(values), text: '' });
  });
  parser.on('text', (text) => {
    const last = elements.at(-1);
    if (last !== undefined) last.text += text;
  });
  parser.write(xml).close();
  return elements;
}

describe('JUnit XML', () => {
  it('is well-formed, and says what was said, whatever texts a run has', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const { result } = hostileRun(text);
        const xml = renderJUnit(result, text);
        // A file has bytes: half of a pair would be another character there.
        assert.equal(Buffer.from(xml).toString(), xml);
        const elements = parse(xml);
        const suite = elements.find(({ name }) => name === 'testsuite');
        assert.equal(suite?.attributes['id'], documentText(text));
        const cases = elements.filter(({ name }) => name === 'testcase');
        assert.equal(cases.length, 4);
        assert.equal(cases[2]?.attributes['name'], documentText(text));
        const [failure] = elements.filter(({ name }) => name === 'failure');
        const said = failuresOf(result, text).join('; ');
        assert.ok(said.startsWith(`the run failed: ${text}`));
        assert.equal(failure?.attributes['message'], documentText(said));
        assert.ok(failure.text.startsWith(failure.attributes['message'] ?? '?'));
      }),
    );
  });

  it('has each character of XML 1.0 that is not a control, and no other', () => {
    for (const [from, to] of [
      [0x20, 0x7e],
      [0xa0, 0x2000],
      [0x3000, 0xd7ff],
      [0xe000, 0xfdcf],
      [0xfdf0, 0xfffd],
      [0x10000, 0x1fffd],
    ] as const) {
      const text = Array.from({ length: to - from + 1 }, (_, at) => at + from)
        .filter((code) => code !== 0x61c)
        .map((code) => String.fromCodePoint(code))
        .join('');
      const { result } = hostileRun('x');
      const [verdict] = result.verdicts;
      assert.ok(verdict !== undefined);
      const xml = renderJUnit({ ...result, verdicts: [{ ...verdict, threshold: text }] });
      assert.equal(
        parse(xml).find(({ attributes }) => attributes['name'] === text)?.name,
        'testcase',
      );
    }
    const odd = Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code)).join('');
    const xml = renderJUnit(hostileRun(`${odd}\ud800\ufffe\uffff`).result);
    assert.doesNotMatch(xml, /[^\P{Cc}\n]|[\ud800\ufffe\uffff]/u);
    parse(xml);
  });
});
