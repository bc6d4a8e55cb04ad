import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { deferred } from '../../src/lib/time/async.ts';
import type { Transport } from '../../src/protocol/transport.ts';
import { eventually } from '../support/eventually.ts';
import { dialMaster, listenForSlaves } from '../../src/protocol/websocket-transport.ts';

const here = { host: '127.0.0.1', port: 0 };

describe('the WebSocket transport', () => {
  it('carries frames both ways and tells the other side why it closes', async () => {
    const arrived = deferred<Transport>();
    await using listener = await listenForSlaves(here, arrived.resolve);
    const slave = await dialMaster(`ws://127.0.0.1:${listener.port}`);
    const master = await arrived.promise;
    master.send('from the master');
    assert.equal(await slave.nextFrame(), 'from the master');
    slave.send('from the slave');
    assert.equal(await master.nextFrame(), 'from the slave');
    const closed = deferred<string>();
    slave.onClose = closed.resolve;
    master.close('enough of it');
    assert.equal(await closed.promise, 'enough of it');
  });

  it('refuses browsers', async () => {
    await using listener = await listenForSlaves(here, () => assert.fail('it got in'));
    const browser = new WebSocket(`ws://127.0.0.1:${listener.port}`, {
      origin: 'http://evil.example',
    });
    const [error] = (await once(browser, 'error')) as [Error];
    assert.match(error.message, /401/);
  });

  it('keeps the newest strangers of one address, and none that is trusted goes for them', async () => {
    const arrived: Transport[] = [];
    const closed = new Set<Transport>();
    await using listener = await listenForSlaves(here, (transport) => {
      arrived.push(transport);
      transport.onClose = () => closed.add(transport);
    });
    const dial = (): Promise<Transport> => dialMaster(`ws://127.0.0.1:${listener.port}`);
    await dial();
    arrived[0]?.onTrusted();
    for (let at = 0; at < 260; at++) await dial();
    // 256 of 260 strangers stay: the first four have gone.
    await eventually(
      () => closed.size,
      (size) => size >= 4,
    );
    assert.deepEqual([...closed], arrived.slice(1, 5));
  });

  it('closes connections that say nothing, and lets slaves join beside thousands of them', async () => {
    const arrived: Transport[] = [];
    await using listener = await listenForSlaves(here, (transport) => arrived.push(transport));
    let open = 0;
    const idle = Array.from({ length: 2000 }, () => {
      const socket = connect({ host: '127.0.0.1', port: listener.port });
      socket.on('connect', () => open++);
      socket.on('close', () => open--);
      socket.on('error', () => {});
      return socket;
    });
    try {
      await eventually(
        () => open,
        (count) => count > 0 && count <= 256,
      );
      const slave = await dialMaster(`ws://127.0.0.1:${listener.port}`);
      arrived[0]?.onTrusted();
      slave.send('hello');
      assert.equal(await arrived[0]?.nextFrame(), 'hello');
    } finally {
      for (const socket of idle) socket.destroy();
    }
  });

  it('cuts off a stranger after 16 KiB, and a trusted peer at what a frame may hold', async () => {
    const arrived: Transport[] = [];
    await using listener = await listenForSlaves(here, (transport) => arrived.push(transport));
    const dial = async (): Promise<{ slave: Transport; master: Transport }> => {
      const slave = await dialMaster(`ws://127.0.0.1:${listener.port}`);
      return { slave, master: arrived.at(-1) as Transport };
    };
    const reasonOf = (transport: Transport): Promise<string> => {
      const closed = deferred<string>();
      transport.onClose = closed.resolve;
      return closed.promise;
    };
    const stranger = await dial();
    const cut = reasonOf(stranger.master);
    stranger.slave.send('x'.repeat(64 * 1024));
    assert.match(await cut, /^the connection was cut$/);
    const trusted = await dial();
    trusted.master.onTrusted();
    trusted.slave.send('y'.repeat(8 * 1024 * 1024));
    assert.equal((await trusted.master.nextFrame()).length, 8 * 1024 * 1024);
    const tooMuch = reasonOf(trusted.master);
    trusted.slave.send('x'.repeat(17 * 1024 * 1024));
    assert.match(await tooMuch, /payload|size/i);
  });

  it('looks at nothing that comes after it has closed a connection, and says why it did', async () => {
    const arrived: Transport[] = [];
    await using listener = await listenForSlaves(here, (transport) => arrived.push(transport));
    const slave = await dialMaster(`ws://127.0.0.1:${listener.port}`);
    const [master] = arrived;
    assert.ok(master);
    master.onTrusted();
    const frames: string[] = [];
    const closed = deferred<string>();
    const told = deferred<string>();
    master.onFrame = (frame) => {
      frames.push(frame);
      master.close(`no: ${'…'.repeat(200)}`);
    };
    master.onClose = closed.resolve;
    slave.onClose = told.resolve;
    for (let at = 0; at < 50; at++) slave.send(`frame ${at}`);
    assert.match(await closed.promise, /^no: …{200}$/);
    // RFC 6455 §5.5.1: 123 bytes, and no half of a character.
    assert.match(await told.promise, /^no: …{39}$/);
    assert.deepEqual(frames, ['frame 0']);
  });

  it('says that a port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await assert.rejects(
      listenForSlaves({ host: '127.0.0.1', port }, () => {}),
      {
        code: 'CONNECTION',
        message: `port ${port} of 127.0.0.1 is taken by another program`,
      },
    );
    other.close();
  });

  it('says that nobody listens', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    other.close();
    await once(other, 'close');
    await assert.rejects(dialMaster(`ws://127.0.0.1:${port}`), {
      code: 'CONNECTION',
      message: /ECONNREFUSED/,
    });
  });
});
