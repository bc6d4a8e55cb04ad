import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MetricsRegistry } from '../../src/metrics/metrics.ts';
import { MetricsTotals } from '../../src/metrics/totals.ts';

describe('metrics', () => {
  it('add up over processes and reports', () => {
    const totals = new MetricsTotals();
    const registries = [new MetricsRegistry(), new MetricsRegistry()];
    for (let report = 0; report < 3; report++) {
      for (const registry of registries) {
        registry.counter('sent').add(2);
        totals.add(registry.take());
      }
    }
    assert.equal(totals.counter('sent'), 12);
    assert.equal(totals.counter('never'), 0);
  });

  it('merge to the percentiles of all values, within the stated precision', () => {
    const values = fc.array(fc.double({ min: 0.001, max: 60_000, noNaN: true }), {
      minLength: 1,
      maxLength: 300,
    });
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 4 }), (lists) => {
        const totals = new MetricsTotals();
        for (const list of lists) {
          const registry = new MetricsRegistry();
          for (const value of list) registry.histogram('time').record(value);
          totals.add(registry.take());
        }
        const all = lists.flat().sort((a, b) => a - b);
        const summary = totals.time('time')!;
        assert.equal(summary.count, all.length);
        for (const [name, share] of [
          ['p50', 0.5],
          ['p95', 0.95],
          ['p99', 0.99],
        ] as const) {
          const exact = all[Math.max(0, Math.ceil(share * all.length) - 1)]!;
          assert.ok(
            Math.abs(summary[name] - exact) <= exact * 0.002 + 0.002,
            `${name}: ${summary[name]}, not ${exact}`,
          );
        }
      }),
      { numRuns: 60 },
    );
  });

  it('refuse names that are none, and too many of them', () => {
    const registry = new MetricsRegistry();
    assert.throws(() => registry.counter('no spaces'), { code: 'ARGUMENT' });
    for (let each = 0; each < 500; each++) registry.counter(`counter_${each}`);
    assert.throws(() => registry.counter('one_more'), /more than 500 metrics/);
  });

  it('refuse a damaged report whole', () => {
    const totals = new MetricsTotals();
    assert.throws(() => totals.add({ counters: { a: 1 }, histograms: { b: 'garbage' } }), {
      code: 'PROTOCOL',
    });
    assert.equal(totals.counter('a'), 0);
  });

  it('take values outside of the range as the nearest that fits', () => {
    const registry = new MetricsRegistry();
    for (const value of [-5, 0, 1e12]) registry.histogram('time').record(value);
    const totals = new MetricsTotals();
    totals.add(registry.take());
    assert.equal(totals.time('time')?.count, 3);
  });
});
