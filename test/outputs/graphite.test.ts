import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { describe, it } from 'node:test';
import '../../src/app/drivers.ts';
import { systemClock } from '../../src/lib/time/clock.ts';
import { MetricsRegistry } from '../../src/metrics/metrics.ts';
import { decodeDelta, MetricsTotals } from '../../src/metrics/totals.ts';
import { Carbon } from '../../src/outputs/carbon.ts';
import { GraphiteOutput } from '../../src/outputs/graphite.ts';
import type { SecondRow } from '../../src/record/types.ts';
import { eventually } from '../support/eventually.ts';

/** Something that takes lines as carbon does. */
class Listener implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('data', (data) => this.lines.push(...data.toString().split('\n').filter(Boolean)));
    });
  }

  static async open(port = 0): Promise<Listener> {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new Listener(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

function row(at: number, registry: MetricsRegistry, nodes: readonly string[]): SecondRow {
  return {
    at,
    users: {
      ...{ starting: 1, running: 2, waiting: 3, leaving: 4 },
      ...{ finished: 5, removed: 6, crashed: 7, lost: 8 },
    },
    delta: decodeDelta(registry.drain()),
    nodes: nodes.map((name, index) => ({
      ...{ name, users: 10 + index, cpu: 0.5, loopDelayMs: 2, rssBytes: 1000 },
      ...(index === 1 ? { saturated: 'its CPU is at 99 %' } : {}),
    })),
  };
}

describe('Graphite', () => {
  it('gets each machine under its own prefix, its processes added up', async () => {
    await using listener = await Listener.open();
    await using carbon = new Carbon({
      ...{ host: '127.0.0.1', port: listener.port, clock: systemClock, most: 1000 },
      notice: () => {},
    });
    let now = 1_000_000;
    const output = new GraphiteOutput({
      ...{ carbon, prefix: 'p', intervalS: 1, now: () => now, notice: () => {} },
    });
    output.started();
    const registry = new MetricsRegistry();
    const totals = new MetricsTotals();
    const names = ['far/1', 'far/2', 'near/1'];
    for (const [at, name] of names.entries()) {
      registry.counter('sent', { kind: 'a b' }).add(at + 1);
      registry.histogram('took').record(10 * (at + 1));
      const delta = registry.drain();
      totals.add(delta);
      const labels: Record<string, string> = at < 2 ? { graphite_prefix: 'dc1.far host' } : {};
      output.report({ name, labels }, decodeDelta(delta));
    }
    now += 1000;
    const all = new MetricsRegistry();
    output.second({ ...row(now, all, names), delta: decodeDelta(totals.export()) }, totals);
    await eventually(
      () => listener.lines,
      (lines) => lines.some((line) => line.startsWith('p.nodes.near.amoc.times')),
    );
    const values = new Map(listener.lines.map((line) => line.split(' ') as [string, string]));
    for (const [path, value] of Object.entries({
      'p.amoc.users.size': '10',
      'p.amoc.users.crashed': '7',
      'p.amoc.counters.sent.a_b.count': '6',
      'p.amoc.times.took.count': '3',
      'p.amoc.nodes.size': '3',
      'p.amoc.nodes.saturated': '1',
      'dc1.far_host.amoc.users.size': '21',
      'dc1.far_host.amoc.counters.sent.a_b.count': '3',
      'dc1.far_host.amoc.times.took.count': '2',
      'dc1.far_host.vm.1.cpu': '0.5',
      'dc1.far_host.vm.2.saturated': '1',
      'p.nodes.near.amoc.users.size': '12',
      'p.nodes.near.amoc.counters.sent.a_b.one': '3',
    })) {
      assert.equal(values.get(path), value, path);
    }
    assert.ok(Math.abs(Number(values.get('p.amoc.times.took.max')) - 30) < 0.1);
    for (const line of listener.lines) assert.match(line, /^[\w.-]+ -?[\d.]+(?:e-?\d+)? 1001$/);
  });

  it('gets the first of two series that have one path there, and the other is named once', async () => {
    await using listener = await Listener.open();
    await using carbon = new Carbon({
      ...{ host: '127.0.0.1', port: listener.port, clock: systemClock, most: 1000 },
      notice: () => {},
    });
    let now = 1_000_000;
    const said: string[] = [];
    const output = new GraphiteOutput({
      ...{ carbon, prefix: 'p', intervalS: 1, now: () => now },
      notice: (level, text) => said.push(`${level}: ${text}`),
    });
    output.started();
    const registry = new MetricsRegistry();
    const totals = new MetricsTotals();
    for (let time = 0; time < 2; time++) {
      registry.counter('sent', { to: 'a b' }).add(1);
      registry.counter('sent', { to: 'a_b' }).add(100);
      // Of another kind: it has a folder of its own.
      registry.gauge('seen', { by: 'a_b' }).set(7);
      const second = row(now, registry, ['near/1']);
      totals.addDecoded(second.delta);
      now += 1000;
      output.second(second, totals);
    }
    await eventually(
      () => listener.lines,
      (lines) => lines.includes('p.amoc.graphite.dropped 0 1002'),
    );
    const sent = listener.lines.filter((line) => line.includes('.a_b.'));
    assert.deepEqual(sent.sort(), [
      'p.amoc.counters.sent.a_b.count 1 1001',
      'p.amoc.counters.sent.a_b.count 2 1002',
      'p.amoc.counters.sent.a_b.one 1 1001',
      'p.amoc.counters.sent.a_b.one 1 1002',
      'p.amoc.gauges.seen.a_b.value 7 1001',
      'p.amoc.gauges.seen.a_b.value 7 1002',
    ]);
    assert.deepEqual(said, [
      'warn: Graphite: sent{to="a_b"} is left out: its path, amoc.counters.sent.a_b, is taken by sent{to="a b"}',
    ]);
  });

  it('keeps the newest of what it cannot send, and counts the rest', async () => {
    const gone = await Listener.open();
    const { port } = gone;
    await gone[Symbol.asyncDispose]();
    const said: string[] = [];
    await using carbon = new Carbon({
      ...{ host: '127.0.0.1', port, clock: systemClock, most: 10 },
      notice: (level, text) => said.push(`${level}: ${text}`),
    });
    for (let at = 1; at <= 25; at++) carbon.send([`path.${at} 1 1`]);
    await eventually(
      () => said.length,
      (count) => count === 1,
    );
    assert.match(said[0]!, /^warn: Graphite .* is unavailable: .*ECONNREFUSED/);
    assert.equal(carbon.dropped, 15);
    await using back = await Listener.open(port);
    await eventually(
      () => back.lines.length,
      (count) => count === 10,
    );
    assert.deepEqual(
      back.lines.map((line) => line.split(' ')[0]),
      Array.from({ length: 10 }, (_, at) => `path.${at + 16}`),
    );
    assert.match(said[1]!, /^info: Graphite is back after \d+ s; 15 values were dropped/);
  });
});
