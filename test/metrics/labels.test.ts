import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  exportLabels,
  isSeriesKey,
  metricOf,
  parseSeries,
  seriesKey,
} from '../../src/metrics/labels.ts';
import type { Labels } from '../../src/metrics/labels.ts';
import { assertLegible, hostileText, hostileTexts } from '../support/hostile-text.ts';

const word = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/);
const name = fc.oneof(
  fc.stringMatching(/^[a-z][a-z_.]{0,20}$/),
  fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.]{0,99}$/),
);
const value = fc.oneof(hostileText, fc.double(), fc.boolean());
const labels: fc.Arbitrary<Labels> = fc.dictionary(
  fc.oneof(fc.stringMatching(/^[a-z_]{1,8}$/), word),
  value,
  { maxKeys: 20 },
);

/** The key, or `undefined` where one cannot be made. */
function keyOf(metric: string, its: Labels | undefined): string | undefined {
  try {
    return seriesKey(metric, its);
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'ARGUMENT');
    assertLegible((error as Error).message);
    return undefined;
  }
}

describe('the name of a series', () => {
  it('is accepted as one, has a bound, and can be shown anywhere, whatever its labels are given', () => {
    fc.assert(
      fc.property(name, fc.option(labels, { nil: undefined }), (metric, its) => {
        const key = keyOf(metric, its);
        fc.pre(key !== undefined);
        assert.ok(isSeriesKey(key), key);
        assert.ok(key.length <= 1000);
        assert.doesNotMatch(key, /[\p{Cc}\p{Cs}\p{Cf}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\\]/u);
        assert.equal(metricOf(key), metric);
        const parsed = parseSeries(key);
        assert.equal(parsed.name, metric);
        assert.deepEqual(Object.keys(parsed.labels), Object.keys(its ?? {}).sort());
      }),
    );
  });

  it('is accepted only when it is what comes of its parts', () => {
    const close = fc
      .tuple(name, labels)
      .map(([metric, its]) => keyOf(metric, its) ?? metric)
      .chain((key) =>
        fc
          .tuple(
            fc.nat(key.length),
            fc.nat(3),
            fc.oneof(hostileText, fc.constantFrom('{', '}', '=', '"', ',', '\\', '_', 'a', '0')),
          )
          .map(([at, gone, more]) => key.slice(0, at) + more + key.slice(at + gone)),
      );
    fc.assert(
      fc.property(fc.oneof(close, hostileText), (text) => {
        const parsed = parseSeries(text);
        const isPlain = Object.keys(parsed.labels).length === 0;
        const made = keyOf(parsed.name, isPlain ? undefined : parsed.labels);
        assert.equal(isSeriesKey(text), made === text, text);
      }),
      { numRuns: 2000 },
    );
  });

  it('is not what another order, a label twice, or no label at all would make of it', () => {
    for (const text of [
      '',
      'a{}',
      'a{b="1"',
      'a{b="1",}',
      'a{b="1"}x',
      'a{b="1"}{c="2"}',
      'a{b="1",a="1"}',
      'a{b="1",b="2"}',
      'a{b="1" }',
      'a{0b="1"}',
      'a{b="x=y"}',
      'a{b="\\"}',
      `a{b="${'x'.repeat(101)}"}`,
      '0a',
      'a b',
      'a\n',
      'a{b="1"}\n',
      '__proto__',
      'a{__proto__="1"}',
      'a'.repeat(101),
      ...hostileTexts.map((each) => `g${each} `),
    ]) {
      assert.equal(isSeriesKey(text), false, JSON.stringify(text));
    }
    for (const text of [
      'a',
      'a.b',
      'a{b="1"}',
      'a{b=""}',
      'a{b="日本 👍"}',
      'a{b="1",c="x y/z"}',
    ]) {
      assert.equal(isSeriesKey(text), true, text);
    }
  });

  it('is cut where its values are long, and refused where its names are', () => {
    const many = (count: number, label: string, text: string): Labels =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`${label}${at}`, text]));
    const long = seriesKey('m', many(20, 'label', 'v'.repeat(500)));
    assert.ok(long.length <= 1000 && long.length > 950, String(long.length));
    assert.equal(Object.keys(parseSeries(long).labels).length, 20);
    assert.equal(seriesKey('m', { a: '👍'.repeat(80) }), `m{a="${'👍'.repeat(50)}"}`);
    assert.throws(() => seriesKey('m', many(21, 'l', 'x')), {
      code: 'ARGUMENT',
      message: 'm has 21 labels; a metric has at most 20',
    });
    assert.throws(() => seriesKey('m', many(20, 'l'.repeat(90), 'x')), /are too long together/);
    assert.throws(
      () => seriesKey('\u001b]0;T\u0007'.repeat(1000), undefined),
      (error: Error) => {
        assertLegible(error.message);
        return error.message.length < 200;
      },
    );
  });

  it('gives way to the labels that an output has itself', () => {
    const isReserved = (label: string): boolean => ['cluster', 'le'].includes(label);
    assert.deepEqual(exportLabels({ cluster: 'mine', kind: 'get' }, isReserved), {
      exported_cluster: 'mine',
      kind: 'get',
    });
    assert.deepEqual(exportLabels({ cluster: '1', exported_cluster: '2', le: '3' }, isReserved), {
      exported_exported_cluster: '1',
      exported_cluster: '2',
      exported_le: '3',
    });
  });
});
