import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { makeAuthority, makeCertificate } from '../../../src/cli/certificates.ts';
import { findByHostMeta } from '../../../src/xmpp/wire/host-meta.ts';
import type { FetchText, HostMetaOptions } from '../../../src/xmpp/wire/host-meta.ts';

const ask: HostMetaOptions = {
  transport: 'websocket',
  tlsVerify: true,
  tlsCa: undefined,
  timeoutMs: 10_000,
};
const websocket = 'urn:xmpp:alt-connections:websocket';
const bosh = 'urn:xmpp:alt-connections:xbosh';
const xrd = (links: string): string =>
  `<?xml version='1.0' encoding='utf-8'?>\n<!-- ours -->\n<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>${links}</XRD>`;

let domains = 0;
/** Answers are kept by domain. */
const newDomain = (): string => `d${++domains}.example`;

describe('the URL of a WebSocket or BOSH service', () => {
  it('is in the host-meta of the domain, for each transport, and asked for once', async () => {
    const domain = newDomain();
    const asked: string[] = [];
    const fetchText: FetchText = (url) => {
      asked.push(url);
      return Promise.resolve(
        xrd(
          `<Link rel='${bosh}' href='http://old.example/bosh'/><Link rel='lrdd' href='https://x/'/>` +
            `<Link rel='${websocket}' href='wss://web.example/ws?a=1&amp;b=2'/>` +
            `<Link rel='${bosh}' href='https://web.example/bosh'/>`,
        ),
      );
    };
    const found = await Promise.all([1, 2, 3].map(() => findByHostMeta(domain, ask, fetchText)));
    assert.deepEqual(new Set(found), new Set(['wss://web.example/ws?a=1&b=2']));
    assert.deepEqual(asked, [`https://${domain}/.well-known/host-meta`]);
    // The one over TLS comes first, wherever it stands.
    assert.equal(
      await findByHostMeta(domain, { ...ask, transport: 'bosh' }, fetchText),
      'https://web.example/bosh',
    );
  });

  it('is in the JSON form where the XML form has none', async () => {
    const fetchText: FetchText = (url) =>
      url.endsWith('.json')
        ? Promise.resolve(JSON.stringify({ links: [{ rel: websocket, href: 'ws://h/ws' }, {}] }))
        : Promise.reject(new Error('HTTP 404'));
    assert.equal(await findByHostMeta(newDomain(), ask, fetchText), 'ws://h/ws');
  });

  for (const [what, fetchText, expected] of [
    [
      'no document',
      () => Promise.reject(new Error('HTTP 404')),
      /host-meta: HTTP 404; .*json: HTTP/,
    ],
    ['no such link', () => Promise.resolve(xrd('')), /host-meta has no link urn:xmpp:alt-conn/],
    ['no XML', () => Promise.resolve('<html><br></html>'), /host-meta/],
    [
      'a link that is no URL of a service',
      () => Promise.resolve(xrd(`<Link rel='${websocket}' href='javascript:1'/>`)),
      /has no link/,
    ],
    ['odd JSON', () => Promise.resolve('{"links":[{"rel":5}]}'), /json/],
  ] as [string, FetchText, RegExp][]) {
    it(`is missing: ${what}`, async () => {
      const domain = newDomain();
      await assert.rejects(findByHostMeta(domain, ask, fetchText), (error: Error) => {
        assert.match(error.message, expected);
        assert.match(error.message, new RegExp(`^${domain} does not say where its WebSocket`));
        assert.match(error.message, /give the URL with AMOC_XMPP_URL/);
        return true;
      });
      // It is asked for again.
      await findByHostMeta(domain, ask, () =>
        Promise.resolve(xrd(`<Link rel='${websocket}' href='wss://h/'/>`)),
      );
    });
  }

  it('is asked for over HTTPS, whose certificate is the domain’s', async () => {
    const authority = await makeAuthority();
    const { cert, key } = await makeCertificate(authority, {
      role: 'master',
      hosts: ['localhost'],
    });
    let answer: RequestListener = () => {};
    const server = createServer({ cert, key }, (request, response) => answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const find = (options: Partial<HostMetaOptions> = {}): Promise<string> =>
      findByHostMeta(`localhost:${port}`, { ...ask, tlsCa: authority.cert, ...options });
    try {
      await assert.rejects(find({ tlsCa: undefined }), /certificate/);
      answer = ({ url }, response) => {
        if (url !== '/.well-known/host-meta') response.writeHead(404).end();
        else response.writeHead(302, { location: 'http://elsewhere.example/' }).end();
      };
      await assert.rejects(
        find(),
        /redirected to http:\/\/elsewhere.example\/, which is not HTTPS/,
      );
      answer = (_, response) => response.writeHead(302, { location: '/again' }).end();
      await assert.rejects(find(), /redirected more than 3 times/);
      answer = (_, response) => response.end('x'.repeat(100_000));
      await assert.rejects(find(), /more than 65536 characters/);
      answer = () => {};
      await assert.rejects(find({ timeoutMs: 200 }), /time|abort/i);
      answer = ({ url }, response) => {
        if (url !== '/moved') response.writeHead(301, { location: '/moved' }).end();
        else response.end(xrd(`<Link rel='${websocket}' href='wss://found/'/>`));
      };
      assert.equal(await find(), 'wss://found/');
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});
