import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConnectOptions } from '../../../src/xmpp/connect-options.ts';
import { connect, register } from '../../../src/xmpp/login/connect.ts';
import { ping } from '../../../src/xmpp/stanzas/index.ts';
import { startScriptedServer } from '../../support/scripted-server.ts';
import type { Script, ScriptedClient } from '../../support/scripted-server.ts';
import { context, options } from '../../support/xmpp.ts';

const header = `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='localhost' id='1' version='1.0'>`;

function goTo(where: string): string {
  return `<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>${where}</see-other-host></stream:error></stream:stream>`;
}

/** A server that sends all, or those with that number, elsewhere as soon as they come. */
function sending(
  where: () => string,
  whom: (client: ScriptedClient) => boolean = () => true,
): Script {
  return {
    takes: (text, client) => {
      if (!text.includes('<stream:stream') || !whom(client)) return false;
      client.send(header + goTo(where()));
      return true;
    },
  };
}

function over(
  server: { port: number; ca: string | undefined },
  changes: Partial<ConnectOptions> = {},
): ConnectOptions {
  const own = { tls: 'none', tlsCa: server.ca, followHost: true } as const;
  return options(server.port, 1, { ...own, ...changes });
}

describe('a server that sends its clients elsewhere', () => {
  it('is followed, with the domain of before', async () => {
    await using second = await startScriptedServer('tcp');
    await using first = await startScriptedServer(
      'tcp',
      sending(() => `127.0.0.1:${second.port}`),
    );
    await using session = await connect(over(first), context());
    await session.sendIq(ping());
    assert.equal(first.clients.length, 1);
    assert.match(second.said[0]!, /to="localhost"/);
    assert.equal(await register(over(first), context()), 'created');
  });

  it('is not followed unless that is asked for, and the setting is named', async () => {
    await using second = await startScriptedServer('tcp');
    await using first = await startScriptedServer(
      'tcp',
      sending(() => `127.0.0.1:${second.port}`),
    );
    await assert.rejects(connect(over(first, { followHost: false }), context()), {
      name: 'StreamFailed',
      condition: 'see-other-host',
      message: new RegExp(
        `127\\.0\\.0\\.1:${second.port}; set AMOC_XMPP_HOST to it, or AMOC_XMPP_FOLLOW_HOST=true`,
      ),
    });
    assert.equal(second.clients.length, 0);
  });

  it('is followed three times', async () => {
    let port = 0;
    await using server = await startScriptedServer(
      'tcp',
      sending(() => `127.0.0.1:${port}`),
    );
    ({ port } = server);
    await assert.rejects(connect(over(server), context()), /at most 3 redirects are followed/);
    assert.equal(server.clients.length, 4);
  });

  for (const nonsense of ['', 'a b', 'x:99999', 'http://127.0.0.1/', '[::1', 'x:0']) {
    it(`is not followed to '${nonsense}'`, async () => {
      await using server = await startScriptedServer(
        'tcp',
        sending(() => nonsense),
      );
      await assert.rejects(connect(over(server), context()), /see-other-host\): .*valid address/);
      assert.equal(server.clients.length, 1);
    });
  }

  it('is followed within the time that one login has', async () => {
    let port = 0;
    await using silent = await startScriptedServer('tcp', { takes: () => true });
    ({ port } = silent);
    await using first = await startScriptedServer(
      'tcp',
      sending(() => `127.0.0.1:${port}`),
    );
    const began = performance.now();
    await assert.rejects(connect(over(first, { timeoutMs: 500 }), context()), {
      name: 'StreamFailed',
      message: new RegExp(`127\\.0\\.0\\.1:${port}: .* within 0\\.\\d+ s`),
    });
    assert.ok(performance.now() - began < 5000);
  });

  it('is followed over TLS, where the certificate is checked for the domain', async () => {
    await using stranger = await startScriptedServer('tls');
    let { port } = stranger;
    const script = sending(
      () => `127.0.0.1:${port}`,
      ({ number }) => number < 3,
    );
    await using first = await startScriptedServer('tls', script);
    await assert.rejects(connect(over(first, { tls: 'direct' }), context()), {
      name: 'TlsFailed',
      message: new RegExp(`127\\.0\\.0\\.1:${port}: .*self-signed`),
    });
    await using second = await startScriptedServer('tls', { pem: first.pem });
    ({ port } = second);
    await using session = await connect(over(first, { tls: 'direct' }), context());
    assert.ok(session.isOpen);
    assert.equal(second.clients[0]!.sni, 'localhost');
  });

  it('says so over WebSocket with the address (RFC 7395 §3.6.1)', async () => {
    await using server = await startScriptedServer('ws', {
      takes: (text, client) => {
        if (!text.includes('<open')) return false;
        client.send(
          `<close xmlns='urn:ietf:params:xml:ns:xmpp-framing' see-other-uri='wss://b.example/ws'/>`,
        );
        return true;
      },
    });
    await assert.rejects(
      connect(over(server, { transport: 'websocket' }), context()),
      /see-other-uri\): wss:\/\/b\.example\/ws; set AMOC_XMPP_HOST/,
    );
  });

  it('during a session is named, and the session ends', async () => {
    await using server = await startScriptedServer('tcp');
    await using session = await connect(over(server), context());
    server.clients[0]!.send(goTo('b.example'));
    await assert.rejects(session.waitForStanza(), {
      name: 'SessionLost',
      message: /see-other-host \(b\.example\)/,
    });
  });

  it('during a session that is replaced is where the next connection goes', async () => {
    await using second = await startScriptedServer('tcp');
    await using first = await startScriptedServer('tcp');
    const reconnect = { attempts: 3, firstMs: 1, mostMs: 5 };
    const seen = context();
    await using session = await connect(over(first, { reconnect }), seen);
    const back = new Promise((resolve) => session.onReconnect(resolve));
    first.clients[0]!.send(goTo(`127.0.0.1:${second.port}`));
    await back;
    await session.sendIq(ping());
    assert.deepEqual([first.clients.length, second.clients.length], [1, 1]);
    assert.deepEqual(seen.seen.lost, ['see-other-host']);
  });

  it('during a session leads back where the other host is not there', async () => {
    await using first = await startScriptedServer('tcp');
    const reconnect = { attempts: 3, firstMs: 1, mostMs: 5 };
    await using session = await connect(over(first, { reconnect }), context());
    const back = new Promise((resolve) => session.onReconnect(resolve));
    // Nothing listens on that port.
    first.clients[0]!.send(goTo('127.0.0.1:1'));
    await back;
    await session.sendIq(ping());
    assert.equal(first.clients.length, 2);
  });
});
