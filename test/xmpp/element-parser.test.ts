import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../src/lib/ids/random.ts';
import { parseElement, xml } from '../../src/xmpp/element.ts';
import { seed } from '../support/cases.ts';
import { element, eventsOf, saxes } from '../support/random-xml.ts';

const SEED = seed();

/** Milliseconds of CPU, which other work of the machine does not lengthen. */
function cpuMsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

describe('the tree of a stanza', () => {
  it(`is what a strict parser makes of the text (seed ${SEED})`, () => {
    const random = seededRandom(SEED, 1);
    for (let round = 0; round < 5000; round++) {
      const text = element(random, 0);
      assert.deepEqual(eventsOf(parseElement(text)), saxes(text), `seed ${SEED}: ${text}`);
    }
  });

  it('is of the same kind as what xml() builds', () => {
    const both = xml('both', {}, parseElement('<a><b/></a>'), xml('c'));
    assert.deepEqual(
      both.getChildElements().map(({ name }) => name),
      ['a', 'c'],
    );
    assert.equal(both.toString(), '<both><a><b/></a><c/></both>');
  });

  for (const [text, expected] of [
    ['', /no element/],
    ['hello', /text around the element/],
    ['<a/>b', /text around the element/],
    ['<a/><b/>', /more than one element/],
    ['<a>', /a has no end tag/],
    ['<a><b></a>', /the end tag of a closes nothing/],
    ['</a>', /the end tag of a closes nothing/],
    ['<a b/>', /the attribute b has no value/],
    ['<a b>x = "y"</a>', /the attribute b has no value/],
    ['<a b=c/>', /the value of b has no quotes/],
    ["<a b='c/>", /unterminated attribute value/],
    ['<a / b="c">', /\/ within a tag/],
    ['< a/>', /a tag without a name/],
    ['<a><!-- x --></a>', /a comment, which XMPP forbids/],
    ['<!-- x --><a/>', /a comment, which XMPP forbids/],
    ['<a><![CDATA[x</a>', /unterminated CDATA section/],
    ['<a><?x ?></a>', /a processing instruction, which XMPP forbids/],
    ['<a>]]></a>', /\]\]> in a text/],
    ["<a b='1' b='2'/>", /duplicate attribute b/],
    ["<a b='1'c='2'/>", /no blank before the attribute c/],
    ["<a 1b='1'/>", /invalid attribute name 1b/],
    ['<a><-b/></a>', /invalid element name -b/],
    ['<!DOCTYPE a><a/>', /a declaration/],
    ['<a>&lol;</a>', /&lol;/],
    ['<a>&#27;</a>', /0x1b/],
    [`<a ${'b'.repeat(1000)}/>`, /the attribute b{40}… has no value/],
  ] as const) {
    it(`is not made of ${text.slice(0, 30)}`, () => {
      assert.throws(() => parseElement(text), { code: 'CONNECTION', message: expected });
    });
  }

  for (const [what, text] of [
    ['a value that a tag has not', `<f a>x ="${'y'.repeat(1_000_000)}</f>`],
    ['references', `<f>${'&amp;'.repeat(200_000)}</f>`],
    ['sections without an end', `<f>${'<![CDATA['.repeat(100_000)}</f>`],
    ['names of attributes', `<f ${'a '.repeat(500_000)}/>`],
  ] as const) {
    it(`takes no more time for ${what} than for so much text`, () => {
      // Its square would be 10 s and more.
      const cpuMs = cpuMsOf(() => {
        try {
          parseElement(text);
        } catch {
          // Whether it is well-formed is not what is asked here.
        }
      });
      assert.ok(cpuMs < 1500, `${cpuMs} ms`);
    });
  }
});
