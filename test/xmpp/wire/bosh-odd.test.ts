import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { connect } from '../../../src/xmpp/login/connect.ts';
import { ping } from '../../../src/xmpp/stanzas/index.ts';
import { context, options } from '../../support/xmpp.ts';

const NS = 'http://jabber.org/protocol/httpbind';
const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const BIND = 'urn:ietf:params:xml:ns:xmpp-bind';

interface Odd extends AsyncDisposable {
  port: number;
  texts: string[];
}

/**
 * A BOSH server that keeps no requests, behind another one that sends to it.
 *
 * @param isLate its features come with the second answer (XEP-0206 §5), and each answer has an XML declaration
 */
async function startPolling({ isLate }: { isLate: boolean }): Promise<Odd> {
  const texts: string[] = [];
  let isAuthenticated = false;
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    void (async () => {
      let text = '';
      for await (const part of request) text += String(part);
      if (request.url !== '/moved') {
        response.writeHead(307, { location: '/moved' }).end();
        return;
      }
      texts.push(text);
      const answer = (content: string, attributes = ''): void => {
        const body = `<body xmlns='${NS}' xmlns:stream='http://etherx.jabber.org/streams'${attributes}>${content}</body>`;
        const declaration = isLate ? `<?xml version='1.0' encoding='utf-8'?>\n` : '';
        response.writeHead(200, { 'content-type': 'text/xml' }).end(declaration + body);
      };
      const features = (): string =>
        `<stream:features>${isAuthenticated ? `<bind xmlns='${BIND}'/>` : `<mechanisms xmlns='${SASL}'><mechanism>PLAIN</mechanism></mechanisms>`}</stream:features>`;
      const id = /<iq[^>]*\sid="([^"]+)"/.exec(text)?.[1] ?? '';
      if (!/ sid=/.test(text)) {
        answer(
          isLate ? '' : features(),
          " sid='s1' wait='60' requests='1' hold='0' polling='1' from='localhost'",
        );
      } else if (text.includes('xmpp:restart') || (isLate && texts.length === 2))
        answer(features());
      else if (text.includes('<auth')) {
        isAuthenticated = true;
        answer(`<success xmlns='${SASL}'/>`);
      } else if (text.includes('<bind')) {
        answer(
          `<iq xmlns='jabber:client' type='result' id='${id}'><bind xmlns='${BIND}'><jid>user_1@localhost/res1</jid></bind></iq>`,
        );
      } else if (text.includes('<iq')) {
        answer(`<iq xmlns='jabber:client' type='result' id='${id}'/>`);
      } else if (text.includes('terminate')) answer('', " type='terminate'");
      else answer('');
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    texts,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('BOSH with a server that keeps no requests', () => {
  it('follows it to where it is, and asks for news no more often than it wants', async () => {
    await using server = await startPolling({ isLate: false });
    const target = options(server.port, 1, { transport: 'bosh', tls: 'none', path: '/bosh' });
    await using session = await connect(target, context());
    await session.sendIq(ping());
    const before = server.texts.length;
    const asked = performance.now();
    await session.waitForStanza(() => false, { timeout: '1500ms' }).catch(() => {});
    const seconds = (performance.now() - asked) / 1000;
    const empty = server.texts.slice(before).filter((text) => !text.includes('<iq'));
    assert.ok(empty.length >= 1 && empty.length <= seconds + 1, `${empty.length} in ${seconds} s`);
  });

  it('waits for the features that come with the second answer', async () => {
    await using server = await startPolling({ isLate: true });
    const target = options(server.port, 1, { transport: 'bosh', tls: 'none', path: '/bosh' });
    await using session = await connect(target, context());
    await session.sendIq(ping());
    assert.equal(session.jid, 'user_1@localhost/res1');
  });
});
