import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { xmppVariables } from '../../../src/xmpp/settings.ts';
import { defaultFrameLimits } from '../../../src/xmpp/wire/frame-grammar.ts';
import { httpAddress } from '../../../src/xmpp/wire/http-address.ts';
import type { WireTarget } from '../../../src/xmpp/wire/transport-spec.ts';
import { transportNames, transportOf, transports } from '../../../src/xmpp/wire/transports.ts';

describe('the table of transports', () => {
  it('has the names that the setting takes, and no others', () => {
    const { check, default: usual } = xmppVariables.xmppTransport;
    for (const name of transportNames) assert.equal(check(name), true, name);
    assert.notEqual(check('quic'), true);
    assert.ok(transportNames.some((name) => name === usual));
  });

  it('has usual ports', () => {
    const ports = transportNames.map((name) => {
      const { port } = transportOf(name);
      return [name, port('auto'), port('starttls'), port('direct')];
    });
    assert.deepEqual(ports, [
      ['tcp', 5222, 5222, 5223],
      ['websocket', 5280, 5280, 5281],
      ['bosh', 5280, 5280, 5281],
    ]);
  });

  it('has a path for what goes over HTTP, which has no STARTTLS', () => {
    for (const name of transportNames) {
      const { http, tlsModes } = transportOf(name);
      assert.equal(http === undefined, tlsModes.includes('starttls'), name);
    }
    assert.deepEqual(
      [transports.websocket, transports.bosh].map(({ http }) => http?.path),
      ['/ws', '/bosh'],
    );
  });

  it('has the services of SRV records', () => {
    assert.equal(transports.tcp.srv?.('auto'), '_xmpp-client._tcp');
    assert.equal(transports.tcp.srv?.('direct'), '_xmpps-client._tcp');
  });
});

describe('the URL of a target', () => {
  const target = (changes: Partial<WireTarget>): WireTarget => ({
    ...{ host: 'h.example', port: 5280, domain: 'd.example', path: '/ws', isDirect: false },
    tls: { verify: true, ca: undefined, servername: 'h.example' },
    limits: defaultFrameLimits,
    ...changes,
  });

  for (const [what, changes, url, header] of [
    ['without TLS', {}, 'ws://h.example:5280/ws', 'h.example:5280'],
    ['with TLS', { isDirect: true }, 'wss://h.example:5280/ws', 'h.example:5280'],
    ['at the usual port', { port: 80 }, 'ws://h.example/ws', 'h.example'],
    ['at the usual port of TLS', { port: 443, isDirect: true }, 'wss://h.example/ws', 'h.example'],
    ['of an IPv6 address', { host: '::1' }, 'ws://[::1]:5280/ws', 'h.example:5280'],
    ['with a query', { path: '/ws?a=b' }, 'ws://h.example:5280/ws?a=b', 'h.example:5280'],
  ] as const) {
    it(`is right ${what}`, () => {
      const found = httpAddress(target(changes), 'ws');
      assert.deepEqual([found.url.href, found.hostHeader], [url, header]);
    });
  }
});
