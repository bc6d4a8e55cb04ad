import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as dial } from 'node:net';
import { after, before, describe, it } from 'node:test';
import {
  blocking,
  carbons,
  chatTo,
  disco,
  iq,
  mam,
  muc,
  ping,
  presence,
  pubsub,
  registerAccount,
  removeAccount,
  roster,
  vcard,
} from '../../src/xmpp/stanzas/index.ts';
import { befriend } from '../../src/xmpp/helpers/friends.ts';
import { joinRoom } from '../../src/xmpp/helpers/rooms.ts';
import { connect, register } from '../../src/xmpp/login/connect.ts';
import type { ConnectOptions } from '../../src/xmpp/connect-options.ts';
import { patternId } from '../../src/xmpp/embedded/pattern.ts';
import { startEmbeddedServer } from '../../src/xmpp/embedded/server.ts';
import type { EmbeddedServer } from '../../src/xmpp/embedded/server.ts';
import { isChatMessage, isFrom, isMessage, isPresence } from '../../src/xmpp/predicates.ts';
import { LoginRecord } from '../../src/xmpp/login/login-record.ts';
import { look } from '../../src/xmpp/login/look.ts';
import type { Session } from '../../src/xmpp/session/session.ts';
import { xml } from '../../src/xmpp/element.ts';
import { RawStream } from '../support/raw-stream.ts';
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
  for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN']) {
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
  });

  for (const [request, lack] of [
    [mam.query(), 'archive'],
    [vcard.get(), 'vCards'],
    [carbons.enable(), 'carbons'],
    [blocking.get(), 'blocking'],
    [pubsub.createNode('pubsub.localhost', 'node'), 'service at pubsub.localhost'],
    [disco.info('elsewhere.example'), 'connection to elsewhere.example'],
    [pubsub.publish(undefined, 'node'), 'PubSub'],
    [iq('get', xml('request', { xmlns: 'urn:xmpp:http:upload:0' }), 'localhost'), 'uploads'],
    [iq('get', xml('query', { xmlns: 'urn:strange' })), 'answer to urn:strange'],
  ] as const) {
    it(`says that it has no ${lack}, and where it may be`, async () => {
      await using alice = await login(16);
      await assert.rejects(alice.sendIq(request), {
        condition: /service-unavailable|remote-server-not-found/,
        message: new RegExp(`\\(the embedded server has no ${lack}; set AMOC_XMPP_HOST\\)`),
      });
    });
  }

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

  it('tells contacts that an account is no more', async () => {
    await using alice = await login(31);
    await using bob = await login(32);
    for (const session of [alice, bob]) await session.send(presence());
    await befriend(alice, bob);
    const isOver = bob.waitForStanza(isPresence('unsubscribed'));
    await alice.sendIq(removeAccount());
    await isOver;
    const left = await bob.sendIq(roster.get());
    assert.equal(left.payload?.getChild('item')?.attrs['subscription'], 'none');
    await assert.rejects(alice.waitForStanza(isMessage()), /not-authorized.*removed/);
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
    await assert.rejects(older.waitForStanza(isMessage()), { name: 'SessionLost' });
    await newer.sendIq(ping());
  });

  it('says what it offers', async () => {
    const record = new LoginRecord();
    await look(options(server.port), { ...context(), ...record.hooks });
    assert.equal(record.offers.length, 1);
    const { startTls, mechanisms, registration } = record.offers[0]!;
    assert.deepEqual(
      { startTls, mechanisms, registration },
      {
        startTls: false,
        mechanisms: ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN'],
        registration: true,
      },
    );
    const elsewhere = options(server.port, 1, { domain: 'elsewhere' });
    await assert.rejects(look(elsewhere, context()), { condition: 'host-unknown' });
  });

  for (const [what, bytes, answer] of [
    ['garbage', 'HELO there\r\n\r\n', /not-well-formed/],
    [
      'HTTP for a page',
      'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      /426 .*This is an XMPP server/s,
    ],
    ['TLS that it does not have', '\u0016\u0003\u0001', /not-well-formed/],
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

describe('the embedded server, at its bounds', () => {
  it('refuses a contact beyond 1,000', async () => {
    await using alice = await login(41);
    const add = (at: number): Promise<unknown> =>
      alice.sendIq(roster.add({ jid: `contact${at}@localhost` }));
    for (let at = 1; at <= 1000; at++) await add(at);
    await assert.rejects(add(1001), { condition: 'resource-constraint' });
    await alice.sendIq(roster.remove('contact1@localhost'));
    await add(1001);
  });

  it('refuses a message that would be the 101st to wait for one account', async () => {
    await using alice = await login(42);
    for (let at = 1; at <= 100; at++) await alice.send(chatTo('user_43@localhost', `${at}`));
    const refused = await alice.sendAndWait(chatTo('user_43@localhost', '101'), isMessage());
    assert.equal(refused.type, 'error');
    assert.ok(refused.getChild('error')?.getChild('service-unavailable'));
    await using bob = await login(43);
    await bob.send(presence());
    for (let at = 1; at <= 100; at++) await bob.waitForStanza(isChatMessage(`${at}`));
  });

  it('refuses presence to one JID beyond 1,000, until it is taken back from another', async () => {
    await using alice = await login(44);
    const tell = (at: number): Promise<unknown> =>
      alice.send(presence.direct(`nobody${at}@localhost`));
    for (let at = 1; at <= 1000; at++) await tell(at);
    await alice.sendIq(ping());
    const refused = alice.waitForStanza(isPresence('error'));
    await tell(1001);
    assert.ok((await refused).getChild('error')?.getChild('resource-constraint'));
    await alice.send(presence('unavailable', 'nobody1@localhost'));
    await tell(1001);
    await alice.sendIq(ping());
    assert.equal(alice.takeStanza(isPresence()), undefined);
  });

  it('refuses settings of a room that it does not have', async () => {
    await using alice = await login(45);
    const room = 'members@conference.localhost';
    await joinRoom(alice, room, 'alice');
    await assert.rejects(
      alice.sendIq(muc.configure(room, { 'muc#roomconfig_membersonly': true })),
      {
        condition: 'not-acceptable',
        message: /no rooms for members only; set AMOC_XMPP_HOST/,
      },
    );
  });
});

describe('the embedded server, when a connection breaks', () => {
  const enable = `<bind xmlns='urn:xmpp:bind:0'><tag>raw</tag><enable xmlns='urn:xmpp:sm:3' resume='true'/></bind>`;
  const idOf = (success: string): string => /<enabled [^>]*id='(\w+)'/.exec(success)?.[1] as string;

  it('keeps a session that can be resumed, and takes it up again within the login (XEP-0388)', async () => {
    await using alice = await login(51);
    const first = new RawStream(server.port);
    const success = await first.logIn('user_52', 'password_52', enable);
    assert.match(success, /<authorization-identifier>user_52@localhost\/raw</);
    first.send('<presence/>');
    await first.read(/<presence[^>]*from="user_52@localhost\/raw"/);
    first[Symbol.dispose]();
    await alice.send(chatTo('user_52@localhost/raw', 'while away'));
    await alice.sendIq(ping());
    using second = new RawStream(server.port);
    const resume = `<resume xmlns='urn:xmpp:sm:3' previd='${idOf(success)}' h='1'/>`;
    const again = await second.logIn('user_52', 'password_52', resume + enable);
    assert.match(again, new RegExp(`<resumed [^>]*previd='${idOf(success)}' h='1'/>`));
    assert.ok(!again.includes('<bound'));
    const missed = await second.read(/<\/message>/);
    assert.match(missed, /while away/);
    // It is somebody else's.
    using eve = new RawStream(server.port);
    const refused = await eve.logIn('user_53', 'password_53', resume);
    assert.match(refused, /<failed xmlns='urn:xmpp:sm:3'><item-not-found/);
  });

  it('gives what was not acknowledged to the other clients of the account, when the client does not come back', async () => {
    const patterns = { user: 'user_{id}', password: 'password_{id}' };
    await using hasty = await startEmbeddedServer({ port: 0, patterns, resumableMs: 50 });
    await using alice = await connect(options(hasty.port, 1), context());
    const raw = new RawStream(hasty.port);
    const success = await raw.logIn('user_2', 'password_2', enable);
    raw.send('<presence/>');
    await raw.read(/<presence[^>]*from="user_2@localhost\/raw"/);
    await alice.send(chatTo('user_2@localhost', 'not acknowledged'));
    await raw.read(/not acknowledged/);
    raw[Symbol.dispose]();
    await using bob = await connect(options(hasty.port, 2, { resource: 'later' }), context());
    await bob.send(presence());
    await bob.waitForStanza(isChatMessage('not acknowledged'), { timeout: '20s' });
    using again = new RawStream(hasty.port);
    const resume = `<resume xmlns='urn:xmpp:sm:3' previd='${idOf(success)}' h='0'/>`;
    assert.match(await again.logIn('user_2', 'password_2', resume), /<item-not-found/);
  });

  it('asks for an acknowledgement as long as one is missing', async () => {
    await using alice = await login(56);
    using raw = new RawStream(server.port);
    await raw.logIn('user_55', 'password_55', enable);
    for (const body of ['one', 'two', 'three']) {
      await alice.send(chatTo('user_55@localhost/raw', body));
    }
    assert.match(await raw.read(/three/), /one<\/body><\/message><r [^>]*>.*two/);
    raw.send(`<a xmlns='urn:xmpp:sm:3' h='1'/>`);
    await raw.read(/<r [^>]*>/);
    raw.send(`<a xmlns='urn:xmpp:sm:3' h='3'/><r xmlns='urn:xmpp:sm:3'/>`);
    assert.ok(!(await raw.read(/<a [^>]*h='0'/)).includes('<r '));
  });

  it('ends a session whose client acknowledges more than was sent', async () => {
    using raw = new RawStream(server.port);
    await raw.logIn('user_54', 'password_54', enable);
    raw.send(`<a xmlns='urn:xmpp:sm:3' h='7'/>`);
    const error = await raw.read(/<\/stream:stream>/);
    assert.match(error, /<undefined-condition.*<handled-count-too-high [^>]*h='7' send-count='0'/);
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
