import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { OtlpOutput } from '../../src/outputs/otlp.ts';
import { hostileTexts } from '../support/hostile-text.ts';
import { runOf } from '../support/metrics-source.ts';
import type { Figures } from '../support/metrics-source.ts';

interface Metric {
  name: string;
  sum?: { dataPoints: Point[] };
  gauge?: { dataPoints: Point[] };
}

interface Point {
  attributes: { key: string; value: { stringValue: string } }[];
  asDouble?: number | null;
}

/** What a collector is sent of such a run. */
async function sentOf(figures: Figures): Promise<Metric[]> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (data) => (body += String(data)));
    request.on('end', () => {
      bodies.push(body);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics`;
    const output = new OtlpOutput(url, 'amocLocal', 60_000, '1');
    const { definition, row, totals } = runOf(figures);
    output.started(definition);
    output.second(row, totals);
    await output[Symbol.asyncDispose]();
  } finally {
    server.close();
    server.closeAllConnections();
  }
  const [body = ''] = bodies;
  const { resourceMetrics } = JSON.parse(body) as {
    resourceMetrics: { scopeMetrics: { metrics: Metric[] }[] }[];
  };
  return resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) => metrics),
  );
}

function pointsOf({ sum, gauge }: Metric): Point[] {
  return (sum ?? gauge)?.dataPoints ?? [];
}

describe('what an OpenTelemetry collector is sent', () => {
  it('keeps our attributes, and calls those of a scenario exported', async () => {
    const metrics = await sentOf({ counters: { 'req{cluster="mine",kind="get"}': 2 } });
    const [point] = metrics.filter(({ name }) => name === 'amoc.req').flatMap(pointsOf);
    assert.deepEqual(
      Object.fromEntries(
        (point?.attributes ?? []).map(({ key, value }) => [key, value.stringValue]),
      ),
      {
        ...{ cluster: 'amocLocal', run: 'talk-1', scenario: 'talk' },
        ...{ exported_cluster: 'mine', kind: 'get' },
      },
    );
  });

  it('has names that are legal there, values that JSON has, and texts without half characters', async () => {
    const counters = Object.fromEntries(
      hostileTexts.map((text, at) => [`c${at}${text.slice(0, 100)}{label="${text}"}`, at] as const),
    );
    const metrics = await sentOf({ counters, gauges: { odd: NaN, fine: 1, big: Infinity } });
    assert.ok(metrics.length >= hostileTexts.length);
    for (const metric of metrics) {
      assert.match(metric.name, /^[A-Za-z][A-Za-z0-9_./-]*$/);
      for (const { attributes, asDouble } of pointsOf(metric)) {
        assert.ok(Number.isFinite(asDouble), metric.name);
        for (const { value } of attributes) assert.doesNotMatch(value.stringValue, /\p{Cs}/u);
      }
    }
    assert.ok(metrics.some(({ name }) => name === 'amoc.fine'));
  });
});
