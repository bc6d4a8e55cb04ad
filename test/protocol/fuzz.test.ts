import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import pino from 'pino';
import { collectGarbage } from '../../src/lib/collect-garbage.ts';
import { seededRandom } from '../../src/lib/random.ts';
import type { Random } from '../../src/lib/random.ts';
import { acceptHandshake } from '../../src/protocol/handshake.ts';
import { requests } from '../../src/protocol/messages.ts';
import { MasterPeer } from '../../src/protocol/peer.ts';
import { Transport } from '../../src/protocol/transport.ts';
import { Slave } from '../../src/slave/slave.ts';
import { MemoryCluster } from '../support/memory-cluster.ts';
import { VirtualClock } from '../simulation/virtual-clock.ts';

const FRAMES = Number(process.env['AMOC_FUZZ_FRAMES'] ?? 200_000);
const SEED = Number(process.env['AMOC_FUZZ_SEED'] ?? Date.now() % 1_000_000);
const BATCH = 1000;

/** A connection whose other side says whatever it likes, also when it was told to go. */
class FuzzTransport extends Transport {
  closes = 0;

  constructor() {
    super('fuzz');
  }

  override send(): void {}

  override close(): void {
    this.closes++;
  }

  protected override shut(): void {}

  feed(frame: string): void {
    this.arrived(frame);
  }
}

const slaveTypes = ['reply', 'failure', 'report', 'logs', 'blocked', 'unblocked', 'beat'];
const masterTypes = ['request', 'beat', 'kill'];
const strangerTypes = ['hello', 'challenge', 'welcome', 'refused'];
const names = ['type', 'id', 'run', 'ids', 'users', 'load', 'delta', 'ended', 'operation', 'params']
  .concat(['revision', 'force', 'sequence', 'digest', 'proof', 'nonce', 'version', 'info', 'role'])
  .concat(['name', 'records', 'at', 'acked', 'from', 'to', 'step', '__proto__', 'constructor']);

function anything(random: Random, depth = 0): unknown {
  const kind = random.integer(0, depth > 4 ? 6 : 8);
  switch (kind) {
    case 0:
      return random.integer(-5, 5);
    case 1:
      return random.pick([1e308, -1, 0.5, 2 ** 53, 1e9]);
    case 2:
      return random.pick([
        '',
        'x',
        'a'.repeat(64),
        'b'.repeat(5000),
        '\u0000',
        '../../etc',
        'work',
      ]);
    case 3:
      return random.float() < 0.5;
    case 4:
      return null;
    case 5:
      return [{ from: 1, to: random.integer(1, 1e8), step: 1 }];
    case 6:
      return {};
    case 7:
      return Array.from({ length: random.integer(0, 4) }, () => anything(random, depth + 1));
    default:
      return record(random, depth + 1);
  }
}

function record(random: Random, depth: number): Record<string, unknown> {
  const entries = Array.from({ length: random.integer(0, 6) }, () => [
    random.pick(names),
    anything(random, depth),
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function frame(random: Random, types: readonly string[]): string {
  const kind = random.float();
  if (kind < 0.1) return random.pick(['', '{', '[]', 'null', '"x"', '\uD800', '{"type":"report"']);
  if (kind < 0.12) return `${'['.repeat(2000)}${']'.repeat(2000)}`;
  const message = {
    ...record(random, 0),
    type: random.pick(types),
    ...(random.float() < 0.7 ? { id: random.integer(0, 50) } : {}),
    ...(random.float() < 0.5 ? { operation: random.pick(Object.keys(requests)) } : {}),
    ...(random.float() < 0.5 ? { params: record(random, 1) } : {}),
  };
  const text = JSON.stringify(message);
  if (random.float() < 0.8) return text;
  const at = random.integer(0, text.length - 1);
  return text.slice(0, at) + random.pick(['', '{', '"', ',', '9e999', '\\u']) + text.slice(at + 1);
}

/** Feeds frames in turns of the event loop; the heap must not grow with them. */
async function feed(count: number, one: () => unknown): Promise<void> {
  const heapMb = (): number => {
    collectGarbage();
    return process.memoryUsage().heapUsed / 1024 / 1024;
  };
  for (let at = 0; at < BATCH * 5; at++) await one();
  const before = heapMb();
  for (let fed = BATCH * 5; fed < count; fed += BATCH) {
    for (let at = 0; at < BATCH; at++) await one();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const grown = heapMb() - before;
  assert.ok(grown < 16, `the heap has grown by ${grown.toFixed(1)} MB (seed ${SEED})`);
}

describe(`a peer that sends anything (seed ${SEED})`, () => {
  it('harms no master that trusts it', async () => {
    const random = seededRandom(SEED, 1);
    const cluster = new MemoryCluster({ work: { start: () => {} } });
    const transport = new FuzzTransport();
    const peer = new MasterPeer(transport, cluster.clock);
    const info = {
      name: 'slave1/1',
      host: 'h',
      pid: 1,
      version: '0',
      node: '20',
      identity: '0123456789abcdef',
    };
    assert.equal(cluster.master.members.join(info, peer), undefined);
    await feed(FRAMES * 0.4, () => transport.feed(frame(random, slaveTypes)));
    assert.ok(transport.closes > 0);
    assert.equal(cluster.master.state.is, 'idle');
  });

  it('harms no slave that trusts it', async () => {
    const random = seededRandom(SEED, 2);
    const clock = new VirtualClock();
    using slave = new Slave({
      name: 'slave1/1',
      clock,
      logger: pino({ level: 'silent' }),
      load: () => Promise.resolve({ start: () => {} }),
      readLoad: () => ({ cpu: 0, loopDelayMs: 0, rssBytes: 1 }),
      leased: true,
    });
    const transport = new FuzzTransport();
    slave.serve(transport);
    await feed(FRAMES * 0.4, () => transport.feed(frame(random, masterTypes)));
    assert.ok(transport.closes > 0);
    assert.equal(slave.hasUsers, false);
  });

  it('gets nowhere without the cookie', async () => {
    const random = seededRandom(SEED, 3);
    const clock = new VirtualClock();
    let refused = 0;
    const count = FRAMES * 0.2;
    await feed(count, async () => {
      const transport = new FuzzTransport();
      transport.feed(frame(random, strangerTypes));
      await acceptHandshake(transport, 'the cookie', clock).catch(() => refused++);
    });
    assert.ok(refused >= count, `${count - refused} were let in`);
  });
});
