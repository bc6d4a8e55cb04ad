import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import pino from 'pino';
import { collectGarbage } from '../../src/lib/system/collect-garbage.ts';
import { seededRandom } from '../../src/lib/ids/random.ts';
import { acceptHandshake } from '../../src/protocol/handshake.ts';
import { MasterPeer } from '../../src/protocol/peer.ts';
import { Transport } from '../../src/protocol/transport.ts';
import { Slave } from '../../src/slave/slave.ts';
import { frame, masterTypes, slaveTypes, strangerTypes } from '../fuzz/frames.ts';
import { cases, seed } from '../support/cases.ts';
import { MemoryCluster } from '../support/memory-cluster.ts';
import { VirtualClock } from '../simulation/virtual-clock.ts';
import { loadedDrivers } from '../support/drivers.ts';

const FRAMES = cases('AMOC_FUZZ_FRAMES', 200_000);
const SEED = seed();
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
      drivers: loadedDrivers,
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
