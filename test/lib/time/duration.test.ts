import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { quote } from '../../../src/lib/text/quote.ts';
import { formatMs, toMs } from '../../../src/lib/time/duration.ts';

describe('toMs', () => {
  for (const [text, ms] of [
    [250, 250],
    ['250ms', 250],
    ['20s', 20_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['15', 15],
  ] as const) {
    it(`reads ${text}`, () => assert.equal(toMs(text), ms));
  }
  for (const bad of ['', 'soon', '-5s', -1, NaN, Infinity, '5 parsecs', null, {}]) {
    it(`refuses ${quote(bad)}`, () => {
      assert.throws(() => toMs(bad as string), { code: 'ARGUMENT', message: /is not a time span/ });
    });
  }
});

describe('formatMs', () => {
  for (const [ms, text] of [
    [0.3, '0.3 ms'],
    [850, '850 ms'],
    [12_000, '12 s'],
    [185_000, '3 min 5 s'],
    [7_440_000, '2 h 4 min'],
  ] as const) {
    it(`writes ${text}`, () => assert.equal(formatMs(ms), text));
  }
});
