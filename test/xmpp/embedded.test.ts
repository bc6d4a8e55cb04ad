import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as dial } from 'node:net';
import { after, before, describe, it } from 'node:test';
import {
  chatTo,
  disco,
  ping,
  presence,
  registerAccount,
  removeAccount,
  roster,
} from '../../src/xmpp/stanzas/index.ts';
import { connect, register } from '../../src/xmpp/login/connect.ts';
import type { ConnectOptions } from '../../src/xmpp/connect-options.ts';
import { patternId } from '../../src/xmpp/embedded/pattern.ts';
import { startEmbeddedServer } from '../../src/xmpp/embedded/server.ts';
import type { EmbeddedServer } from '../../src/xmpp/embedded/server.ts';
import { isChatMessage, isFrom, isPresence } from '../../src/xmpp/predicates.ts';
import { LoginRecord } from '../../src/xmpp/login/login-record.ts';
import { look } from '../../src/xmpp/login/look.ts';
import type { Session } from '../../src/xmpp/session.ts';
import { xml } from '../../src/xmpp/element.ts';
import { context, options } from '../support/xmpp.ts';

let server: EmbeddedServer;
before(async () => {
  server = await startEmbeddedServer({
    port: 0,
    patterns: { user: 'user_{id}', password: 'password_{id}' },
  });
});
after(() => server[Symbol.asyncDispose]());

const login = (id: number, changes: Partial<ConnectOptions> = {}): Promise<Session> =>
  connect(options(server.port, id, changes), context());

describe('the embedded server', () => {
  for (const mechanism of ['SCRAM-SHA-1', 'PLAIN']) {
    it(`lets an account of the pattern in with ${mechanism}, and nobody with a wrong password`, async () => {
      await using session = await login(1, { mechanism, resource: mechanism });
      assert.equal(session.jid, `user_1@localhost/${mechanism}`);
      for (const wrong of [{ password: 'wrong' }, { username: 'nobody' }, { username: 'user_0' }]) {
        await assert.rejects(login(1, { mechanism, ...wrong }), {
          name: 'AuthenticationFailed',
          condition: 'not-authorized',
          message: /login failed.*does the account exist/,
        });
      }
    });
  }

  it('takes messages to who is there, and keeps them for who is not', async () => {
    await using alice = await login(11);
    await using bob = await login(12);
    await bob.send(presence());
    await alice.send(chatTo('user_12@localhost', 'to the bare JID'));
    await alice.send(chatTo(bob.jid, 'to the full JID'));
    const first = await bob.waitForStanza(isChatMessage('to the bare JID'));
    assert.equal(first.from, alice.jid);
    await bob.waitForStanza(isChatMessage('to the full JID'));
    await alice.send(chatTo('user_13@localhost', 'for later'));
    await alice.sendIq(ping());
    await using carol = await login(13);
    await carol.send(presence());
    const late = await carol.waitForStanza(isChatMessage('for later'));
    assert.ok(late.getChild('delay', 'urn:xmpp:delay'));
  });

  it('answers a message to nobody with an error', async () => {
    await using alice = await login(14);
    await alice.send(chatTo('nobody@localhost', 'hello?'));
    const error = await alice.waitForStanza((stanza) => stanza.type === 'error');
    assert.ok(error.getChild('error')?.getChild('service-unavailable'));
  });

  it('answers ping, disco and roster, and refuses what it does not know', async () => {
    await using alice = await login(15);
    await alice.sendIq(ping());
    const info = await alice.sendIq(disco.info('localhost'));
    assert.ok(info.toString().includes('urn:xmpp:ping'));
    const add = xml(
      'iq',
      { type: 'set' },
      xml(
        'query',
        { xmlns: 'jabber:iq:roster' },
        xml('item', { jid: 'user_16@localhost', name: 'B' }),
      ),
    );
    await alice.sendIq(add);
    assert.match((await alice.sendIq(roster.get())).toString(), /user_16@localhost/);
    const strange = xml('iq', { type: 'get' }, xml('query', { xmlns: 'jabber:iq:strange' }));
    await assert.rejects(alice.sendIq(strange), { condition: 'service-unavailable' });
  });

  it('tells presence to those who are subscribed', async () => {
    await using alice = await login(17);
    await using bob = await login(18);
    await alice.send(presence());
    await bob.send(presence());
    await bob.send(xml('presence', { to: 'user_17@localhost', type: 'subscribe' }));
    await alice.waitForStanza(isPresence('subscribe'));
    await alice.send(xml('presence', { to: 'user_18@localhost', type: 'subscribed' }));
    await bob.waitForStanza(isPresence('subscribed'));
    await alice.close();
    await bob.waitForStanza(
      (stanza) => isPresence('unavailable')(stanza) && isFrom('user_17@localhost')(stanza),
    );
  });

  it('registers accounts, once each, and cancels them', async () => {
    const account = options(server.port, 0, { username: 'fresh', password: 'pw' });
    assert.equal(await register(account, context()), 'created');
    assert.equal(await register(account, context()), 'exists');
    await using session = await connect(account, context());
    await session.sendIq(removeAccount());
    await assert.rejects(connect(account, context()), { name: 'AuthenticationFailed' });
  });

  it('closes the older of two sessions of one full JID', async () => {
    await using older = await login(19);
    await using newer = await login(19);
    await assert.rejects(older.waitForStanza(), { name: 'SessionLost' });
    await newer.sendIq(ping());
  });

  it('says what it offers', async () => {
    const record = new LoginRecord();
    await look(options(server.port), { ...context(), ...record.hooks });
    assert.equal(record.offers.length, 1);
    const { startTls, mechanisms, registration } = record.offers[0]!;
    assert.deepEqual(
      { startTls, mechanisms, registration },
      { startTls: false, mechanisms: ['SCRAM-SHA-1', 'PLAIN'], registration: true },
    );
    const elsewhere = options(server.port, 1, { domain: 'elsewhere' });
    await assert.rejects(look(elsewhere, context()), { condition: 'host-unknown' });
  });

  for (const [what, bytes, answer] of [
    ['garbage', 'GET / HTTP/1.1\r\n\r\n', /not-well-formed/],
    [
      'a stanza without a login',
      `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost'><message/>`,
      /not-authorized/,
    ],
    [
      'a stanza that does not end',
      `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost'><auth>${'a'.repeat(300_000)}`,
      /policy-violation/,
    ],
  ] as const) {
    it(`ends a stream that begins with ${what}, and goes on serving`, async () => {
      const socket = dial(server.port, '127.0.0.1').setEncoding('utf8');
      let text = '';
      socket.on('data', (data) => (text += String(data)));
      socket.write(bytes);
      await once(socket, 'end');
      socket.destroy();
      assert.match(text, answer);
      await using session = await login(20);
      await session.sendIq(ping());
    });
  }

  it('refuses to register a name that is none', async () => {
    await using session = await login(21);
    await assert.rejects(session.sendIq(registerAccount('a b', 'x')), {
      condition: 'not-acceptable',
    });
  });
});

describe('patternId', () => {
  it('reads the id out of a name', () => {
    assert.equal(patternId('user_{id}', 'user_7'), '7');
    assert.equal(patternId('u{id}x', 'u12x'), '12');
    for (const name of ['user_', 'user_07', 'user_x', 'other_7', 'user_7x']) {
      assert.equal(patternId('user_{id}', name), undefined);
    }
  });
});
