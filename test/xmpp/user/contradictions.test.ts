import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolveSettings } from '../../../src/config/resolve.ts';
import { xmppVariables } from '../../../src/xmpp/settings.ts';
import type { XmppSettings } from '../../../src/xmpp/settings.ts';
import { demandConsistent, hasTarget } from '../../../src/xmpp/user/contradictions.ts';

function settings(call: Partial<XmppSettings>): XmppSettings {
  return resolveSettings(xmppVariables, { call }, '') as XmppSettings;
}

const xmppUrl = 'wss://example.org/ws';

describe('settings that cannot hold together', () => {
  for (const [call, expected] of [
    [
      { xmppTransport: 'websocket', xmppTls: 'starttls' },
      /^xmppTls is 'starttls', which only TCP has; over websocket set it to 'direct' or 'none'$/,
    ],
    [{ xmppTransport: 'bosh', xmppTls: 'starttls' }, /only TCP has; over bosh/],
    [
      { xmppUrl, xmppHostMeta: true },
      /^xmppUrl names the server, and xmppHostMeta looks it up: leave one of them out$/,
    ],
    [
      { xmppUrl, xmppTransport: 'bosh' },
      /^xmppTransport is 'bosh', but xmppUrl is a URL of WebSocket: leave xmppTransport out$/,
    ],
    [
      { xmppHostMeta: true, xmppHost: 'h' },
      /^xmppHostMeta finds WebSocket and BOSH services, but xmppTransport is 'tcp'/,
    ],
    [
      { xmppHostMeta: true, xmppTransport: 'bosh' },
      /^xmppHostMeta finds the server of a domain, and no domain is set: set xmppDomain$/,
    ],
    [
      { xmppSrv: true },
      /^xmppSrv finds the server of a domain, and no domain is set: set xmppDomain$/,
    ],
  ] as const) {
    it(`are refused: ${Object.entries(call).join(' ')}`, () => {
      assert.throws(() => demandConsistent(settings(call)), { code: 'CONFIG', message: expected });
    });
  }

  it('are all named at once', () => {
    const call = { xmppUrl, xmppHostMeta: true, xmppTransport: 'bosh' } as const;
    assert.throws(() => demandConsistent(settings(call)), /leave one of them out\nxmppTransport/);
  });

  for (const call of [
    {},
    { xmppTls: 'starttls' },
    { xmppUrl },
    { xmppUrl, xmppTransport: 'websocket', xmppHost: 'for-tcp' },
    { xmppHostMeta: true, xmppTransport: 'bosh', xmppDomain: 'd' },
    { xmppSrv: true, xmppDomain: 'd' },
    { xmppSrv: true, xmppHost: 'h' },
  ] as const) {
    it(`are not these: ${Object.entries(call).join(' ') || 'none'}`, () =>
      demandConsistent(settings(call)));
  }
});

describe('settings name a server', () => {
  for (const [call, expected] of [
    [{}, false],
    [{ xmppDomain: 'd' }, false],
    [{ xmppHost: 'h' }, true],
    [{ xmppUrl }, true],
    [{ xmppSrv: true, xmppDomain: 'd' }, true],
    [{ xmppHostMeta: 'true', xmppDomain: 'd' }, true],
    [{ xmppSrv: 'false', xmppDomain: 'd' }, false],
  ] as const) {
    it(`${String(expected)}: ${Object.entries(call).join(' ')}`, () =>
      assert.equal(hasTarget(call), expected));
  }
});
