import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { deferred } from '../../src/lib/time/async.ts';
import { AmocError } from '../../src/lib/errors.ts';
import type { JsonValue } from '../../src/lib/text/bounded-json.ts';
import { MasterPeer, MAX_OPEN_REQUESTS, SlavePeer } from '../../src/protocol/peer.ts';
import type { Handlers } from '../../src/protocol/peer.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { VirtualClock } from '../simulation/virtual-clock.ts';
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
  const all = { ping: () => ({}), ...handlers } as Handlers;
  const slave = new SlavePeer(slaveEnd, clock, { handlers: all });
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

  it('ask each other, each with its own numbers', async () => {
    const { clock, master, slave } = setUp({
      feature: async ({ body }) => ({ body: [body, await ask('back')] }),
    });
    const ask = async (body: string): Promise<JsonValue> =>
      (await slave.request('feature', { run: 'r', name: 'f', body }, 1000)).body ?? null;
    master.handlers = { feature: ({ body }) => ({ body: ['forth', body] }) };
    const asked = master.request('feature', { run: 'r', name: 'f', body: 1 }, 1000);
    assert.deepEqual(await clock.resolve(asked), { body: [1, ['forth', 'back']] });
    assert.equal(clock.pending, 0);
  });

  it('refuse requests while nothing answers them, and go on', async () => {
    const { clock, slave, master } = setUp();
    const params = { run: 'r', name: 'f', body: null };
    await assert.rejects(clock.resolve(slave.request('feature', params, 1000)), {
      code: 'NO_RUN',
    });
    await clock.resolve(master.request('ping', {}, 1000));
  });

  it('have a bound of open requests at either end', async () => {
    const clock = new VirtualClock();
    const [masterEnd, slaveEnd] = MemoryTransport.pair(clock);
    const master = new MasterPeer(masterEnd, clock);
    const handlers = { ping: () => new Promise(() => {}) } as unknown as Handlers;
    new SlavePeer(slaveEnd, clock, { handlers });
    const ask = (): Promise<unknown> => master.request('ping', {}, 60_000);
    const results = Promise.allSettled(Array.from({ length: MAX_OPEN_REQUESTS }, ask));
    await assert.rejects(ask(), { code: 'BUSY' });
    // A side that does not keep to it is told so.
    masterEnd.send(JSON.stringify({ type: 'request', id: 1e6, operation: 'ping', params: {} }));
    await clock.advance(10);
    assert.match(slaveEnd.sent.at(-1) ?? '', /"type":"failure","id":1000000,.*"code":"BUSY"/);
    masterEnd.close('enough');
    assert.ok((await results).every(({ status }) => status === 'rejected'));
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
        assert.match(closed, /^invalid message: ./);
      }),
      { numRuns: 200 },
    );
  });

  it('say what does not fit, and where', async () => {
    const cases: [frame: string, reason: RegExp][] = [
      ['{', /not JSON/],
      ['{"type":"beat","sequence":"one"}', /sequence: .*expected number/],
      ['{"type":"logs","dropped":0,"records":[{"level":"x","time":1}]}', /records\.0\.level/],
      [`{"type":"failure","id":1,"error":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, /error/],
    ];
    for (const [frame, reason] of cases) {
      const { clock, master, slaveEnd } = setUp();
      let closed = '';
      const faults: unknown[] = [];
      master.onClose = (why) => (closed = why);
      master.onFault = (error) => faults.push(error);
      slaveEnd.send(frame);
      await clock.advance(10);
      assert.match(closed, reason);
      assert.ok(closed.length < 300, closed);
      assert.equal(faults.length, 1);
    }
  });

  it('close the connection when what hears a message fails, and nothing else', async () => {
    const { clock, master, slaveEnd } = setUp();
    let closed = '';
    master.onClose = (why) => (closed = why);
    master.onMessage = () => {
      throw new AmocError('PROTOCOL', 'a histogram is damaged');
    };
    slaveEnd.send('{"type":"leaving"}');
    slaveEnd.send('{"type":"leaving"}');
    await clock.advance(10);
    assert.equal(closed, 'invalid message: a histogram is damaged');
  });

  for (const depth of [100, 2000, 20_000]) {
    it(`take no answer that is nested ${depth} deep, and go on`, async () => {
      const { clock, master, slaveEnd } = setUp({ setup: () => new Promise(() => {}) });
      const asked = master.request('setup', { run: 'r' }, 1000);
      await clock.advance(5);
      const value = `${'['.repeat(depth)}${']'.repeat(depth)}`;
      slaveEnd.send(`{"type":"reply","id":1,"result":{"value":${value}}}`);
      await assert.rejects(clock.resolve(asked), {
        code: 'PROTOCOL',
        message: "the answer to 'setup': value: is too deep or too large",
      });
      await clock.resolve(master.request('ping', {}, 1000));
    });
  }

  it('close the connection on a frame that is nested millions deep, before it is parsed', async () => {
    const { clock, master, slaveEnd } = setUp();
    const closed = deferred<string>();
    master.onClose = closed.resolve;
    const began = process.cpuUsage();
    const nested = `${'['.repeat(3_000_000)}${']'.repeat(3_000_000)}`;
    slaveEnd.send(`{"type":"beat","sequence":1,"more":${nested}}`);
    await clock.advance(10);
    assert.match(await closed.promise, /^invalid message: nested more than 100 deep$/);
    // To parse it takes more than a second.
    assert.ok(process.cpuUsage(began).user < 700_000, 'it was parsed');
  });

  it('send no answer that the other side would not take', async () => {
    const deep = JSON.parse(`${'['.repeat(100)}${']'.repeat(100)}`) as never;
    const users = Array.from({ length: 300 }, (_, at) => ({
      id: at + 1,
      state: 'crashed' as const,
      repetitions: 0,
      error: '\u0000'.repeat(60_000),
    }));
    const { clock, master } = setUp({
      setup: () => ({ value: deep }),
      users: () => ({ users, errors: [] }),
    });
    await assert.rejects(clock.resolve(master.request('setup', { run: 'r' }, 1000)), {
      code: 'PROTOCOL',
      message: "the answer to 'setup': value: is too deep or too large",
    });
    await assert.rejects(clock.resolve(master.request('users', { limit: 300 }, 1000)), {
      code: 'PROTOCOL',
      message: /^the answer to 'users' has 108\d+ bytes; at most 16777216 can be sent$/,
    });
    await clock.resolve(master.request('ping', {}, 1000));
  });

  it('answer a request with wrong parameters by an error, and go on', async () => {
    const { clock, master } = setUp();
    await assert.rejects(clock.resolve(master.request('assign', { run: 5 } as never, 1000)), {
      code: 'PROTOCOL',
    });
    await clock.resolve(master.request('ping', {}, 1000));
  });
});
