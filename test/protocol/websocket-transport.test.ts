import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { deferred } from '../../src/lib/abort.ts';
import type { Transport } from '../../src/protocol/transport.ts';
import { eventually } from '../support/processes.ts';
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

  it('takes only so many strangers of one address, and more when those are known or gone', async () => {
    const strangers: Transport[] = [];
    await using listener = await listenForSlaves(here, (transport) => strangers.push(transport));
    const dial = (): Promise<Transport> => dialMaster(`ws://127.0.0.1:${listener.port}`);
    for (let at = 0; at < 256; at++) await dial();
    await assert.rejects(dial(), /401/);
    strangers[0]?.onTrusted();
    await dial();
    await assert.rejects(dial(), /401/);
    strangers[1]?.close('go');
    await eventually(
      () => dial().then(Boolean, () => false),
      (isIn) => isIn,
    );
  });

  it('cuts off a peer that sends more than a frame may hold', async () => {
    const arrived = deferred<Transport>();
    await using listener = await listenForSlaves(here, arrived.resolve);
    const slave = await dialMaster(`ws://127.0.0.1:${listener.port}`);
    const closed = deferred<string>();
    (await arrived.promise).onClose = closed.resolve;
    slave.send('x'.repeat(17 * 1024 * 1024));
    assert.match(await closed.promise, /payload|size/i);
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
