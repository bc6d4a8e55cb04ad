import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { servePrometheus } from '../../src/outputs/prometheus-server.ts';
import { PrometheusSource } from '../../src/outputs/prometheus.ts';
import { listRuns } from '../../src/record/run-reader.ts';
import type { RunResult } from '../../src/record/types.ts';
import { hostileTexts } from '../support/hostile-text.ts';
import { runOf } from '../support/metrics-source.ts';
import { Carbon, GraphiteWeb, Prometheus } from '../support/monitoring.ts';
import { freePort } from '../support/ports.ts';
import { eventually } from '../support/eventually.ts';
import { assertRan, Project } from '../support/project.ts';

/** Users that talk and are quick about it. */
const talkers = `
import { chatTo, isChatMessage, presence } from 'amoc';
import type { User } from 'amoc';
export async function start(id: number, user: User) {
  const session = await user.connect();
  await session.send(presence());
  user.metrics.counter('rounds', { kind: id % 2 === 0 ? 'even' : 'odd' }).add();
  user.metrics.histogram('size', 'bytes').record(100 * id);
  for (;;) {
    await session.send(chatTo(user.jid, 'hello'));
    await session.waitForStanza(isChatMessage('hello'));
    await user.sleep('100ms');
  }
}
`;

/** A console that stays open until its input ends. */
function openConsole(project: Project, env: Record<string, string>) {
  const child = project.start(['console'], env);
  let out = '';
  let err = '';
  child.stdout.on('data', (data) => (out += String(data)));
  child.stderr.on('data', (data) => (err += String(data)));
  return {
    type: (line: string) => void child.stdin.write(`${line}\n`),
    saw: (pattern: RegExp) =>
      eventually(
        () => out + err,
        (text) => pattern.test(text),
        60_000,
      ),
    text: () => out + err,
    end: async () => {
      child.stdin.end();
      await new Promise((resolve) => child.once('close', resolve));
    },
  };
}

function resultOf(project: Project): RunResult {
  const last = listRuns(`${project.folder}/runs`).at(-1)?.result;
  assert.ok(last !== undefined, 'the run has no result');
  return last;
}

/**
 * Waits until a value is there and as it should be: what a server has taken in can be read a moment later.
 * Graphite keeps it in 64 bits, and is sent six digits behind the point.
 */
async function settles(
  what: string,
  look: () => number | undefined | Promise<number | undefined>,
  expected: number,
): Promise<void> {
  const isNear = (actual: number | undefined): boolean =>
    actual !== undefined && Math.abs(actual - expected) <= 1e-6 + Math.abs(expected) * 1e-9;
  await eventually(look, isNear, 30_000).catch((cause: unknown) => {
    throw new Error(`${what} is not ${expected}`, { cause });
  });
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

describe('outputs', () => {
  it('real carbon, graphite-web and Prometheus have the run as its result has it', async () => {
    await using carbon = await Carbon.start();
    await using web = await GraphiteWeb.start(carbon);
    const port = await freePort();
    await using prometheus = await Prometheus.start(port);
    using project = new Project({ talkers });
    const shell = openConsole(project, {
      AMOC_GRAPHITE: `127.0.0.1:${carbon.port}`,
      AMOC_GRAPHITE_PREFIX: 'test',
      AMOC_GRAPHITE_INTERVAL: '1s',
      AMOC_GRAPHITE_EVENTS: web.url,
      AMOC_PROMETHEUS_PORT: String(port),
    });
    shell.type(
      "amocLocal.do('talkers', 1, 10, { comment: 'to be read back', interarrival: '10ms' })",
    );
    await shell.saw(/all 10 users are running/);
    await eventually(
      () => carbon.fetch('test.amoc.counters.messages_received.count').length,
      (points) => points >= 3,
      60_000,
    );
    shell.type('amocLocal.add(2)');
    await shell.saw(/all 12 users are running/);
    await eventually(
      () => prometheus.query('sum(amoc_node_users)'),
      (users) => users === 12,
    );
    shell.type('amocLocal.remove(3, { force: true })');
    await shell.saw(/9 remain/);
    shell.type('amocLocal.stop({ force: true })');
    await shell.saw(/has stopped after/);
    const result = resultOf(project);
    const { counters, times } = result.metrics;
    assert.deepEqual(result.counts.arrived, result.counts.recorded);
    assert.ok((counters['messages_sent'] ?? 0) > 100, JSON.stringify(counters));
    assert.equal(counters['rounds{kind="odd"}'], 6);
    assert.equal(times['size']?.count, 12);
    const { messages_sent: sent = 0 } = counters;
    const ttd = times['message_ttd'];
    assert.ok(ttd !== undefined);
    for (const [path, of, value] of [
      ['test.amoc.counters.messages_sent.count', (all: number[]) => all.at(-1), sent],
      ['test.amoc.counters.messages_sent.one', sum, sent],
      ['test.amoc.times.message_ttd.count', sum, ttd.count],
      ['test.amoc.times.message_ttd.max', (all: number[]) => Math.max(...all), ttd.max],
      ['test.nodes.local.amoc.counters.messages_sent.count', (all: number[]) => all.at(-1), sent],
      ['test.amoc.users.size', (all: number[]) => Math.max(...all), 12],
    ] as const) {
      await settles(path, () => of(carbon.fetch(path)), value);
    }
    for (const [name, value] of Object.entries({
      mean: ttd.mean,
      min: ttd.min,
      max: ttd.max,
      median: ttd.p50,
      '95': ttd.p95,
      '99': ttd.p99,
      '999': ttd.p999,
      count: ttd.count,
    })) {
      const target = `test.amoc.run.times.message_ttd.${name}`;
      await settles(target, async () => (await web.render(target)).at(-1), value);
    }
    const rounds = 'test.amoc.counters.rounds.odd.count';
    await settles(rounds, async () => (await web.render(rounds)).at(-1), 6);

    const events = await eventually(
      () => web.events('amoc'),
      (seen) => seen.length >= 4,
    );
    const kinds = events.map(({ tags }) => tags.find((tag) => tag !== 'amoc' && tag !== 'talkers'));
    for (const kind of ['start', 'add', 'remove', 'stop']) assert.ok(kinds.includes(kind), kind);
    const start = events.find(({ tags }) => tags.includes('start'));
    assert.match(start?.data ?? '', /comment: to be read back\n/);
    assert.match(start?.data ?? '', /start: 1, end: 10\n/);
    assert.equal((await web.events('start')).length, 1);

    await eventually(
      () => prometheus.query('amoc_messages_sent_total'),
      (value) => value === sent,
    );
    for (const [query, value] of [
      ['amoc_message_ttd_seconds_count', ttd.count],
      ['amoc_message_ttd_seconds_bucket{le="+Inf"}', ttd.count],
      ['amoc_rounds_total{kind="even"}', 6],
      ['amoc_size_bytes_count', 12],
      ['amoc_size_bytes_sum', times['size'].mean * 12],
      ['amoc_run_info{scenario="talkers",comment="to be read back"}', 1],
      ['sum(amoc_users{cluster="amocLocal",state="running"})', 0],
      ['max_over_time(sum(amoc_node_users)[5m:1s])', 12],
    ] as const) {
      await settles(query, () => prometheus.query(query), value);
    }
    const sumQuery = 'amoc_message_ttd_seconds_sum * 1000';
    await settles(sumQuery, () => prometheus.query(sumQuery), ttd.mean * ttd.count);
    const p99 = await prometheus.query(
      'histogram_quantile(0.99, sum by (le) (amoc_message_ttd_seconds_bucket)) * 1000',
    );
    assert.ok(p99 !== undefined && p99 > 0);
    const exposition = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    execFileSync('/usr/bin/promtool', ['check', 'metrics'], { input: exposition });
    await shell.end();
  });

  it('real Prometheus takes what there is beside series that cannot be shown, and labels with any text', async () => {
    const port = await freePort();
    const { definition, row, totals } = runOf({
      counters: {
        ...{ req: 1, 'req{a="1"}': 2, 'req{b="1"}': 3, bad: -1, 'a.b': 4, a_b: 5 },
        ...Object.fromEntries(hostileTexts.map((text, at) => [`odd{n="${at}",text="${text}"}`, 1])),
        ...Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`many{n="${at}"}`, at])),
      },
      gauges: { lat_seconds: 6, nothing: NaN },
      times: ['lat', 'took{le="1",cluster="mine"}'],
      nodes: ['local/1'],
      comment: hostileTexts.join(' '),
    });
    const source = new PrometheusSource('amocLocal');
    source.started(definition);
    source.second(row, totals);
    await using server = await servePrometheus('127.0.0.1', port, [source]);
    await using prometheus = await Prometheus.start(server.port);
    await settles('up', () => prometheus.query('up'), 1);
    for (const [query, value] of [
      ['count(amoc_many_total)', 10_000],
      ['sum(amoc_req_total)', 6],
      ['amoc_a_b_total', 4],
      ['amoc_lat_seconds', 6],
      ['amoc_took_seconds_count{cluster="amocLocal",exported_cluster="mine",exported_le="1"}', 3],
      ['count(amoc_run_info)', 1],
      ['sum(amoc_node_users)', 5],
    ] as const) {
      await settles(query, () => prometheus.query(query), value);
    }
  });

  it('carbon killed and started again: the run goes on, what was dropped is counted', async () => {
    await using carbon = await Carbon.start();
    using project = new Project({ talkers });
    const shell = openConsole(project, {
      AMOC_GRAPHITE: `127.0.0.1:${carbon.port}`,
      AMOC_GRAPHITE_PREFIX: 'test',
      AMOC_GRAPHITE_INTERVAL: '1s',
      // Less than two seconds' worth.
      AMOC_GRAPHITE_BUFFER: '150',
    });
    const path = 'test.amoc.counters.messages_received.count';
    shell.type("amocLocal.do('talkers', 1, 10, { interarrival: 0 })");
    await eventually(
      () => carbon.fetch(path).length,
      (points) => points >= 2,
      60_000,
    );
    await carbon.kill();
    const before = carbon.fetch(path).at(-1) ?? 0;
    await shell.saw(/Graphite \(127\.0\.0\.1:\d+\) is unavailable: .*the run continues/);
    shell.type('await sleep("4s"); (await amocLocal.status()).users.running');
    await shell.saw(/^10$/m);
    await carbon.start();
    await shell.saw(/Graphite is back after \d+ s; [\d,]+ values were dropped/);
    // It may be away more than once while carbon starts.
    const said = (): number =>
      sum(
        [...shell.text().matchAll(/([\d,]+) values were dropped/g)].map(([, many]) =>
          Number(many?.replaceAll(',', '')),
        ),
      );
    assert.ok(said() > 0);
    const after = await eventually(
      () => carbon.fetch(path).at(-1) ?? 0,
      (value) => value > before,
      60_000,
    );
    assert.ok(after > before);
    // What was kept meanwhile says how many there were by then.
    await eventually(
      () => carbon.fetch('test.amoc.graphite.dropped').at(-1),
      (counted) => counted === said(),
      60_000,
    );
    shell.type('amocLocal.stop({ force: true })');
    await shell.saw(/has stopped after .* 0 crashed/);
    await shell.end();
    const { counts, users } = resultOf(project);
    assert.equal(counts.arrived, counts.recorded);
    assert.equal(users.crashed, 0);
  });

  it('Grafana and an OpenTelemetry collector get what they asked for', async () => {
    const seen: { path: string; body: string; authorization: string | undefined }[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { url = '', headers } = request;
        const body = Buffer.concat(chunks).toString();
        seen.push({ path: url, body, authorization: headers.authorization });
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      using project = new Project({ talkers });
      const ended = await project.amoc(['run', 'talkers', '1', '4', '--for', '3s'], {
        env: {
          AMOC_GRAFANA_URL: `${url}/grafana`,
          AMOC_GRAFANA_TOKEN: 'glsa_secret',
          AMOC_OTLP_URL: `${url}/v1/metrics`,
          AMOC_OTLP_INTERVAL: '1s',
          AMOC_STOP_TIMEOUT: '100ms',
        },
      });
      assertRan(ended.code, ended.err);
      const marks = seen.filter(({ path }) => path === '/grafana/api/annotations');
      assert.deepEqual(
        [...new Set(marks.map(({ authorization }) => authorization))],
        ['Bearer glsa_secret'],
      );
      const start = JSON.parse(marks[0]?.body ?? '{}') as { tags: string[]; text: string };
      assert.deepEqual(start.tags, ['amoc', 'start', 'talkers']);
      assert.match(start.text, /scenario: talkers/);
      const metrics = seen.filter(({ path }) => path === '/v1/metrics').map(({ body }) => body);
      assert.match(metrics.at(-1) ?? '', /amoc\.messages_sent/);
      assert.match(metrics.at(-1) ?? '', /"quantile".*"0\.99"/);
      assert.doesNotMatch(ended.out + ended.err, /glsa_secret/);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});
