import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { boundedJson, cutText, isBounded } from '../../../src/lib/text/bounded-json.ts';
import { cut } from '../../../src/lib/text/foreign-text.ts';

/** The depth of a JSON value, by the definition. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function countOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, inner) => sum + countOf(inner), 1);
}

const throwing = {
  get: (): never => {
    throw new Error('read');
  },
  ownKeys: (): never => {
    throw new Error('keys');
  },
};

describe('boundedJson', () => {
  it('has its texts cut when they are too many characters together, and says of each what is missing', () => {
    const copy = boundedJson(Array(400).fill('y'.repeat(3000))) as string[];
    assert.equal(copy.length, 400);
    assert.equal(copy[0], 'y'.repeat(3000));
    assert.equal(copy[10], `${'y'.repeat(2000)}… (1000 more characters)`);
    assert.equal(copy[399], '… (3000 more characters)');
  });

  it('is the size of what is bytes, in no time', () => {
    const began = process.cpuUsage();
    assert.deepEqual(boundedJson({ raw: new Uint8Array(50_000_000), few: Buffer.from('ab') }), {
      raw: '[50000000 bytes]',
      few: '[2 bytes]',
    });
    assert.ok(process.cpuUsage(began).user < 1e6, 'it took a second of CPU');
  });

  it('copies JSON within its bounds as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        fc.pre(countOf(value) < 400);
        const copy = boundedJson(value, { depth: 6, values: 500, characters: 4000 });
        assert.equal(JSON.stringify(copy), JSON.stringify(value));
      }),
    );
  });

  it('makes JSON of bounded depth and size of anything', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withSet: true }), (value) => {
        const copy = boundedJson(value, { depth: 3, values: 20, characters: 50 });
        assert.doesNotThrow(() => JSON.stringify(copy));
        assert.ok(depthOf(copy) <= 3);
        // Where it was cut, a word stands for the rest of each container on the way.
        assert.ok(countOf(copy) <= 20 + 8);
      }),
    );
  });

  it('names what it leaves out', () => {
    const self: Record<string, unknown> = { a: 1 };
    self['self'] = self;
    assert.deepEqual(boundedJson(self), { a: 1, self: '[circular]' });
    assert.deepEqual(boundedJson({ f: () => 1, s: Symbol('x'), n: NaN, b: 5n, u: undefined }), {
      f: '[function]',
      s: '[symbol]',
      n: 'NaN',
      b: '5',
    });
    assert.equal(boundedJson(new Proxy({}, throwing)), '[cannot be read]');
    const partly = Object.defineProperty({ a: 1 }, 'b', { enumerable: true, ...throwing });
    assert.deepEqual(boundedJson(partly), { a: 1, b: '[cannot be read]' });
    const deep = JSON.parse(`${'['.repeat(9)}${']'.repeat(9)}`) as unknown;
    assert.equal(JSON.stringify(boundedJson(deep)), '[[[[[["[too deep]"]]]]]]');
    assert.equal(boundedJson('x'.repeat(5000)), `${'x'.repeat(4000)}… (1000 more characters)`);
    assert.equal(countOf(boundedJson(Array.from({ length: 10_000 }, () => 1))), 501);
  });

  it('keeps what an error is', () => {
    const copy = boundedJson({ err: new TypeError('wrong') }) as { err: Record<string, string> };
    assert.equal(copy.err['type'], 'TypeError');
    assert.equal(copy.err['message'], 'wrong');
  });
});

describe('isBounded', () => {
  it('agrees with the definition', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.nat(6),
        fc.integer({ min: 1, max: 40 }),
        (value, depth, values) => {
          const expected = depthOf(value) <= depth && countOf(value) <= values;
          assert.equal(isBounded(value, { depth, values }), expected);
        },
      ),
    );
  });

  it('does not follow the nesting with the stack', () => {
    const deep = JSON.parse(`${'['.repeat(1e6)}${']'.repeat(1e6)}`) as unknown;
    assert.equal(isBounded(deep, { depth: 64, values: 1e9 }), false);
  });
});

describe('a text that is cut', () => {
  it('keeps to its length, and ends in no half of a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(20), (text, most) => {
        const begin = cut(text, most);
        assert.ok(text.startsWith(begin) && begin.length <= most);
        assert.ok(!/[\uD800-\uDBFF]$/.test(begin));
        if (text.length <= most) assert.equal(cutText(text, most), text);
      }),
    );
  });
});
