import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { isChatMessage } from '../../../src/xmpp/predicates.ts';
import { connect } from '../../../src/xmpp/login/connect.ts';
import { context, options } from '../../support/xmpp.ts';

const header = `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='localhost' id='1' version='1.0'>`;
const features = `<stream:features><authentication xmlns='urn:xmpp:sasl:2'><mechanism>PLAIN</mechanism><inline><bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:sm:3'/></inline></bind><fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-NONE</mechanism></fast></inline></authentication></stream:features>`;
const early = `<message from='a@localhost' type='chat'><body>early</body></message>`;

/**
 * Speaks XEP-0388 with XEP-0386 and XEP-0484 inline: ejabberd 23.01 and prosody 0.12, which the other tests
 * run against, offer none of them.
 */
async function startServer(): Promise<AsyncDisposable & { port: number; logins: string[] }> {
  const logins: string[] = [];
  const server = createServer((socket) => {
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    let text = '';
    socket.on('data', (data) => {
      text += String(data);
      if (
        text.includes('<stream:stream') &&
        text.endsWith('>') &&
        !text.includes('<authenticate')
      ) {
        socket.write(header + features);
        text = '';
      }
      if (!text.includes('</authenticate>')) return;
      logins.push(text);
      text = '';
      socket.write(
        `<success xmlns='urn:xmpp:sasl:2'><authorization-identifier>user_1@localhost/amoc.1</authorization-identifier><bound xmlns='urn:xmpp:bind:0'/><token xmlns='urn:xmpp:fast:0' token='tok${logins.length}' expiry='2999-01-01T00:00:00Z'/></success>${early}`,
      );
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    logins,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

describe('SASL2', () => {
  it('logs in and binds in one round trip, and with a token the next time', async () => {
    await using server = await startServer();
    const account = options(server.port, 1, { username: 'sasl2_user', resource: 'phone' });
    for (let login = 0; login < 2; login++) {
      const session = await connect(account, context());
      assert.equal(session.jid, 'user_1@localhost/amoc.1');
      // What came with the answer is the session's.
      await session.waitForStanza(isChatMessage('early'));
      session.kill();
    }
    const [first, second] = server.logins as [string, string];
    assert.match(first, /mechanism="PLAIN"/);
    assert.match(first, /<bind xmlns="urn:xmpp:bind:0"><tag>phone<\/tag><\/bind>/);
    assert.match(first, /<request-token xmlns="urn:xmpp:fast:0" mechanism="HT-SHA-256-NONE"\/>/);
    assert.match(first, /<user-agent id="[0-9a-f-]{36}">/);
    assert.match(second, /mechanism="HT-SHA-256-NONE"/);
    const sent = /<initial-response>([^<]+)</.exec(second)?.[1] ?? '';
    const [name, proof] = Buffer.from(sent, 'base64').toString('latin1').split('\0');
    const expected = createHmac('sha256', 'tok1').update('Initiator').digest().toString('latin1');
    assert.deepEqual([name, proof], ['sasl2_user', expected]);
    const agent = (text: string): string | undefined => /<user-agent id="([^"]+)"/.exec(text)?.[1];
    assert.equal(agent(first), agent(second));
  });

  it('is left alone when it is switched off', async () => {
    await using server = await startServer();
    const attempt = connect(options(server.port, 1, { sasl2: false, timeoutMs: 300 }), context());
    await assert.rejects(attempt, { name: 'StreamFailed' });
    assert.equal(server.logins.length, 0);
  });
});
