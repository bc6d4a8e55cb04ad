import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SaxesParser } from 'saxes';
import { seededRandom } from '../../../src/lib/random.ts';
import type { Random } from '../../../src/lib/random.ts';
import { parseElement } from '../../../src/xmpp/element.ts';
import { Stanza } from '../../../src/xmpp/stanza.ts';
import { Framer } from '../../../src/xmpp/wire/framer.ts';
import type { FrameLimits } from '../../../src/xmpp/wire/frame-grammar.ts';

/** How many streams are tried; a long run is asked for by the environment. */
const CASES = Number(process.env['AMOC_FUZZ_CASES'] ?? 1_000_000);
const SEED = Number(process.env['AMOC_FUZZ_SEED'] ?? Date.now() % 1_000_000);

interface Found {
  events: string[];
  stanzas: string[];
  error: string | undefined;
  framer: Framer;
}

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

function int(random: Random, below: number): number {
  return random.integer(0, below - 1);
}

const names = ['message', 'iq', 'presence', 'body', 'x', 'stream:features', 'a', 'éa', 'a-b.c'];
const texts = [
  'hi',
  '&amp;',
  '&#xe9;',
  '&#38;',
  'é',
  '漢字',
  '🦜',
  ' ',
  '>',
  '\'"',
  ']',
  'a>b',
  '-->',
  '?>',
];
const inAttributes = ['v', '>', '/>', '&lt;', "it's", 'é🦜', ' ', '--', ']]&gt;'];

function attributes(random: Random): string {
  let text = '';
  for (let count = int(random, 3); count > 0; count--) {
    const value = random.pick(inAttributes);
    const quote = value.includes("'") || random.float() < 0.5 ? '"' : "'";
    text += `${random.pick([' ', '\n\t'])}a${count}${random.pick(['=', ' = '])}${quote}${value}${quote}`;
  }
  return text;
}

function element(random: Random, depth: number): string {
  const name = random.pick(names);
  const tag = `<${name}${attributes(random)}`;
  if (random.float() < 0.25) return `${tag}${random.pick(['', ' '])}/>`;
  let inner = '';
  for (let count = int(random, 3); count > 0; count--) {
    const kind = random.float();
    if (kind < 0.4 && depth < 4) inner += element(random, depth + 1);
    else if (kind < 0.5) inner += `<![CDATA[${random.pick(['<a>', ']]', ']', '&', 'é<', ''])}]]>`;
    else if (kind < 0.57) inner += `<!--${random.pick(['<a>', '-', ' - ', 'é', ''])} -->`;
    else if (kind < 0.62) inner += `<?pi ${random.pick(['<a>', '?', 'é'])} ?>`;
    else inner += `${random.pick(texts)} `;
  }
  return `${tag}>${inner}</${name}${random.pick(['', ' '])}>`;
}

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

/** What saxes, a strict parser, makes of a document: tags, attributes and text in order. */
function saxes(document: string): string[] {
  const parser = new SaxesParser();
  const events: string[] = [];
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes: its }) =>
    events.push(`<${name} ${JSON.stringify(its)}`),
  );
  parser.on('closetag', ({ name }) => events.push(`>${name}`));
  const text = (part: string): void => {
    const last = events.length - 1;
    if (events[last]?.startsWith('t:') === true) events[last] += part;
    else if (part !== '') events.push(`t:${part}`);
  };
  parser.on('text', text);
  parser.on('cdata', text);
  parser.write(document).close();
  return events;
}

describe('the framer', () => {
  it(`finds the same stanzas however the bytes are cut (${CASES} cuts, seed ${SEED})`, () => {
    const random = seededRandom(SEED, 1);
    // One stream is cut in many ways; each cut is a case.
    const cutsOfEach = 50;
    for (let done = 0; done < CASES;) {
      const stanzas = Array.from({ length: 1 + int(random, 3) }, () => element(random, 0));
      const between = random.pick(['', ' ', '\n', '<!-- x -->', '<?a b?>']);
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
    const limits = { stanzaBytes: 500, depth: 8 };
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
    ['a DTD', '<!DOCTYPE a [<!ENTITY x "y">]><a/>', /document type definition/],
    ['an XML bomb', `${header}<!DOCTYPE lolz><m>&lol9;</m>`, /document type definition/],
    ['an entity beyond the five', `${header}<m>&nbsp;</m>`, /the entity &nbsp;/],
    ['an entity in an attribute', `${header}<m a='&x;'/>`, /the entity &x;/],
    ['a character that XML forbids', `${header}<m>&#0;</m>`, /the entity &#0;/],
    ['an & on its own', `${header}<m>a & b</m>`, /begins no entity/],
    ['deep nesting', header + '<a>'.repeat(200), /more than 128 elements/],
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

  it('refuses bytes that are no UTF-8', () => {
    const bytes = Buffer.concat([
      Buffer.from(`${header}<a>`),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('</a>'),
    ]);
    assert.match(frame([bytes]).error ?? '', /no UTF-8/);
  });

  it('begins anew with a new stream, and drops what came after the one before', () => {
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
