import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PROTOCOL_VERSION } from '../../src/protocol/messages.ts';
import { acceptHandshake, offerHandshake } from '../../src/protocol/handshake.ts';
import type { NodeInfo } from '../../src/protocol/messages.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { MemoryTransport } from '../support/memory-transport.ts';

const info: NodeInfo = {
  name: 'slave1',
  host: 'h',
  pid: 1,
  version: '0',
  identity: '0123456789abcdef',
  node: '20',
};

function meet(masterCookie: string, slaveCookie: string): Promise<PromiseSettledResult<unknown>[]> {
  const clock = new FakeClock();
  const [master, slave] = MemoryTransport.pair(clock);
  const both = Promise.allSettled([
    acceptHandshake(master, masterCookie, clock),
    offerHandshake(slave, slaveCookie, 'slave', info, clock),
  ]);
  return clock.resolve(both);
}

const reasonOf = (result: PromiseSettledResult<unknown> | undefined): unknown =>
  result?.status === 'rejected' ? result.reason : undefined;

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

describe('the handshake', () => {
  it('joins two that know the cookie', async () => {
    const [master, slave] = await meet('secret', 'secret');
    assert.deepEqual(master, { status: 'fulfilled', value: { role: 'slave', info } });
    assert.equal(slave?.status, 'fulfilled');
  });

  it('tells both sides of a wrong cookie', async () => {
    const [master, slave] = await meet('secret', 'guess');
    assert.match(String(reasonOf(master)), /wrong cookie/);
    assert.match(String(reasonOf(slave)), /wrong cookie/);
  });

  it('lets a slave refuse a master that does not know the cookie', async () => {
    const clock = new FakeClock();
    const [fake, slave] = MemoryTransport.pair(clock);
    const offered = offerHandshake(slave, 'secret', 'slave', info, clock);
    fake.send(JSON.stringify({ type: 'challenge', version: 1, nonce: 'a'.repeat(64) }));
    await clock.advance(5);
    fake.send(JSON.stringify({ type: 'welcome', proof: 'b'.repeat(64) }));
    await assert.rejects(clock.resolve(offered), /the master does not know the cookie/);
  });

  it('tells a node that may not join why, with a proof that it is the master who says so', async () => {
    const clock = new FakeClock();
    const [master, slave] = MemoryTransport.pair(clock);
    const reason = 'it was evicted';
    const both = Promise.allSettled([
      acceptHandshake(master, 's', clock, () => ({ code: 'EVICTED', reason })),
      offerHandshake(slave, 's', 'slave', info, clock),
    ]);
    const [accepted, offered] = await clock.resolve(both);
    assert.deepEqual([reasonOf(accepted), reasonOf(offered)].map(codeOf), ['EVICTED', 'EVICTED']);
    assert.match(String(reasonOf(offered)), /it was evicted/);
  });

  it('believes no refusal for good that comes without a proof', async () => {
    const clock = new FakeClock();
    const [fake, slave] = MemoryTransport.pair(clock);
    const offered = offerHandshake(slave, 'secret', 'slave', info, clock);
    fake.send(JSON.stringify({ type: 'challenge', version: 1, nonce: 'a'.repeat(64) }));
    await clock.advance(5);
    const refused = { type: 'refused', reason: 'go', why: 'EVICTED', proof: 'b'.repeat(64) };
    fake.send(JSON.stringify(refused));
    await assert.rejects(clock.resolve(offered), { code: 'AUTHENTICATION' });
  });

  it('is of no use to one who sits between two TLS connections', async () => {
    const clock = new FakeClock();
    const [master, toMaster] = MemoryTransport.pair(clock);
    const [toSlave, slave] = MemoryTransport.pair(clock);
    master.channelBinding = 'one channel';
    slave.channelBinding = 'another channel';
    toMaster.onFrame = (frame) => toSlave.send(frame);
    toSlave.onFrame = (frame) => toMaster.send(frame);
    const both = Promise.allSettled([
      acceptHandshake(master, 's', clock),
      offerHandshake(slave, 's', 'slave', info, clock),
    ]);
    const [accepted, offered] = await clock.resolve(both);
    assert.match(String(reasonOf(accepted)), /wrong cookie/);
    assert.match(String(reasonOf(offered)), /wrong cookie/);
  });

  it('never sends the cookie', async () => {
    const clock = new FakeClock();
    const [master, slave] = MemoryTransport.pair(clock);
    await clock.resolve(
      Promise.all([
        acceptHandshake(master, 'very secret', clock),
        offerHandshake(slave, 'very secret', 'slave', info, clock),
      ]),
    );
    assert.ok(![...master.sent, ...slave.sent].some((frame) => frame.includes('very secret')));
  });

  it('takes no proof a second time', async () => {
    const clock = new FakeClock();
    const [master, slave] = MemoryTransport.pair(clock);
    await clock.resolve(
      Promise.all([
        acceptHandshake(master, 's', clock),
        offerHandshake(slave, 's', 'slave', info, clock),
      ]),
    );
    const [again, replayer] = MemoryTransport.pair(clock);
    const accepted = acceptHandshake(again, 's', clock);
    replayer.send(slave.sent[0]!);
    await assert.rejects(clock.resolve(accepted), { code: 'AUTHENTICATION' });
  });

  for (const [what, frame] of [
    ['no JSON', '{'],
    ['another message', '{"type":"report"}'],
    [
      'a name that is none',
      JSON.stringify({
        type: 'hello',
        version: 1,
        role: 'slave',
        nonce: 'a'.repeat(64),
        proof: 'a'.repeat(64),
        info: { ...info, name: '../../etc' },
      }),
    ],
  ] as const) {
    it(`closes a connection that begins with ${what}`, async () => {
      const clock = new FakeClock();
      const [master, stranger] = MemoryTransport.pair(clock);
      const accepted = acceptHandshake(master, 's', clock);
      stranger.send(frame);
      await assert.rejects(clock.resolve(accepted), { code: 'PROTOCOL' });
    });
  }

  it('gives up on a stranger that says nothing', async () => {
    const clock = new FakeClock();
    const [master] = MemoryTransport.pair(clock);
    await assert.rejects(clock.resolve(acceptHandshake(master, 's', clock)), { code: 'TIMEOUT' });
  });

  it('tells a node of another version which it needs', async () => {
    const clock = new FakeClock();
    const [master, slave] = MemoryTransport.pair(clock);
    const accepted = acceptHandshake(master, 's', clock);
    const hello = {
      type: 'hello',
      version: 99,
      role: 'slave',
      nonce: 'a'.repeat(64),
      proof: 'a'.repeat(64),
      info,
    };
    slave.send(JSON.stringify(hello));
    await assert.rejects(
      clock.resolve(accepted),
      new RegExp(`speaks protocol ${PROTOCOL_VERSION}, the node speaks 99`),
    );
    assert.match(master.sent.at(-1)!, /refused.*install the same amoc on both/);
  });
});
