import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import '../../src/app/drivers.ts';
import { MetricsRegistry } from '../../src/metrics/metrics.ts';
import { MetricsTotals } from '../../src/metrics/totals.ts';
import { judge, parseThreshold, sayVerdict } from '../../src/record/thresholds.ts';

function standing() {
  const registry = new MetricsRegistry();
  for (let ms = 1; ms <= 1000; ms++) registry.histogram('ttd').record(ms);
  registry.counter('sent').add(500);
  registry.counter('requests', { kind: 'get' }).add(3);
  registry.gauge('open').set(7);
  const totals = new MetricsTotals();
  totals.add(registry.drain());
  const users = {
    ...{ starting: 0, running: 90, waiting: 0, leaving: 0 },
    ...{ finished: 0, removed: 0, crashed: 8, lost: 2 },
  };
  return { totals, users, started: 1000, seconds: 10 };
}

describe('thresholds', () => {
  for (const [text, passed, value] of [
    ['ttd p99 < 1s', true, 990],
    ['ttd p99 < 0.5s', false, 990],
    ['ttd p50 <= 501', true, 500],
    ['ttd p99.9 < 990ms', false, 999],
    ['ttd max < 2000ms', true, 1000],
    ['ttd mean > 499ms', true, 500.5],
    ['ttd count >= 1000', true, 1000],
    ['ttd < 960ms', true, 950],
    ['ttd rate > 99/s', true, 100],
    ['sent >= 500', true, 500],
    ['sent rate > 50/s', false, 50],
    ['sent > 49/s', true, 50],
    ['requests{kind="get"} < 4', true, 3],
    ['open < 8', true, 7],
    ['errors < 1%', false, 1],
    ['errors <= 1%', true, 1],
    ['users_crashed < 9', true, 8],
    ['users_lost < 1', false, 2],
    ['never p99 < 1s', false, undefined],
  ] as const) {
    it(`${text}: ${passed ? 'kept' : 'missed'}`, () => {
      const verdict = judge(parseThreshold(text), standing());
      assert.equal(verdict.passed, passed, sayVerdict(verdict));
      if (value === undefined) assert.equal(verdict.value, undefined);
      else
        assert.ok(Math.abs((verdict.value ?? NaN) - value) <= value * 0.002, sayVerdict(verdict));
    });
  }

  it('says by how much one was missed', () => {
    const say = (text: string): string => sayVerdict(judge(parseThreshold(text), standing()));
    assert.match(
      say('ttd p99 < 99ms'),
      /it is 99\d(?:\.\d+)? ms, off by 89\d(?:\.\d+)? ms, 10 times the limit/,
    );
    assert.equal(say('errors < 1%'), 'errors < 1%: it is 1%, which is the limit');
    assert.equal(say('never < 5'), 'never < 5: nothing was recorded');
  });

  it('over a window: read the time, in whole seconds from 1 s to 10 min', () => {
    const read = parseThreshold('ttd p99 over 30s < 200ms');
    assert.deepEqual(
      [read.metric, read.stat, read.overMs, read.limit],
      ['ttd', 'p99', 30_000, 200],
    );
    assert.equal(parseThreshold('errors over 1m < 1%').overMs, 60_000);
    assert.equal(parseThreshold('requests{kind="get"} rate over 10m > 5/s').overMs, 600_000);
    assert.equal(parseThreshold('over p99 < 5ms').overMs, undefined);
    for (const [text, why] of [
      ['ttd p99 over 0s < 5ms', /not between 1 s and 10 min/],
      ['ttd p99 over 1h < 5ms', /not between 1 s and 10 min/],
      ['ttd p99 over 500ms < 5ms', /not between/],
      ['ttd p99 over 1500ms < 5ms', /not a whole number of seconds/],
      ['ttd p99 over 30 < 5ms', /needs a unit/],
      ['ttd p99 over < 5ms', /over needs a time/],
      ['ttd p99 over noon < 5ms', /'noon' is not a time/],
      ['ttd p99 over -5s < 5ms', /'-5s' is not a time/],
      ['ttd p99 < 5ms over 30s', /'over TIME' comes before the limit/],
    ] as const) {
      assert.throws(() => parseThreshold(text), { code: 'ARGUMENT', message: why }, text);
    }
  });

  it('of a part of a run: what has been counted before is 0 in it, not unknown', () => {
    const { totals, users } = standing();
    const part = { totals: new MetricsTotals(), users, started: 0, seconds: 10, run: totals };
    const of = (text: string) => judge(parseThreshold(text), part).value;
    assert.equal(of('sent rate over 10s > 5/s'), 0);
    assert.equal(of('ttd rate over 10s > 5/s'), 0);
    assert.equal(of('ttd count over 10s > 5'), 0);
    assert.equal(of('ttd p99 over 10s < 5ms'), undefined);
    assert.equal(of('never rate over 10s > 5/s'), undefined);
    assert.equal(of('errors over 10s < 1%'), undefined);
  });

  it('refuses what is none, and says how it is written', () => {
    for (const text of ['ttd p99', '< 5ms', 'ttd p99 < 5 parsecs', 'ttd p99 = 5ms', '']) {
      assert.throws(() => parseThreshold(text), /invalid threshold .*; write it as/, text);
    }
    assert.throws(() => parseThreshold('ttd p999x < 5ms'), /unknown statistic 'p999x'/);
    assert.throws(() => parseThreshold('ttd p101 < 5ms'), /unknown statistic 'p101'/);
    assert.throws(() => parseThreshold('ttd meen < 5ms'), /did you mean 'mean'/);
  });
});
