import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { deferred } from '../../src/lib/abort.ts';
import { AmocError } from '../../src/lib/errors.ts';
import { MasterPeer, SlavePeer } from '../../src/protocol/peer.ts';
import type { Handlers } from '../../src/protocol/peer.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { MemoryTransport } from '../support/memory-transport.ts';

function setUp(handlers: Partial<Handlers> = {}): {
  clock: FakeClock;
  master: MasterPeer;
  slave: SlavePeer;
  masterEnd: MemoryTransport;
  slaveEnd: MemoryTransport;
} {
  const clock = new FakeClock();
  const [masterEnd, slaveEnd] = MemoryTransport.pair(clock);
  const master = new MasterPeer(masterEnd, clock);
  const slave = new SlavePeer(slaveEnd, { ping: () => ({}), ...handlers } as Handlers);
  return { clock, master, slave, masterEnd, slaveEnd };
}

describe('peers', () => {
  it('ask and answer', async () => {
    const { clock, master } = setUp({ finish: ({ gentleMs }) => ({ forced: gentleMs }) });
    const answer = await clock.resolve(
      master.request('finish', { run: 'r', force: false, gentleMs: 7 }, 1000),
    );
    assert.deepEqual(answer, { forced: 7 });
  });

  it('carry an error with its code to the other side', async () => {
    const { clock, master } = setUp({
      ping: () => {
        throw new AmocError('CONFIG', 'pause: 5 is wrong');
      },
    });
    await assert.rejects(clock.resolve(master.request('ping', {}, 1000)), {
      code: 'CONFIG',
      message: 'pause: 5 is wrong',
    });
  });

  it('time out, and forget the late answer', async () => {
    const late = deferred<Record<string, never>>();
    const { clock, master } = setUp({ ping: () => late.promise });
    await assert.rejects(clock.resolve(master.request('ping', {}, 1000)), {
      code: 'TIMEOUT',
      message: /no answer to 'ping' within 1 s/,
    });
    late.resolve({});
    await clock.advance(10);
    assert.equal(clock.pending, 0);
  });

  it('reject what waits when the connection ends, and what is asked later', async () => {
    const { clock, master, slaveEnd } = setUp({ ping: () => new Promise(() => {}) });
    const waiting = master.request('ping', {}, 1000);
    slaveEnd.close('gone fishing');
    await assert.rejects(clock.resolve(waiting), { code: 'NODE_LOST', message: /gone fishing/ });
    await assert.rejects(master.request('ping', {}, 1000), { code: 'NODE_LOST' });
    assert.equal(clock.pending, 0);
  });

  it('close the connection on any frame that is no message', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (frame) => {
        const { clock, master, slaveEnd, masterEnd } = setUp();
        let closed = '';
        master.onClose = (reason) => (closed = reason);
        slaveEnd.send(frame);
        masterEnd.send(frame);
        await clock.advance(10);
        assert.equal(closed, 'invalid message');
      }),
      { numRuns: 200 },
    );
  });

  it('answer a request with wrong parameters by an error, and go on', async () => {
    const { clock, master } = setUp();
    await assert.rejects(clock.resolve(master.request('assign', { run: 5 } as never, 1000)), {
      code: 'PROTOCOL',
    });
    await clock.resolve(master.request('ping', {}, 1000));
  });
});
