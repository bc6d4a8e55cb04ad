import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../../src/lib/ids/random.ts';
import type { Random } from '../../../src/lib/ids/random.ts';
import { parseElement } from '../../../src/xmpp/element.ts';
import { Stanza } from '../../../src/xmpp/stanza.ts';
import { Framer } from '../../../src/xmpp/wire/framer.ts';
import { cases, seed } from '../../support/cases.ts';
import { element, eventsOf, saxes } from '../../support/random-xml.ts';

/** How many streams are tried; a long run is asked for by the environment. */
const STREAMS = cases('AMOC_FUZZ_STREAMS', 100_000);
const SEED = seed();

const header = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;

const tokens = [
  ...['<', '>', '/', '&', '"', "'", '=', ' ', '!', '?', '[', ']', '-', ':', ';', '\r', '\n', '\t'],
  ...[
    '<a>',
    '</a>',
    '<a/>',
    '</',
    '/>',
    ']]>',
    '<![CDATA[',
    '<!--',
    '-->',
    '<?',
    '?>',
    '<!DOCTYPE a>',
  ],
  ...[
    '&amp;',
    '&#38;',
    '&#x0;',
    '&#xd;',
    '&a;',
    " a='1'",
    ' a="1" a="1"',
    "xmlns='x'",
    'é',
    '🦜',
    '\ufffe',
  ],
  ...['\u0000', '\u0001', '\u0085', '\u2028', '\ufeff', '\u00d7', '\u0300', '1'],
];

/** Changes a few places of a text, in the ways in which a broken or a hostile server might. */
function mutate(random: Random, text: string): Buffer {
  let mutated = text;
  const below = (most: number): number => random.integer(0, Math.max(0, most - 1));
  for (let count = 1 + below(3); count > 0; count--) {
    const at = below(mutated.length);
    const length = below(random.pick([2, 10, 60]));
    const [before, piece, behind] = [
      mutated.slice(0, at),
      mutated.slice(at, at + length),
      mutated.slice(at + length),
    ];
    switch (below(4)) {
      case 0:
        mutated = before + random.pick(tokens) + piece + behind;
        break;
      case 1:
        mutated = before + behind;
        break;
      case 2:
        mutated = before + piece + piece + behind;
        break;
      default:
        mutated = before + random.pick(tokens) + behind;
    }
  }
  const bytes = Buffer.from(mutated);
  if (random.float() < 0.1) bytes[below(bytes.length)] = below(256);
  return bytes;
}

interface Read {
  stanzas: string[];
  error: string | undefined;
}

function readStream(random: Random, bytes: Buffer): Read {
  const read: Read = { stanzas: [], error: undefined };
  const framer = new Framer({
    opened: () => {},
    stanza: (text) => read.stanzas.push(text),
    ended: () => {},
    malformed: (error) => (read.error = error.message),
  });
  const longest = random.pick([1, 7, 50, bytes.length]);
  for (let at = 0; at < bytes.length; at += longest) {
    framer.push(bytes.subarray(at, at + longest));
  }
  return read;
}

/** What a reader makes of a text, or `undefined` when it refuses it. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** What stands in the elements of a document's root, and the text between these. */
function partsOf(document: readonly string[]): { between: string; within: string[] } {
  let depth = 0;
  let between = '';
  const within: string[] = [];
  for (const event of document) {
    if (event.startsWith('<')) depth++;
    if (depth > 1) within.push(event);
    else if (event.startsWith('t:')) between += event.slice(2);
    if (event.startsWith('>')) depth--;
  }
  return { between, within };
}

describe('a stream that was tampered with', () => {
  it(`gives what a strict parser finds in it, or is refused (${STREAMS} streams, seed ${SEED})`, () => {
    const random = seededRandom(SEED, 1);
    let [stanzas, agreed, refused, whole] = [0, 0, 0, 0];
    for (let round = 0; round < STREAMS; round++) {
      const good = Array.from({ length: random.integer(1, 3) }, () => element(random, 0));
      const bytes = mutate(random, good.join(random.pick(['', ' ', '\n'])));
      const read = readStream(random, Buffer.concat([Buffer.from(header), bytes]));
      const text = bytes.toString();
      const told = `seed ${SEED}, stream ${round}: ${JSON.stringify(text)}`;
      for (const stanza of read.stanzas) {
        stanzas++;
        const ours = attempt(() => parseElement(stanza));
        const theirs = attempt(() => saxes(stanza));
        assert.deepEqual(ours && eventsOf(ours), theirs, `${told}: ${JSON.stringify(stanza)}`);
        if (ours === undefined) continue;
        agreed++;
        const { name, id, type } = new Stanza(stanza);
        assert.deepEqual([name, id, type], [ours.name, ours.attrs['id'], ours.attrs['type']], told);
      }
      if (read.error !== undefined) refused++;
      // What the other takes whole has all its stanzas here.
      const isPlain = !/<[!?]/.test(text) && Buffer.from(text).equals(bytes);
      const document = isPlain ? attempt(() => saxes(`<s>${text}</s>`)) : undefined;
      const { within } = partsOf(document ?? []);
      // A reference is text, also one to a blank.
      const { between } = partsOf(
        document === undefined ? [] : saxes(`<s>${text.replace(/&[^;]*;/g, 'x')}</s>`),
      );
      if (document === undefined || !/^[\t\n ]*$/.test(between)) continue;
      whole++;
      assert.equal(read.error, undefined, told);
      const found = read.stanzas.flatMap((stanza) => eventsOf(parseElement(stanza)));
      assert.deepEqual(found, within, told);
    }
    // None of these is by chance nothing.
    assert.ok(
      agreed > STREAMS / 4 && refused > STREAMS / 4 && whole > STREAMS / 20,
      `of ${STREAMS} streams: ${stanzas} stanzas, ${agreed} agreed on, ${refused} streams refused, ${whole} whole`,
    );
  });
});
