import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import '../../src/app/drivers.ts';
import { servePrometheus } from '../../src/outputs/prometheus-server.ts';
import { PrometheusSource } from '../../src/outputs/prometheus.ts';
import { hostileText } from '../support/hostile-text.ts';
import { runOf } from '../support/metrics-source.ts';
import type { Figures } from '../support/metrics-source.ts';

const PROMTOOL = '/usr/bin/promtool';
const withPromtool = existsSync(PROMTOOL) ? {} : { skip: `${PROMTOOL} is not installed` };

function sourceOf(cluster: string, figures: Figures): PrometheusSource {
  const { definition, row, totals } = runOf(figures);
  const source = new PrometheusSource(cluster);
  source.started(definition);
  source.second(row, totals);
  return source;
}

/** What Prometheus reads of these clusters, twice, and what is said meanwhile. */
async function scrape(...figures: Figures[]): Promise<{ lines: string[]; warnings: string[] }> {
  const warnings: string[] = [];
  const sources = figures.map((each, at) => sourceOf(at === 0 ? 'amocLocal' : 'amocDist', each));
  await using server = await servePrometheus('127.0.0.1', 0, sources, (text) =>
    warnings.push(text),
  );
  const url = `http://127.0.0.1:${server.port}/metrics`;
  const first = await fetch(url);
  assert.equal(first.status, 200, await first.clone().text());
  const text = await first.text();
  assert.equal(await (await fetch(url)).text(), text);
  return { lines: text.split('\n'), warnings };
}

/** Fails unless Prometheus' own parser takes all of it, and each series is there once. */
function assertParses(lines: readonly string[]): void {
  const { status, stderr } = spawnSync(PROMTOOL, ['check', 'metrics'], {
    input: lines.join('\n'),
    encoding: 'utf8',
  });
  // 3: names that it finds unusual, which are the scenario's.
  assert.ok(status === 0 || status === 3, `promtool: ${status} ${stderr}`);
  const series = lines.flatMap((line) => {
    const [, name, labels = ''] = /^([a-z]\w*)(?:\{(.*)\})? \S+$/i.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(/\w+="(?:[^"\\]|\\.)*"/g)].map(([pair]) => pair);
    return [
      `${name}{${pairs
        .filter((pair) => !pair.endsWith('=""'))
        .sort()
        .join(',')}}`,
    ];
  });
  assert.equal(new Set(series).size, series.length);
}

describe('/metrics', () => {
  it('is all there is, to be read only, and empty before the first run', async () => {
    await using server = await servePrometheus('127.0.0.1', 0, [new PrometheusSource('amocLocal')]);
    const url = `http://127.0.0.1:${server.port}`;
    const ok = await fetch(`${url}/metrics?x=1`);
    assert.equal(ok.status, 200);
    assert.match(ok.headers.get('content-type') ?? '', /^text\/plain/);
    assert.equal((await ok.text()).trim(), '');
    assert.equal((await fetch(`${url}/other`)).status, 404);
    assert.equal((await fetch(`${url}/metrics`, { method: 'POST', body: 'x' })).status, 405);
  });

  it('says when its port is taken', async () => {
    await using first = await servePrometheus('127.0.0.1', 0, []);
    await assert.rejects(servePrometheus('127.0.0.1', first.port, []), {
      message: `port ${first.port} of 127.0.0.1 is taken by another program`,
    });
  });

  it('has all series of a metric, whatever labels each of them has', async () => {
    const { lines, warnings } = await scrape({
      counters: { req: 1, 'req{a="1"}': 2, 'req{b="1"}': 3, 'req{a="1",b="1"}': 4 },
      gauges: { open: 5, 'open{of="x"}': 6 },
      times: ['took', 'took{of="x"}'],
    });
    for (const line of [
      'amoc_req_total{cluster="amocLocal"} 1',
      'amoc_req_total{cluster="amocLocal",a="1"} 2',
      'amoc_req_total{cluster="amocLocal",b="1"} 3',
      'amoc_req_total{cluster="amocLocal",a="1",b="1"} 4',
      'amoc_open{cluster="amocLocal"} 5',
      'amoc_open{cluster="amocLocal",of="x"} 6',
      'amoc_took_seconds_count{cluster="amocLocal"} 3',
      'amoc_took_seconds_bucket{cluster="amocLocal",of="x",le="+Inf"} 3',
    ]) {
      assert.ok(lines.includes(line), `${line}\n${lines.join('\n')}`);
    }
    assert.equal(lines.filter((line) => line === '# TYPE amoc_req_total counter').length, 1);
    assert.deepEqual(warnings, []);
  });

  it('leaves out what cannot be shown beside the rest, and says so once, by name', async () => {
    const { lines, warnings } = await scrape({
      counters: { x: 1, 'a.b': 1, a_b: 2, messages_sent: -1e9, 'bad{n="1"}': NaN, fine: 7 },
      gauges: {
        x_total: 2,
        lat_seconds: 3,
        took_seconds_count: 4,
        users: 5,
        message_ttd_seconds: 6,
        odd: NaN,
      },
      times: ['lat', 'took', 'fine'],
      nodes: ['local/1'],
    });
    assert.deepEqual(warnings.sort(), [
      "Prometheus: counter 'a_b' is left out of /metrics: amoc_a_b_total is the name of counter 'a.b'; rename one of the two",
      'Prometheus: counter \'bad{n="1"}\' is left out of /metrics: a counter cannot be NaN',
      "Prometheus: counter 'messages_sent' is left out of /metrics: a counter cannot be -1000000000",
      "Prometheus: gauge 'message_ttd_seconds' is left out of /metrics: amoc_message_ttd_seconds is the name of histogram 'message_ttd'; rename one of the two",
      "Prometheus: gauge 'users' is left out of /metrics: amoc_users is the name of one of amoc's own metrics; rename one of the two",
      "Prometheus: gauge 'x_total' is left out of /metrics: amoc_x_total is the name of counter 'x'; rename one of the two",
      "Prometheus: histogram 'lat' is left out of /metrics: amoc_lat_seconds is the name of gauge 'lat_seconds'; rename one of the two",
      "Prometheus: histogram 'took' is left out of /metrics: amoc_took_seconds_count is the name of gauge 'took_seconds_count'; rename one of the two",
    ]);
    for (const line of [
      'amoc_x_total{cluster="amocLocal"} 1',
      'amoc_a_b_total{cluster="amocLocal"} 1',
      'amoc_fine_total{cluster="amocLocal"} 7',
      'amoc_fine_seconds_count{cluster="amocLocal"} 3',
      'amoc_odd{cluster="amocLocal"} Nan',
      'amoc_users{cluster="amocLocal",state="running"} 10',
      'amoc_node_users{cluster="amocLocal",node="local/1"} 5',
    ]) {
      assert.ok(lines.includes(line), `${line}\n${lines.join('\n')}`);
    }
  });

  it('keeps the names of its own labels, and calls those of a scenario exported', async () => {
    const { lines } = await scrape({
      counters: { req: 1, 'req{cluster="mine",job="j",kind="get"}': 2 },
      times: ['took{le="5",quantile="0.5"}'],
    });
    for (const line of [
      'amoc_req_total{cluster="amocLocal",exported_cluster="mine",exported_job="j",kind="get"} 2',
      'amoc_took_seconds_bucket{cluster="amocLocal",exported_le="5",exported_quantile="0.5",le="0.001"} 1',
    ]) {
      assert.ok(lines.includes(line), `${line}\n${lines.join('\n')}`);
    }
  });

  it('has both clusters, each with its label', async () => {
    const { lines, warnings } = await scrape({ counters: { req: 1 } }, { counters: { req: 2 } });
    assert.ok(lines.includes('amoc_req_total{cluster="amocLocal"} 1'));
    assert.ok(lines.includes('amoc_req_total{cluster="amocDist"} 2'));
    assert.deepEqual(warnings, []);
  });

  it('names a hundred of those that are left out, and then says that there are more', async () => {
    const counters = Object.fromEntries(
      Array.from({ length: 300 }, (_, at) => [`c${at}`, -1] as const),
    );
    const { warnings } = await scrape({ counters });
    assert.equal(warnings.length, 101);
    assert.match(warnings.at(-1) ?? '', /more series are left out/);
  });

  it('has ten thousand series', withPromtool, async () => {
    const counters = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, at) => [`c${at % 100}{n="${at}"}`, at] as const),
    );
    const { lines } = await scrape({ counters });
    assert.equal(lines.filter((line) => /^amoc_c\d+_total\{/.test(line)).length, 10_000);
    assertParses(lines);
  });

  it(
    'is taken by the parser of Prometheus, whatever names and labels come',
    withPromtool,
    async () => {
      const word = fc.oneof(
        hostileText,
        fc.constantFrom('a', 'b', 'a.b', 'a_b', 'a_total', 'users'),
      );
      const series = fc
        .tuple(word, fc.array(fc.tuple(word, hostileText), { maxLength: 3 }))
        .map(([name, labels]) =>
          labels.length === 0
            ? name
            : `${name}{${labels.map(([label, value]) => `${label}="${value}"`).join(',')}}`,
        );
      const figures = fc.record({
        counters: fc.dictionary(series, fc.double()),
        gauges: fc.dictionary(series, fc.double()),
        times: fc.array(series, { maxLength: 4 }),
        nodes: fc.array(hostileText, { maxLength: 3 }),
        comment: hostileText,
      });
      await fc.assert(
        fc.asyncProperty(figures, figures, async (one, other) => {
          const { lines } = await scrape(one, other);
          assertParses(lines);
          assert.ok(lines.includes('amoc_users{cluster="amocDist",state="running"} 10'));
        }),
        { numRuns: 40 },
      );
    },
  );
});
