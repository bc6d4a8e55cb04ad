import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import '../../src/app/drivers.ts';
import { MetricsRegistry, MAX_PER_PROCESS } from '../../src/metrics/metrics.ts';
import { parseSeries } from '../../src/metrics/labels.ts';
import { decodeDelta, MetricsTotals, sizeOf } from '../../src/metrics/totals.ts';

describe('metrics', () => {
  it('add up over processes and reports', () => {
    const totals = new MetricsTotals();
    const registries = [new MetricsRegistry(), new MetricsRegistry()];
    for (let report = 0; report < 3; report++) {
      for (const registry of registries) {
        registry.counter('sent').add(2);
        totals.add(registry.drain());
      }
    }
    assert.equal(totals.counter('sent'), 12);
    assert.equal(totals.counter('never'), 0);
  });

  it('merge over eight processes to the percentiles of all raw values, within the stated precision', () => {
    const values = fc.array(fc.double({ min: 0.001, max: 60_000, noNaN: true }), {
      minLength: 1,
      maxLength: 300,
    });
    fc.assert(
      fc.property(fc.array(values, { minLength: 8, maxLength: 8 }), (lists) => {
        const totals = new MetricsTotals();
        for (const list of lists) {
          const registry = new MetricsRegistry();
          for (const value of list) registry.histogram('time').record(value);
          totals.add(registry.drain());
        }
        const all = lists.flat().sort((a, b) => a - b);
        const summary = totals.time('time')!;
        assert.equal(summary.count, all.length);
        for (const [name, share] of [
          ['p50', 0.5],
          ['p95', 0.95],
          ['p99', 0.99],
          ['p999', 0.999],
          ['max', 1],
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

  for (const value of [NaN, Infinity, -Infinity, 1e300, '5', 5n, null, {}, Symbol('s')]) {
    it(`refuse ${typeof value} ${inspect(value)} where it is given, by the name of the metric`, () => {
      const registry = new MetricsRegistry();
      const given = value as never;
      const isBad = { code: 'ARGUMENT', message: /'ratio\{kind="a"\}': .* is not a finite number/ };
      const labels = { kind: 'a' };
      assert.throws(() => registry.counter('ratio', labels).add(given), isBad);
      assert.throws(() => registry.gauge('ratio', labels).set(given), isBad);
      assert.throws(() => registry.gauge('ratio', labels).add(given), isBad);
      if (typeof value !== 'number' || Number.isNaN(value)) {
        assert.throws(() => registry.histogram('ratio', 'ms', labels).record(given), isBad);
      }
      const { counters, histograms, gauges } = registry.drain();
      assert.deepEqual([counters, histograms, gauges], [{}, {}, { 'ratio{kind="a"}': 0 }]);
    });
  }

  it('stay finite however much is added', () => {
    const registry = new MetricsRegistry();
    const gauge = registry.gauge('level');
    gauge.set(1e30);
    assert.throws(() => gauge.add(1e30), /2e\+30 is not a finite number/);
    assert.equal(gauge.value, 1e30);
    registry.counter('sum').value = Number.MAX_VALUE;
    registry.counter('sum').add(1e30);
    assert.ok(Number.isFinite(registry.drain().counters['sum']));
  });

  it('keep room for those of amoc itself', () => {
    const registry = new MetricsRegistry();
    for (let at = 0; at < 500; at++) registry.counter(`own_${at}`).add();
    assert.throws(() => registry.counter('one_more'), /more than 500 metrics/);
    registry.counter('messages_sent').add();
    registry.counter('users_crashed_by', { error: 'Error' }).add();
    assert.equal(registry.drain().counters['messages_sent'], 1);
  });

  it('have labels, with a bound on their values', () => {
    const registry = new MetricsRegistry();
    registry.counter('requests', { kind: 'get', ok: true }).add(2);
    registry.counter('requests', { ok: true, kind: 'get' }).add();
    for (let each = 0; each < 300; each++) registry.counter('hosts', { name: `h${each}` }).add();
    const totals = new MetricsTotals();
    totals.add(registry.drain());
    assert.equal(totals.counter('requests{kind="get",ok="true"}'), 3);
    assert.equal(totals.counter('hosts{name="h7"}'), 1);
    assert.equal(totals.counter('hosts{name="other"}'), 200);
    assert.deepEqual(parseSeries('requests{kind="get",ok="true"}'), {
      name: 'requests',
      labels: { kind: 'get', ok: 'true' },
    });
    assert.throws(() => registry.counter('requests', { 'no name': 1 }), /invalid label name/);
  });

  it('have units, and one for each name', () => {
    const registry = new MetricsRegistry();
    registry.histogram('size', 'bytes').record(2_000_000_000);
    registry.histogram('size', 'bytes').record(1);
    assert.throws(() => registry.histogram('size', 'ms'), /recorded in bytes, not in ms/);
    assert.throws(() => registry.histogram('other', 'parsecs' as 'ms'), /is not a valid unit/);
    const totals = new MetricsTotals();
    totals.add(JSON.parse(JSON.stringify(registry.drain())) as ReturnType<typeof registry.drain>);
    const { unit, min, max, count } = totals.time('size')!;
    assert.deepEqual({ unit, min, count }, { unit: 'bytes', min: 1, count: 2 });
    assert.ok(Math.abs(max - 2e9) <= 2e6, String(max));
  });

  it('have gauges: what each process said last, added up, until it is gone', () => {
    const totals = new MetricsTotals();
    const registries = [new MetricsRegistry(), new MetricsRegistry()];
    registries.forEach((registry, at) => {
      registry.gauge('open').add(3);
      totals.add(registry.drain(), `node${at}`);
      registry.gauge('open').add(-1);
      totals.add(registry.drain(), `node${at}`);
    });
    assert.equal(totals.gauge('open'), 4);
    totals.forget('node1');
    assert.equal(totals.gauge('open'), 2);
  });

  it('say how much they recorded in all, so that what is missing shows', () => {
    const registry = new MetricsRegistry();
    registry.counter('sent').add(5);
    registry.histogram('time').record(1);
    const first = registry.drain();
    registry.counter('sent').add(2);
    const second = registry.drain();
    assert.equal(first.recorded, 6);
    assert.equal(second.recorded, 8);
    assert.equal(sizeOf(decodeDelta(first)) + sizeOf(decodeDelta(second)), 8);
    registry.reset();
    assert.equal(registry.drain().recorded, undefined);
  });

  it("are never more than a report may have, whatever labels amoc's own are given", () => {
    const registry = new MetricsRegistry();
    assert.throws(() => {
      for (let at = 0; at < 100_000; at++)
        registry.counter('messages_sent', { [`l${at}`]: 1 }).add();
    }, /more than 500 metrics; 'messages_sent' is not recorded/);
    assert.equal(Object.keys(registry.drain().counters).length, MAX_PER_PROCESS);
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
    totals.add(registry.drain());
    assert.equal(totals.time('time')?.count, 3);
  });
});
