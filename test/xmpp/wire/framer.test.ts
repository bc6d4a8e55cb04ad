import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../../src/lib/ids/random.ts';
import type { Random } from '../../../src/lib/ids/random.ts';
import { parseElement } from '../../../src/xmpp/element.ts';
import { Stanza } from '../../../src/xmpp/stanza.ts';
import { Framer } from '../../../src/xmpp/wire/framer.ts';
import type { FrameLimits } from '../../../src/xmpp/wire/frame-grammar.ts';
import { cases, seed } from '../../support/cases.ts';
import { element, saxes } from '../../support/random-xml.ts';

/** How many streams are tried; a long run is asked for by the environment. */
const CASES = cases('AMOC_FUZZ_CASES', 1_000_000);
const SEED = seed();

interface Found {
  events: string[];
  stanzas: string[];
  error: string | undefined;
  framer: Framer;
}

const int = (random: Random, below: number): number => random.integer(0, below - 1);

function frame(chunks: readonly Buffer[], limits?: FrameLimits): Found {
  const found: Found = { events: [], stanzas: [], error: undefined, framer: undefined as never };
  const framer = new Framer(
    {
      opened: (tag) => found.events.push(`open ${tag}`),
      stanza: (text) => {
        found.events.push(`stanza ${text}`);
        found.stanzas.push(text);
      },
      ended: () => found.events.push('end'),
      malformed: (error) => (found.error = error.message),
    },
    limits,
  );
  found.framer = framer;
  // As a socket does it: one buffer that is used again, so that nothing may be kept of it.
  const shared = Buffer.alloc(70_000);
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += shared.length) {
      const part = chunk.subarray(at, at + shared.length);
      part.copy(shared);
      framer.push(shared, part.length);
      shared.fill(0xff, 0, part.length);
    }
  }
  return found;
}

const header = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;

/** Splits bytes anywhere, also within a character. */
function split(random: Random, bytes: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  const longest = random.pick([1, 4, 20, 60, bytes.length]);
  for (let at = 0; at < bytes.length;) {
    const length = 1 + int(random, longest);
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

describe('the framer', () => {
  it(`finds the same stanzas however the bytes are cut (${CASES} cuts, seed ${SEED})`, () => {
    const random = seededRandom(SEED, 1);
    // One stream is cut in many ways; each cut is a case.
    const cutsOfEach = 50;
    for (let done = 0; done < CASES;) {
      const stanzas = Array.from({ length: 1 + int(random, 3) }, () => element(random, 0));
      const between = random.pick(['', ' ', '\n', '\r\n\t']);
      const document = `<?xml version='1.0'?>${header}${stanzas.join(between)}</stream:stream>`;
      const expected = [`open ${header}`, ...stanzas.map((text) => `stanza ${text}`), 'end'];
      // Whether what we take for a stream is one, by somebody else's judgement.
      if (done % 1000 === 0) {
        const whole = saxes(document);
        const parts = [
          saxes(`${header}</stream:stream>`).slice(0, 1),
          ...stanzas.map(saxes),
        ].flat();
        assert.deepEqual(
          whole.filter((each) => each.trim() !== 't:').slice(0, -1),
          parts.filter((each) => each.trim() !== 't:'),
          document,
        );
      }
      const bytes = Buffer.from(document);
      for (let cut = 0; cut < cutsOfEach && done < CASES; cut++, done++) {
        const found = frame(cut === 0 ? [bytes] : split(random, bytes));
        if (
          found.error === undefined &&
          found.events.length === expected.length &&
          found.events.every((each, at) => each === expected[at])
        )
          continue;
        assert.deepEqual(
          [found.error, found.events],
          [undefined, expected],
          `seed ${SEED}: ${document}`,
        );
      }
    }
  });

  it(`gives texts that the element's parser reads as saxes does (seed ${SEED})`, () => {
    const random = seededRandom(SEED, 2);
    for (let round = 0; round < 2000; round++) {
      const text = element(random, 0);
      const [stanza] = frame([Buffer.from(`${header}${text}`)]).stanzas;
      assert.equal(stanza, text, `seed ${SEED}`);
      const tags = (events: readonly string[]): number =>
        events.filter((each) => each[0] === '<').length;
      const count = (each: ReturnType<typeof parseElement>): number =>
        1 + each.getChildElements().reduce((sum, child) => sum + count(child), 0);
      assert.equal(count(parseElement(text)), tags(saxes(text)), `seed ${SEED}: ${text}`);
    }
  });

  it(`never crashes, never keeps more than its bound, whatever comes (seed ${SEED})`, () => {
    const random = seededRandom(SEED, 3);
    const limits = { stanzaBytes: 500, depth: 8, elements: 12, attributes: 2 };
    for (let round = 0; round < 20_000; round++) {
      const bytes = Buffer.from(`${header}${element(random, 0)}${element(random, 0)}`);
      for (let flips = int(random, 4); flips > 0; flips--) {
        bytes[int(random, bytes.length)] =
          random.float() < 0.5
            ? int(random, 256)
            : random.pick('<>/&"\'!?-[]'.split('')).charCodeAt(0);
      }
      const { stanzas } = frame(split(random, bytes), limits);
      for (const each of stanzas) assert.ok(Buffer.byteLength(each) <= limits.stanzaBytes);
    }
  });

  for (const [what, text, expected] of [
    ['a character that XML forbids, by its number', `${header}<m>&#27;</m>`, /the entity &#27;/],
    ['U+FFFE', `${header}<m>ab\ufffe</m>`, /U\+FFFE, which XML forbids, 5 characters after .* <m$/],
    ['U+FFFF', `${header}<m é='\uffff'/>`, /U\+FFFF, which XML forbids, 6 characters after .* <m$/],
    [
      'a stanza of too many elements',
      `${header}<m>${'<f/>'.repeat(200_000)}</m>`,
      /a stanza of more than 32768 elements/,
    ],
    [
      'an element with too many attributes',
      `${header}<m ${Array.from({ length: 60_000 }, (_, at) => `a${at}='1'`).join(' ')}/>`,
      /an element with more than 256 attributes/,
    ],
    ['a DTD', '<!DOCTYPE a [<!ENTITY x "y">]><a/>', /document type definition/],
    ['a comment between stanzas', `${header}<!-- x --><m/>`, /a comment, which XMPP forbids/],
    ['a comment in a stanza', `${header}<m><!-- x --></m>`, /a comment, which XMPP forbids/],
    ['a comment before the stream', `<!-- x -->${header}`, /a comment, which XMPP forbids/],
    ['an instruction between stanzas', `${header}<?xml version='1.0'?><m/>`, /a processing instr/],
    ['an instruction in a stanza', `${header}<m><?a b?></m>`, /a processing instruction, which/],
    ['an instruction before the stream', `<?xsl a?>${header}`, /a processing instruction, which/],
    ['an XML bomb', `${header}<!DOCTYPE lolz><m>&lol9;</m>`, /document type definition/],
    ['an entity beyond the five', `${header}<m>&nbsp;</m>`, /the entity &nbsp;/],
    ['an entity in an attribute', `${header}<m a='&x;'/>`, /the entity &x;/],
    ['a character that XML forbids', `${header}<m>&#0;</m>`, /the entity &#0;/],
    ['an & on its own', `${header}<m>a & b</m>`, /begins no entity/],
    ['deep nesting', header + '<a>'.repeat(200), /more than 128 nested elements/],
    ['text between stanzas', `${header}hello`, /text between stanzas/],
    ['no XML at all', 'HTTP/1.1 400 Bad Request\r\n', /text between stanzas/],
    ['an end tag too many', `${header}<a></b>`, /closes nothing/],
    ['the end of another stream', `${header}</other>`, /closes nothing/],
    ['< in an attribute', `${header}<a b='<'/>`, /value of an attribute/],
    ['a tag in a tag', `${header}<a <b/>`, /tag in a tag/],
    ['a tag without a name', `${header}< a/>`, /without a name/],
    ['a stanza without an end', `${header}<a>${'x'.repeat(1_100_000)}`, /more than 1048576 bytes/],
    [
      'a start tag without an end',
      `${header}<a b="${'x'.repeat(1_100_000)}`,
      /more than 1048576 bytes/,
    ],
    [
      'a long stanza in one piece',
      `${header}<a>${'x'.repeat(1_100_000)}</a>`,
      /more than 1048576 bytes/,
    ],
  ] as const) {
    it(`refuses ${what}`, () => {
      const { error, stanzas } = frame([Buffer.from(text)]);
      assert.match(error ?? '', expected);
      assert.deepEqual(stanzas, []);
    });
  }

  it('takes the declaration before a stream, and before a stanza that stands by itself', () => {
    for (const blank of [' ', '\n', '\t']) {
      const declaration = `<?xml${blank}version="1.0" encoding='UTF-8' ?>`;
      assert.deepEqual(frame([Buffer.from(`${declaration}\n${header}<m/>`)]).stanzas, ['<m/>']);
      const stanzas: string[] = [];
      const framed = new Framer(
        {
          opened: () => {},
          stanza: (text) => stanzas.push(text),
          ended: () => {},
          malformed: (error) => assert.fail(error),
        },
        undefined,
        true,
      );
      for (let count = 0; count < 2; count++) framed.push(Buffer.from(`${declaration}<m/>`));
      assert.deepEqual(stanzas, ['<m/>', '<m/>']);
    }
  });

  for (const [what, ...wrong] of [
    ['bytes that are no UTF-8', 0xc3, 0x28],
    ['half of a surrogate pair', 0xed, 0xa0, 0x80],
  ] as const) {
    it(`refuses ${what}`, () => {
      const parts = [Buffer.from(`${header}<a>`), Buffer.from(wrong), Buffer.from('</a>')];
      assert.match(frame([Buffer.concat(parts)]).error ?? '', /not UTF-8/);
    });
  }

  it(`refuses characters that XML forbids, wherever they stand and the bytes are cut (seed ${SEED})`, () => {
    const random = seededRandom(SEED, 4);
    const places = [
      ['<m>abc', '</m>'],
      ['<m>', 'abc</m>'],
      ['<m>é&amp;', '</m>'],
      ["<m a='x", "'/>"],
      ['<m a="', '"/>'],
      ['<m', " a='x'/>"],
      ["<m a='x'", '/>'],
      ['<m', '/>'],
      ['<m></m', '>'],
      ['<m><![CDATA[', ']]></m>'],
      ['<m><b/>', '<b/></m>'],
    ] as const;
    for (let code = 0; code < 0x20; code++) {
      const isAllowed = code === 9 || code === 10 || code === 13;
      for (const [before, behind] of places) {
        const text = `${header}${before}${String.fromCharCode(code)}${behind}`;
        for (const chunks of [[Buffer.from(text)], split(random, Buffer.from(text))]) {
          const { error, stanzas } = frame(chunks);
          const hex = code.toString(16).toUpperCase().padStart(4, '0');
          const expected = isAllowed
            ? undefined
            : `the server did not send a valid XMPP stream: the character U+${hex}, which XML forbids, ${before.length} characters after the beginning of <m`;
          assert.equal(error, expected, JSON.stringify(text));
          assert.equal(stanzas.length, isAllowed ? 1 : 0);
        }
      }
    }
  });

  it(`takes as many elements and attributes as it may, however the bytes are cut (seed ${SEED})`, () => {
    const random = seededRandom(SEED, 5);
    const limits = { stanzaBytes: 10_000, depth: 8, elements: 20, attributes: 10 };
    const attributesOf = (count: number): string =>
      Array.from({ length: count }, (_, at) => ` a${at}=${at % 2 === 0 ? "''" : '""'}`).join('');
    const fits = `<m>${`<a${attributesOf(10)}><b/></a>`.repeat(9)}<c/></m>`;
    for (const [text, expected] of [
      [fits.repeat(3), undefined],
      [`${fits}<m>${'<a/>'.repeat(20)}</m>`, /more than 20 elements/],
      [`${fits}<m><a${attributesOf(11)}/></m>`, /more than 10 attributes/],
    ] as const) {
      for (let cut = 0; cut < 50; cut++) {
        const { error, stanzas } = frame(split(random, Buffer.from(header + text)), limits);
        if (expected === undefined) assert.deepEqual([error, stanzas.length], [undefined, 3]);
        else assert.match(error ?? '', expected);
      }
    }
  });

  it('begins again with a new stream, and drops what came after the one before', () => {
    const { framer, events } = frame([Buffer.from(`${header}<success/>`)]);
    const target = framer.target;
    framer.target = {
      ...target,
      stanza: (text) => {
        target.stanza(text);
        framer.reset();
      },
    };
    framer.push(Buffer.from('<proceed/><injected/>'));
    framer.push(Buffer.from(`<?xml version='1.0'?>${header}<a/>`));
    assert.deepEqual(events.slice(1), [
      'stanza <success/>',
      'stanza <proceed/>',
      `open ${header}`,
      'stanza <a/>',
    ]);
  });
});

describe('the head of a stanza', () => {
  for (const [text, expected] of [
    [
      `<message to='a' from="b/c" type = 'chat' id='1'>x</message>`,
      ['message', 'chat', '1', 'b/c', 'a'],
    ],
    ['<iq/>', ['iq', undefined, undefined, undefined, undefined]],
    [
      `<presence\n\tfrom='é&amp;&#x41;' xml:lang="to='x'"/>`,
      ['presence', undefined, undefined, 'é&A', undefined],
    ],
    [`<a xmlns:id='x' data-to='y' ido='z'/>`, ['a', undefined, undefined, undefined, undefined]],
    [`<iq id=''/>`, ['iq', undefined, '', undefined, undefined]],
  ] as const) {
    it(`is read from ${text}`, () => {
      const { name, type, id, from, to } = new Stanza(text);
      assert.deepEqual([name, type, id, from, to], expected);
      const { attrs } = new Stanza(text).element;
      assert.deepEqual(
        [type, id, from, to],
        [attrs['type'], attrs['id'], attrs['from'], attrs['to']],
      );
    });
  }
});
