import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { systemClock } from '../../src/lib/time/clock.ts';
import { MetricsRegistry } from '../../src/metrics/metrics.ts';
import { decodeDelta } from '../../src/metrics/totals.ts';
import type { Output } from '../../src/outputs/output.ts';
import { statsd } from '../../src/outputs/statsd.ts';
import type { SecondRow } from '../../src/record/second.ts';
import { hostileText } from '../support/hostile-text.ts';
import { runOf } from '../support/metrics-source.ts';
import { eventually } from '../support/eventually.ts';

/** A daemon that keeps what it gets. */
class Daemon implements AsyncDisposable {
  readonly datagrams: Buffer[] = [];
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (datagram) => this.datagrams.push(datagram));
  }

  static async open(): Promise<Daemon> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new Daemon(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  get lines(): string[] {
    return this.datagrams.flatMap((datagram) => datagram.toString().split('\n'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }
}

/** The output as a process with these variables makes it. */
async function makeStatsd(
  variables: Record<`AMOC_STATSD${string}`, string>,
  said: string[] = [],
): Promise<Output | undefined> {
  Object.assign(process.env, variables);
  try {
    const tell = (level: string, text: string): unknown => said.push(`${level}: ${text}`);
    return await statsd.create({ tell, clock: systemClock, version: '1' });
  } finally {
    for (const name of Object.keys(variables)) Reflect.deleteProperty(process.env, name);
  }
}

function rowOf(registry: MetricsRegistry, nodes: readonly string[] = []): SecondRow {
  return { ...runOf({ nodes }).row, delta: decodeDelta(registry.drain()) };
}

const { definition, totals } = runOf({});

describe('StatsD', () => {
  it('gets the increase of counters, gauges, and the percentiles of times, each second', async () => {
    await using daemon = await Daemon.open();
    await using output = (await makeStatsd({ AMOC_STATSD: `127.0.0.1:${daemon.port}` }))!;
    const observer = output.observer('amocLocal');
    observer.started?.(definition);
    const registry = new MetricsRegistry();
    for (let second = 0; second < 2; second++) {
      registry.counter('sent', { to: 'a b' }).add(5);
      registry.gauge('drift').set(-1.5);
      for (let ms = 1; ms <= 100; ms++) registry.histogram('took').record(ms);
      registry.histogram('body', 'bytes').record(1200);
      observer.second?.(rowOf(registry, ['a/1', 'b/1']), totals);
    }
    observer.ended?.({} as never);
    await eventually(
      () => daemon.lines,
      (lines) => lines.at(-1) === 'amoc.users.size:0|g',
    );
    const counts = daemon.lines.filter((line) => line.startsWith('amoc.counters.'));
    assert.deepEqual(counts, ['amoc.counters.sent.a_b:5|c', 'amoc.counters.sent.a_b:5|c']);
    // "-1.5" alone would be a change by -1.5.
    const at = daemon.lines.indexOf('amoc.gauges.drift:0|g');
    assert.equal(daemon.lines[at + 1], 'amoc.gauges.drift:-1.5|g');
    const value = (name: string): string | undefined =>
      daemon.lines.find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1);
    assert.equal(value('amoc.times.took.count'), '100|c');
    for (const [stat, ms] of Object.entries({ p50: 50, p95: 95, p99: 99, max: 100 })) {
      const [number, type] = value(`amoc.times.took.${stat}`)!.split('|');
      assert.ok(Math.abs(Number(number) - ms) < 0.2, `${stat} ${number}`);
      assert.equal(type, 'ms');
    }
    assert.match(value('amoc.times.body.p99')!, /^120\d\|g$/);
    assert.equal(value('amoc.users.running'), '10|g');
    assert.equal(value('amoc.nodes.size'), '2|g');
    assert.equal(value('amoc.nodes.saturated'), '2|g');
  });

  it('gets labels as tags where it is DogStatsD, under a prefix of its own', async () => {
    await using daemon = await Daemon.open();
    await using output = (await makeStatsd({
      AMOC_STATSD: `127.0.0.1:${daemon.port}`,
      AMOC_STATSD_TAGS: 'dogstatsd',
      AMOC_STATSD_PREFIX: 'load test.eu',
    }))!;
    const observer = output.observer('amocDist');
    observer.started?.(definition);
    const registry = new MetricsRegistry();
    registry.counter('sent', { kind: 'a|b,c#d', cluster: 'mine' }).add(2);
    registry.gauge('drift').set(-1.5);
    observer.second?.(rowOf(registry), totals);
    await eventually(
      () => daemon.lines.length,
      (count) => count > 5,
    );
    assert.deepEqual(daemon.lines.slice(0, 2), [
      'load_test.eu.counters.sent:2|c|#cluster:amocDist,scenario:talk,exported_cluster:mine,kind:a_b_c_d',
      'load_test.eu.gauges.drift:-1.5|g|#cluster:amocDist,scenario:talk',
    ]);
  });

  it('gets lines that it can read, whatever a scenario calls its metrics and labels', async () => {
    await using daemon = await Daemon.open();
    const address = `127.0.0.1:${daemon.port}`;
    for (const AMOC_STATSD_TAGS of ['none', 'dogstatsd']) {
      await using output = (await makeStatsd({ AMOC_STATSD: address, AMOC_STATSD_TAGS }))!;
      const observer = output.observer('amocLocal');
      const registry = new MetricsRegistry();
      for (const text of fc.sample(hostileText, 50)) {
        registry.counter('odd', { label: text }).add(1e30);
        registry.histogram('odd_time', 'ms', { label: text }).record(1e-4);
        observer.started?.({ ...definition, scenario: text });
      }
      daemon.datagrams.length = 0;
      observer.second?.(rowOf(registry), totals);
      await eventually(
        () => daemon.lines.some((line) => line.startsWith('amoc.nodes.saturated')),
        (isThere) => isThere,
      );
      const plain = /^[\w.-]+:-?\d+(?:\.\d+)?\|(?:c|g|ms)(?:\|#[^\s|#]+)?$/;
      for (const line of daemon.lines) assert.match(line, plain);
      assert.ok(daemon.lines.length > 100);
    }
  });

  it('gets datagrams that no network splits', async () => {
    await using daemon = await Daemon.open();
    await using output = (await makeStatsd({ AMOC_STATSD: `127.0.0.1:${daemon.port}` }))!;
    const observer = output.observer('amocLocal');
    observer.started?.(definition);
    const registry = new MetricsRegistry();
    const name = (at: number): string => `${'n'.repeat(at % 90)}_${at}`;
    for (let at = 0; at < 400; at++) registry.counter(name(at)).add(at + 1);
    observer.second?.(rowOf(registry), totals);
    await eventually(
      () => daemon.lines.filter((line) => line.endsWith('|c')).length,
      (count) => count === 400,
    );
    for (const { length } of daemon.datagrams) assert.ok(length <= 1432, String(length));
    assert.ok(daemon.datagrams.length < 25, `${daemon.datagrams.length} datagrams`);
    assert.ok(daemon.lines.includes(`amoc.counters.${name(399)}:400|c`));
  });

  it('that is not there does no harm, and is reported once in a run', async () => {
    const gone = await Daemon.open();
    const { port } = gone;
    await gone[Symbol.asyncDispose]();
    for (const [host, why] of [
      [`127.0.0.1:${port}`, /ECONNREFUSED/],
      ['nowhere.invalid', /nowhere\.invalid/],
    ] as const) {
      const said: string[] = [];
      await using output = (await makeStatsd({ AMOC_STATSD: host }, said))!;
      const observer = output.observer('amocLocal');
      observer.started?.(definition);
      const registry = new MetricsRegistry();
      await eventually(
        () => {
          registry.counter('sent').add();
          observer.second?.(rowOf(registry), totals);
          return said.length;
        },
        (count) => count > 0,
      );
      for (let more = 0; more < 5; more++) observer.second?.(rowOf(registry), totals);
      observer.ended?.({} as never);
      assert.equal(said.length, 1, said.join('\n'));
      assert.match(said[0]!, /^warn: StatsD \(.+\) is unavailable: /);
      assert.match(said[0]!, why);
    }
  });

  it('is refused where its variables are wrong, and absent without them', async () => {
    assert.equal(await makeStatsd({}), undefined);
    for (const variables of [
      { AMOC_STATSD: 'a b' },
      { AMOC_STATSD: 'host:99999' },
      { AMOC_STATSD: 'host', AMOC_STATSD_TAGS: 'some' },
    ]) {
      await assert.rejects(makeStatsd(variables), { code: 'CONFIG' });
    }
  });
});
