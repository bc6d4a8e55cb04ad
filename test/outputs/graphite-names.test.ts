import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  counterValues,
  graphiteLine,
  pathOf,
  pathPart,
  SeriesPaths,
} from '../../src/outputs/graphite-names.ts';
import { hostileText } from '../support/hostile-text.ts';

const LINE = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)* -?\d+(\.\d+)?(e[+-]\d+)? \d+$/;

describe('a line for Graphite', () => {
  it('is one of three words, whatever the names and labels are', () => {
    const series = fc
      .tuple(hostileText, hostileText, hostileText)
      .chain(([name, label, value]) => fc.constantFrom(name, `${name}{${label}="${value}"}`));
    fc.assert(
      fc.property(series, hostileText, fc.double(), (name, prefix, value) => {
        const paths = new SeriesPaths((text) => assert.equal(text, ''));
        for (const [path, each] of counterValues(new Map([[name, value]]), new Map(), paths)) {
          const line = graphiteLine(`${prefix}.${path}`, each, 1_700_000_000);
          assert.equal(line === undefined, !Number.isFinite(value));
          if (line !== undefined) assert.match(line, LINE);
        }
      }),
    );
  });

  it('has no line in it that somebody made up', () => {
    const name = 'g 1 1\namoc.injected.path 42 1700000000\nh';
    assert.equal(pathOf(name), 'g_1_1_amoc.injected.path_42_1700000000_h');
    assert.equal(
      graphiteLine(`p.${name}`, 1.5, 7),
      'p.g_1_1_amoc.injected.path_42_1700000000_h 1.5 7',
    );
  });

  it('has no part that is empty, or leads out of a folder', () => {
    assert.equal(pathOf('a..b{of=""}'), 'a._.b._');
    assert.equal(pathOf('...'), '_._._._');
    assert.equal(pathPart('../x'), '___x');
    assert.equal(pathOf('requests{kind="get",of="a b"}'), 'requests.get.a_b');
    assert.equal(graphiteLine('..', 1, 1), '_._._ 1 1');
  });
});
