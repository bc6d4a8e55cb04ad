import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkUrls, readServerUrl, urlOfUser } from '../../../src/xmpp/user/server-url.ts';

describe('the URL of a server', () => {
  for (const [text, expected] of [
    [
      'wss://chat.example.org/xmpp',
      { transport: 'websocket', tls: 'direct', host: 'chat.example.org', port: 443, path: '/xmpp' },
    ],
    [
      'ws://h:5280/ws?token=a%2Cb',
      { transport: 'websocket', tls: 'none', host: 'h', port: 5280, path: '/ws?token=a%2Cb' },
    ],
    [
      'https://[::1]:5281/bosh',
      { transport: 'bosh', tls: 'direct', host: '::1', port: 5281, path: '/bosh' },
    ],
    ['HTTP://H', { transport: 'bosh', tls: 'none', host: 'h', port: 80, path: '/' }],
    ['wss://h:443/', { transport: 'websocket', tls: 'direct', host: 'h', port: 443, path: '/' }],
  ] as const) {
    it(`is read: ${text}`, () => assert.deepEqual(readServerUrl(text), expected));
  }

  for (const text of [
    '',
    'example.org',
    'xmpp://example.org',
    'wss://user:secret@example.org/',
    'wss://example.org/#part',
    'wss://',
    'ws://h:99999/',
    'file:///etc/passwd',
  ]) {
    it(`is none: ${text}`, () => assert.equal(readServerUrl(text), undefined));
  }

  it('is one of a list, which users take in turn, with their id in it', () => {
    const urls = 'wss://a/{id}, https://b/x';
    assert.deepEqual(
      [4, 5].map((id) => urlOfUser(urls, id)),
      ['wss://a/4', 'https://b/x'],
    );
    assert.equal(checkUrls(urls), true);
    assert.equal(checkUrls(''), true);
    assert.match(String(checkUrls('wss://a,b')), /begin with ws:/);
    assert.match(String(checkUrls('wss://a,')), /begin with ws:/);
  });
});
