import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeAuthority, makeCertificate } from '../../../src/cli/certificates.ts';
import type { KeyPair } from '../../../src/cli/certificates.ts';
import { resolveSettings } from '../../../src/config/resolve.ts';
import { xmppVariables } from '../../../src/xmpp/settings.ts';
import type { XmppSettings } from '../../../src/xmpp/settings.ts';
import { connectOptions, domainOf } from '../../../src/xmpp/user/target.ts';
import type { UserConnectOptions } from '../../../src/xmpp/user/target.ts';
import type { ConnectOptions } from '../../../src/xmpp/connect-options.ts';
import { startEmbeddedServer } from '../../../src/xmpp/embedded/server.ts';
import { connect } from '../../../src/xmpp/login/connect.ts';
import { look } from '../../../src/xmpp/login/look.ts';
import { context } from '../../support/xmpp.ts';

const patterns = { user: 'user_{id}', password: 'password_{id}' };

function settingsOf(call: Partial<XmppSettings>): XmppSettings {
  return resolveSettings(xmppVariables, { call }, '') as XmppSettings;
}

async function placeOf(
  call: Partial<XmppSettings>,
  options: UserConnectOptions = {},
): Promise<Pick<ConnectOptions, 'transport' | 'tls' | 'host' | 'port' | 'path'>> {
  const { transport, tls, host, port, path } = await connectOptions(settingsOf(call), 7, options);
  return { transport, tls, host, port, path };
}

const xmppUrl = 'wss://web.example/xmpp/{id}?a=1';
const ofUrl = {
  transport: 'websocket',
  tls: 'direct',
  host: 'web.example',
  port: 443,
  path: '/xmpp/7?a=1',
};

describe('where a user connects to', () => {
  it('is what the URL says, whatever else is set', async () => {
    const rest = { xmppHost: 'h', xmppPort: 1, xmppPath: '/p', xmppTls: 'none' };
    assert.deepEqual(await placeOf({ ...rest, xmppUrl }), ofUrl);
    assert.equal(domainOf(settingsOf({ xmppUrl }), 1), 'web.example');
    assert.equal(domainOf(settingsOf({ xmppUrl, xmppDomain: 'd' }), 1), 'd');
  });

  it('is another where the scenario says so', async () => {
    const url = 'http://127.0.0.1:5280/bosh';
    assert.deepEqual(await placeOf({ xmppUrl }, { url }), {
      transport: 'bosh',
      tls: 'none',
      host: '127.0.0.1',
      port: 5280,
      path: '/bosh',
    });
    assert.deepEqual(await placeOf({ xmppUrl }, { port: 5 }), { ...ofUrl, port: 5 });
    // The URL is one of WebSocket: who wants another transport goes by the host.
    const tcp = { transport: 'tcp', tls: 'auto', host: 'h', port: 5222, path: '' };
    assert.deepEqual(await placeOf({ xmppUrl, xmppHost: 'h' }, { transport: 'tcp' }), tcp);
    assert.deepEqual(await placeOf({ xmppUrl, xmppHost: 'h' }, { transport: 'websocket' }), ofUrl);
    assert.deepEqual(await placeOf({ xmppUrl }, { host: 'h' }), tcp);
  });

  it('is refused when it makes no sense', async () => {
    await assert.rejects(placeOf({}, { url: 'xmpp://h' }), {
      code: 'CONFIG',
      message: /^invalid server URL "xmpp:\/\/h"; it must begin with ws:/,
    });
    const options = { transport: 'websocket', tls: 'starttls', host: 'h' } as const;
    await assert.rejects(placeOf({}, options), { code: 'CONFIG', message: /only TCP has/ });
    assert.throws(() => settingsOf({ xmppUrl: 'example.org' }), /xmppUrl.*begin with ws:/);
  });
});

describe('a login by a URL', () => {
  let authority: KeyPair;
  let folder: string;
  let xmppTlsCa: string;

  before(async () => {
    authority = await makeAuthority();
    folder = mkdtempSync(join(tmpdir(), 'amoc-url-'));
    xmppTlsCa = join(folder, 'ca.pem');
    writeFileSync(xmppTlsCa, authority.cert);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const certificate = (): Promise<KeyPair> =>
    makeCertificate(authority, { role: 'master', hosts: ['localhost'] });

  it('has the certificate that the URL names, also for an address', async () => {
    await using server = await startEmbeddedServer({ port: 0, patterns, tls: await certificate() });
    const logIn = async (call: Partial<XmppSettings>): Promise<string> => {
      const settings = settingsOf({ xmppTlsCa, ...call });
      await using session = await connect(await connectOptions(settings, 1, {}), context());
      return session.jid;
    };
    const by = (host: string): Promise<string> =>
      logIn({ xmppUrl: `wss://${host}:${server.port}/ws`, xmppDomain: 'localhost' });
    assert.match(await by('localhost'), /^user_1@localhost\//);
    await assert.rejects(by('127.0.0.1'), /127\.0\.0\.1.*not in the cert|altname/i);
    // Without a URL the address says where the domain's server is.
    const place = { xmppHost: '127.0.0.1', xmppPort: server.port, xmppTls: 'direct' };
    assert.match(
      await logIn({ ...place, xmppTransport: 'websocket', xmppDomain: 'localhost' }),
      /^user_1@localhost\//,
    );
  });

  it('is told by the domain’s host-meta (XEP-0156)', async () => {
    const tls = await certificate();
    const domain = createHttpsServer(tls, (_, response) => {
      const link = `rel='urn:xmpp:alt-connections:websocket' href='wss://localhost:${server.port}/ws'`;
      response.end(`<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'><Link ${link}/></XRD>`);
    });
    domain.listen(0, '127.0.0.1');
    await once(domain, 'listening');
    const name = `localhost:${(domain.address() as AddressInfo).port}`;
    await using server = await startEmbeddedServer({ port: 0, patterns, tls, domain: name });
    try {
      const call = { xmppHostMeta: true, xmppTransport: 'websocket', xmppDomain: name, xmppTlsCa };
      const options = await connectOptions(settingsOf(call), 1, {});
      assert.deepEqual([options.host, options.port], ['localhost', server.port]);
      await using session = await connect(options, context());
      assert.ok(session.jid.startsWith(`user_1@${name}/`));
    } finally {
      domain.close();
      domain.closeAllConnections();
    }
  });

  for (const [what, call, options, host] of [
    ['a name and its port', {}, { url: 'http://localhost:PORT/' }, 'localhost:PORT'],
    ['an address of a URL', {}, { url: 'ws://127.0.0.1:PORT/' }, '127.0.0.1:PORT'],
    ['the domain, for an address alone', {}, { transport: 'bosh' }, 'example.org:PORT'],
    [
      'a domain in ASCII',
      { xmppDomain: 'münchen.example' },
      { transport: 'websocket' },
      'xn--mnchen-3ya.example:PORT',
    ],
  ] as [string, Partial<XmppSettings>, UserConnectOptions, string][]) {
    it(`sends a Host header: ${what} (RFC 9110 §7.2)`, async () => {
      const seen: (string | undefined)[] = [];
      const server = createHttpServer((request, response) => {
        seen.push(request.headers.host);
        response.writeHead(404).end();
      });
      server.on('upgrade', (request, socket) => {
        seen.push(request.headers.host);
        socket.destroy();
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const port = String((server.address() as AddressInfo).port);
      const fill = (text: string): string => text.replace('PORT', port);
      const { url } = options;
      const at =
        url === undefined
          ? { host: '127.0.0.1', port: Number(port), tls: 'none' as const }
          : { url: fill(url) };
      const settings = settingsOf({ xmppDomain: 'example.org', ...call });
      await assert.rejects(
        look(await connectOptions(settings, 1, { ...options, ...at }), context()),
      );
      assert.deepEqual(new Set(seen), new Set([fill(host)]));
      server.close();
      server.closeAllConnections();
    });
  }
});
