import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConnectOptions } from '../../../src/xmpp/connect-options.ts';
import { connectComponent } from '../../../src/xmpp/login/component.ts';
import { connect } from '../../../src/xmpp/login/connect.ts';
import { chatTo, ping, presence } from '../../../src/xmpp/stanzas/index.ts';
import { startScriptedServer, usualFeatures } from '../../support/scripted-server.ts';
import { context, options } from '../../support/xmpp.ts';

const starttls = `<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`;
const sm = 'urn:xmpp:sm:3';

function over(
  server: { port: number; ca: string | undefined },
  changes: Partial<ConnectOptions> = {},
): ConnectOptions {
  return options(server.port, 1, { tls: 'none', tlsCa: server.ca, ...changes });
}

describe('a login', () => {
  it('leaves STARTTLS alone where HTTP carries the stream (RFC 7395 §3.9)', async () => {
    await using server = await startScriptedServer('ws', {
      features: (client) => starttls + usualFeatures(client),
    });
    await using session = await connect(
      over(server, { transport: 'websocket', tls: 'auto' }),
      context(),
    );
    assert.equal(session.jid, 'user_1@localhost/res1');
    assert.doesNotMatch(server.said.join(), /starttls/);
  });

  it('establishes a session where the server demands it, before the first stanza', async () => {
    const demanded = `<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>`;
    await using server = await startScriptedServer('tcp', {
      features: (client) => usualFeatures(client) + (client.isAuthenticated ? demanded : ''),
    });
    await using session = await connect(over(server), context());
    await session.send(presence());
    await session.sendIq(ping());
    const order = server.said.join('').replace(/[\s\S]*xmpp-bind/, '');
    assert.match(order, /xmpp-session[\s\S]*<presence/);
  });

  it('establishes none where that is optional', async () => {
    const optional = `<session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>`;
    await using server = await startScriptedServer('tcp', {
      features: (client) => usualFeatures(client) + (client.isAuthenticated ? optional : ''),
    });
    await using session = await connect(over(server), context());
    assert.ok(session.isOpen);
    assert.doesNotMatch(server.said.join(), /xmpp-session/);
  });

  it('names the stream tag that it does not understand, at once', async () => {
    await using server = await startScriptedServer('tcp', {
      header: `<?xml version='1.0'?><s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams' from='localhost' id='1' version='1.0'>`,
    });
    await assert.rejects(connect(over(server), context()), {
      name: 'StreamFailed',
      message: /opens its stream with <s:stream>; only <stream:stream> is understood/,
    });
  });

  it('names the host that the server sends it to', async () => {
    await using server = await startScriptedServer('tcp', {
      takes: (text, client) => {
        if (!text.includes('<stream:stream')) return false;
        client.send(
          `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='localhost' id='1' version='1.0'><stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>[::1]:7001</see-other-host></stream:error></stream:stream>`,
        );
        return true;
      },
    });
    await assert.rejects(connect(over(server), context()), /see-other-host\): \[::1\]:7001/);
  });

  it('over direct TLS names its protocol (XEP-0368 §3), and the domain', async () => {
    await using server = await startScriptedServer('tls');
    await using session = await connect(over(server, { tls: 'direct' }), context());
    assert.ok(session.isOpen);
    assert.deepEqual(
      server.clients.map(({ alpn, sni }) => [alpn, sni]),
      [['xmpp-client', 'localhost']],
    );
    // From the first header on: it is encrypted (RFC 6120 §4.7.1).
    assert.match(server.said[0] ?? '', /from="user_1@localhost"/);
  });

  it('over wss asks for the host of the URL, whatever the domain', async () => {
    await using server = await startScriptedServer('wss');
    const target = over(server, {
      ...{ host: 'localhost', domain: 'example.test' },
      ...{ transport: 'websocket', tls: 'direct' },
    });
    await using session = await connect(target, context());
    assert.ok(session.isOpen);
    const [client] = server.clients;
    assert.deepEqual([client?.sni, client?.host], ['localhost', `localhost:${server.port}`]);
    assert.match(server.said[0] ?? '', /to="example\.test"/);
    await assert.rejects(connect({ ...target, host: '127.0.0.1' }, context()), {
      name: 'TlsFailed',
    });
  });
});

describe('a session of a scripted server', () => {
  it('that cannot be resumed says what the server had of it (XEP-0198 §5)', async () => {
    let messages = 0;
    await using server = await startScriptedServer('tcp', {
      features: (client) => usualFeatures(client) + `<sm xmlns='${sm}'/>`,
      takes: (text, client) => {
        if (text.includes('<enable')) {
          client.send(`<enabled xmlns='${sm}' id='sm${client.number}' resume='true'/>`);
        } else if (text.includes('<resume')) {
          client.send(`<failed xmlns='${sm}' h='2'/>`);
        }
        messages += text.match(/<message/g)?.length ?? 0;
        if (messages === 3 && client.number === 1) client.end();
        return /<(enable|resume|message)/.test(text);
      },
    });
    const reconnect = { attempts: 3, firstMs: 1, mostMs: 10 };
    await using session = await connect(over(server, { reconnect }), context());
    const back = new Promise<{ resumed: boolean; unacked: readonly string[] }>((resolve) =>
      session.onReconnect(resolve),
    );
    await session.enableStreamManagement();
    for (const body of ['one', 'two', 'three']) await session.send(chatTo('a@localhost', body));
    const { resumed, unacked } = await back;
    assert.deepEqual(
      [resumed, unacked.map((text) => /<body>(.*?)</.exec(text)?.[1])],
      [false, ['three']],
    );
  });

  for (const [what, error] of [
    [
      'with a default namespace',
      `<error xmlns='http://etherx.jabber.org/streams'><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error>`,
    ],
    [
      'with the prefix of the stream',
      `<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>`,
    ],
  ] as const) {
    for (const wire of ['tcp', 'ws'] as const) {
      it(`over ${wire} ends with the reason of a stream error ${what}`, async () => {
        await using server = await startScriptedServer(wire, {
          takes: (text, client) => {
            if (!text.includes('<presence')) return false;
            client.send(
              wire === 'ws'
                ? error.replace(
                    '<stream:error>',
                    `<stream:error xmlns:stream='http://etherx.jabber.org/streams'>`,
                  )
                : error,
            );
            return true;
          },
        });
        const told = context();
        const transport = wire === 'ws' ? 'websocket' : 'tcp';
        await using session = await connect(over(server, { transport }), told);
        await session.send(presence());
        await assert.rejects(session.waitForStanza(), {
          name: 'SessionLost',
          message: /system-shutdown/,
        });
        assert.deepEqual(told.seen.lost, ['system-shutdown']);
      });
    }
  }
});

describe('a component', () => {
  it('is told the reason of a stream error, however its namespace is written', async () => {
    await using server = await startScriptedServer('tcp', {
      takes: (text, client) => {
        if (!text.includes('<handshake')) return false;
        client.send(
          `<error xmlns='http://etherx.jabber.org/streams'><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error>`,
        );
        return true;
      },
    });
    const target = {
      ...{ host: '127.0.0.1', port: server.port, domain: 'component.localhost', secret: 'wrong' },
      ...{ sendBuffer: { bytes: 1000, policy: 'wait' as const }, timeoutMs: 5000 },
    };
    await assert.rejects(connectComponent(target, context()), {
      name: 'AuthenticationFailed',
      message: /not-authorized/,
    });
  });
});
