import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as amoc from '../../src/index.ts';
import { connect, register } from '../../src/xmpp/login/connect.ts';
import { connectComponent } from '../../src/xmpp/login/component.ts';
import { connectOptions } from '../../src/users/target.ts';
import type { UserConnectOptions } from '../../src/users/target.ts';
import { resolveSettings } from '../../src/config/resolve.ts';
import { xmppVariables } from '../../src/config/run-variables.ts';
import type { XmppSettings } from '../../src/config/run-variables.ts';
import type { StoryOptions } from '../../src/users/story.ts';
import { ADMIN, COMPONENT_SECRET, startEjabberd, startProsody } from '../support/servers.ts';
import type { RealServer } from '../support/servers.ts';
import { Project } from '../support/project.ts';
import { context } from '../support/xmpp.ts';

const { chatTo, isChatMessage, presence, story, xml } = amoc;

const transports = [
  'TCP',
  'STARTTLS',
  'TLS',
  'WebSocket',
  'WebSocket over TLS',
  'BOSH',
  'BOSH over TLS',
] as const;
type Transport = (typeof transports)[number];

/** Settings that reach a server over a transport. */
function settingsOf(server: RealServer, transport: Transport): Partial<XmppSettings> {
  const { ports, ca, webSocketPath, boshPath } = server;
  const base = { xmppHost: '127.0.0.1', xmppDomain: 'localhost', xmppTlsCa: ca, xmppTls: 'none' };
  switch (transport) {
    case 'TCP':
      return { ...base, xmppPort: ports.c2s };
    case 'STARTTLS':
      return { ...base, xmppPort: ports.c2s, xmppTls: 'starttls' };
    case 'TLS':
      return { ...base, xmppPort: ports.tls, xmppTls: 'direct' };
    case 'WebSocket':
      return { ...base, xmppPort: ports.http, xmppTransport: 'websocket', xmppPath: webSocketPath };
    case 'BOSH':
      return { ...base, xmppPort: ports.http, xmppTransport: 'bosh', xmppPath: boshPath };
    case 'WebSocket over TLS':
      return { ...settingsOf(server, 'WebSocket'), xmppPort: ports.https, xmppTls: 'direct' };
    case 'BOSH over TLS':
      return { ...settingsOf(server, 'BOSH'), xmppPort: ports.https, xmppTls: 'direct' };
  }
}

/** Logs in with settings, without a story's account. */
async function logIn(
  call: Partial<XmppSettings>,
  id: number,
  options: UserConnectOptions = {},
): Promise<amoc.Session> {
  const settings = resolveSettings(xmppVariables, { call }, '') as XmppSettings;
  return connect(await connectOptions(settings, id, options), context());
}

/** Makes a user's certificate with its JID in it (RFC 6120 §13.7.1.4), signed by the server's own. */
function signUser(server: RealServer, jid: string, pattern: string, id: number): void {
  const file = pattern.replace('{id}', String(id));
  const [key, request, extension] = ['key', 'csr', 'ext'].map((end) => `${file}.${end}`) as [
    string,
    string,
    string,
  ];
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  openssl('req', '-new', '-nodes', '-subj', '/CN=user', '-keyout', key, '-out', request);
  writeFileSync(extension, `subjectAltName=otherName:1.3.6.1.5.5.7.8.5;UTF8:${jid}\n`);
  const signer = ['-CA', server.ca, '-CAkey', server.key, '-set_serial', String(id)];
  openssl('x509', '-req', '-in', request, '-extfile', extension, ...signer, '-out', file);
  writeFileSync(file, readFileSync(key), { flag: 'a' });
}

for (const [name, start] of [
  ['ejabberd', startEjabberd],
  ['prosody', startProsody],
] as const) {
  describe(`on real ${name}`, () => {
    let server: RealServer;
    before(async () => {
      server = await start();
    });
    after(() => server[Symbol.asyncDispose]());

    const over = (transport: Transport, options: StoryOptions = {}): StoryOptions => ({
      ...options,
      settings: { ...settingsOf(server, transport), ...options.settings },
    });

    for (const transport of transports) {
      it(`over ${transport}: registers, logs in, chats, has a roster and presence, and cancels`, async () => {
        const run = story(
          2,
          async (alice, bob) => {
            await alice.send(chatTo(bob.jid, 'hi <&> é 🦜'));
            const got = await bob.waitForStanza(isChatMessage('hi <&> é 🦜'));
            assert.equal(got.from, alice.jid);
            await amoc.befriend(alice, bob);
            const roster = await alice.sendIq(amoc.roster.get());
            assert.ok(amoc.rosterContains(amoc.bareJid(bob.jid))(roster));
            await bob.send(presence({ show: 'away', status: 'gone', priority: 3 }));
            await alice.waitForStanza(
              amoc.and(amoc.isPresenceWithShow('away'), amoc.isPresenceWithPriority(3)),
            );
            await alice.sendIq(amoc.ping('localhost'));
            // Longer than any one packet.
            const long = 'x'.repeat(40_000);
            await alice.send(chatTo(bob.jid, long));
            await bob.waitForStanza(isChatMessage(long));
          },
          over(transport),
        );
        await run;
      });
    }

    it('over BOSH over TLS: requests that leave one after the other do not overtake', async () => {
      // ejabberd forgets a request that overtook an empty one: without order, some of these failed each time.
      const pairs = Array.from({ length: 12 }, () =>
        story(
          2,
          async (alice, bob) => {
            for (let round = 0; round < 8; round++) {
              await amoc.befriend(alice, bob);
              await alice.sendIq(amoc.roster.get());
              await bob.send(presence({ show: 'away' }));
              await alice.sendIq(amoc.ping('localhost'));
              await bob.sendIq(amoc.ping('localhost'));
              await alice.sendIq(amoc.roster.remove(amoc.bareJid(bob.jid)));
              await bob.sendIq(amoc.roster.remove(amoc.bareJid(alice.jid)));
            }
          },
          over('BOSH over TLS'),
        ),
      );
      await Promise.all(pairs);
    });

    const admin = async (): Promise<amoc.Session> => {
      const call = { ...settingsOf(server, 'TCP'), xmppUser: ADMIN };
      const settings = resolveSettings(xmppVariables, { call }, '') as XmppSettings;
      await register(await connectOptions(settings, 1, {}), context());
      return logIn(call, 1);
    };

    it('takes each SASL mechanism that it offers', async () => {
      const tries: [Transport, string[]][] = [
        ['TCP', ['PLAIN', 'SCRAM-SHA-1']],
        ['TLS', ['PLAIN', 'SCRAM-SHA-1', 'SCRAM-SHA-256', 'SCRAM-SHA-512']],
        ['STARTTLS', ['SCRAM-SHA-1-PLUS', 'SCRAM-SHA-256-PLUS', 'SCRAM-SHA-512-PLUS']],
      ];
      const worked: string[] = [];
      for (const [transport, mechanisms] of tries) {
        for (const mechanism of mechanisms) {
          try {
            await story(
              1,
              (alice) => alice.sendIq(amoc.ping('localhost')),
              over(transport, {
                mechanism,
                settings: mechanism.endsWith('-PLUS') ? { xmppTlsMaxVersion: 'TLSv1.2' } : {},
              }),
            );
            worked.push(mechanism);
          } catch (error) {
            // What a server does not offer is told by name.
            assert.match(String(error), new RegExp(`offers no mechanism ${mechanism}, only`));
          }
        }
      }
      assert.ok(worked.includes('PLAIN') && worked.includes('SCRAM-SHA-1'), worked.join());
      console.log(`${name}: ${[...new Set(worked)].join(', ')}`);
    });

    it('takes somebody in without an account (ANONYMOUS)', async () => {
      const call = { ...settingsOf(server, 'TCP'), xmppDomain: 'anonymous.localhost' };
      await using session = await logIn({ ...call, xmppMechanism: 'ANONYMOUS' }, 1);
      assert.match(session.jid, /^[^@]+@anonymous\.localhost\//);
      await session.sendIq(amoc.ping('anonymous.localhost'));
    });

    if (name === 'ejabberd') {
      it('takes a token in place of a password (X-OAUTH2)', async () => {
        await story(
          1,
          async (alice) => {
            const jid = amoc.bareJid(alice.jid);
            const url = `http://127.0.0.1:${server.ports.http}/api/oauth_issue_token`;
            const response = await fetch(url, {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify({ jid, ttl: 60, scopes: 'sasl_auth' }),
            });
            const { token } = (await response.json()) as { token: string };
            const call = { ...settingsOf(server, 'TLS'), xmppMechanism: 'X-OAUTH2' };
            const account = { username: jid.split('@')[0] as string, resource: 'by-token' };
            await using session = await logIn(call, 1, { ...account, password: token });
            await session.sendIq(amoc.ping('localhost'));
            await assert.rejects(logIn(call, 1, { ...account, password: 'no-token' }), {
              name: 'AuthenticationFailed',
              condition: 'not-authorized',
            });
          },
          over('TCP'),
        );
      });

      it('takes a certificate in place of a password (EXTERNAL)', async () => {
        const certificates = join(server.folder, 'user_{id}.pem');
        const call = { ...settingsOf(server, 'TLS'), xmppCertificate: certificates };
        for (const id of [1, 2]) signUser(server, `cert_${id}@localhost`, certificates, id);
        for (const id of [1, 2]) {
          await using session = await logIn({ ...call, xmppUser: 'cert_{id}' }, id);
          assert.equal(amoc.bareJid(session.jid), `cert_${id}@localhost`);
          await session.sendIq(amoc.ping('localhost'));
        }
      });
    }

    it('imports the accounts that amoc writes for it', async () => {
      using project = new Project({});
      const out = name === 'prosody' ? join(server.folder, 'data') : server.folder;
      const env = { AMOC_XMPP_DOMAIN: 'localhost', AMOC_XMPP_USER: 'im.port_{id}' };
      const written = await project.amoc(['accounts', name, '1', '20', '--out', out], { env });
      assert.equal(written.code, 0, written.err);
      if (name === 'ejabberd') {
        const response = await fetch(`http://127.0.0.1:${server.ports.http}/api/import_piefxis`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ file: join(out, 'localhost.xml') }),
        });
        assert.equal(response.status, 200, await response.text());
      }
      const call = { ...settingsOf(server, 'TCP'), xmppUser: 'im.port_{id}' };
      for (const id of [1, 20]) {
        await using session = await logIn(call, id);
        await session.sendIq(amoc.ping('localhost'));
      }
    });

    it('sends carbons to the other resource', async () => {
      await story(
        2,
        async (alice, bob) => {
          await alice.sendIq(amoc.carbons.enable());
          await bob.send(chatTo(amoc.bareJid(alice.jid), 'for all'));
          await alice.waitForStanza(isChatMessage('for all'));
          await alice.sendIq(amoc.carbons.disable());
        },
        over('TCP'),
      );
    });

    it('archives, and gives the archive page by page', async () => {
      await story(
        2,
        async (alice, bob) => {
          if (name === 'prosody') await alice.sendIq(amoc.mam.setPreferences('always'));
          for (let at = 1; at <= 12; at++) {
            await alice.send(chatTo(bob.jid, `message ${at}`));
            await bob.waitForStanza(isChatMessage(`message ${at}`));
          }
          const bodies: (string | null)[] = [];
          const archive = amoc.readArchive(alice, { with: amoc.bareJid(bob.jid), pageSize: 5 });
          for await (const { message, at } of archive) {
            assert.ok(at !== undefined && Date.now() - at.getTime() < 60_000);
            bodies.push(message.getChildText('body'));
          }
          assert.deepEqual(
            bodies,
            Array.from({ length: 12 }, (_, at) => `message ${at + 1}`),
          );
        },
        over('TCP'),
      );
    });

    it('has rooms', async () => {
      await story(
        2,
        async (alice, bob) => {
          const room = `room${Date.now()}@conference.localhost`;
          const made = await amoc.joinRoom(alice, room, 'alice');
          assert.equal(made.isNew, true);
          await alice.sendIq(amoc.muc.configure(room));
          await alice.send(amoc.groupchatTo(room, 'first'));
          await alice.waitForStanza(amoc.isGroupchatMessage('first'));
          const joined = await amoc.joinRoom(bob, room, 'bob');
          assert.deepEqual(
            joined.occupants.map(({ from }) => from),
            [`${room}/alice`],
          );
          assert.deepEqual(
            joined.history.map((each) => each.getChildText('body')),
            ['first'],
          );
          await bob.send(amoc.groupchatTo(room, 'second'));
          await alice.waitForStanza(amoc.isGroupchatMessage('second'));
          await assert.rejects(amoc.joinRoom(bob, room, 'alice'), {
            name: 'StanzaError',
            condition: 'conflict',
          });
          await alice.sendIq(amoc.muc.destroy(room));
        },
        over('TCP'),
      );
    });

    it('has PubSub and personal events', async () => {
      await story(
        2,
        async (alice, bob) => {
          const service = 'pubsub.localhost';
          const node = `node${Date.now()}`;
          const entry = xml('entry', { xmlns: 'urn:test' }, xml('title', {}, 'hello'));
          // prosody lets only its admins make nodes.
          const owner = name === 'ejabberd' ? alice : await admin();
          await owner.sendIq(amoc.pubsub.createNode(service, node));
          await bob.sendIq(amoc.pubsub.subscribe(service, node, amoc.bareJid(bob.jid)));
          await owner.sendIq(amoc.pubsub.publish(service, node, { id: 'one', payload: entry }));
          const event = await bob.waitForStanza(amoc.isPubsubEvent(node));
          assert.match(event.text, /hello/);
          const items = await bob.sendIq(amoc.pubsub.items(service, node, { max: 1 }));
          assert.match(items.text, /id=['"]one['"]/);
          await bob.sendIq(amoc.pubsub.unsubscribe(service, node, amoc.bareJid(bob.jid)));
          await owner.sendIq(amoc.pubsub.deleteNode(service, node));
          if (owner !== alice) await owner.close();
          // PEP (XEP-0163): on one's own account.
          await alice.sendIq(amoc.pubsub.publish(undefined, 'urn:test:mood', { payload: entry }));
          const own = await alice.sendIq(amoc.pubsub.items(undefined, 'urn:test:mood'));
          assert.match(own.text, /hello/);
        },
        over('TCP'),
      );
    });

    it('keeps vCards, blocks, stores and tells the last activity', async () => {
      await story(
        2,
        async (alice, bob) => {
          await alice.sendIq(amoc.vcard.set({ FN: 'Alice', N: { GIVEN: 'Alice' } }));
          const card = await bob.sendIq(amoc.vcard.get(amoc.bareJid(alice.jid)));
          assert.equal(card.getChild('vCard')?.getChildText('FN'), 'Alice');
          await alice.sendIq(amoc.blocking.block(amoc.bareJid(bob.jid)));
          const blocked = await alice.sendIq(amoc.blocking.get());
          assert.match(blocked.text, new RegExp(amoc.bareJid(bob.jid)));
          await alice.sendIq(amoc.blocking.unblock());
          await alice.sendIq(amoc.privateStorage.set(xml('thing', { xmlns: 'urn:test' }, 'x')));
          const stored = await alice.sendIq(amoc.privateStorage.get('thing', 'urn:test'));
          assert.ok(amoc.isPrivateResult()(stored));
          const info = await alice.sendIq(amoc.disco.info('localhost'));
          assert.ok(amoc.hasFeature('urn:xmpp:ping')(info));
          assert.ok(amoc.hasIdentity('server', 'im')(info));
          await alice.send(amoc.csi.inactive());
          if (name === 'ejabberd') {
            await alice.sendIq(
              amoc.privacy.set('list', [{ action: 'deny', order: 1, type: 'jid', value: bob.jid }]),
            );
            await alice.sendIq(amoc.privacy.activate('list'));
            const lists = await alice.sendIq(amoc.privacy.getAll());
            assert.ok(amoc.isPrivacyResult({ active: 'list' })(lists));
            await alice.sendIq(amoc.privacy.activate());
          }
        },
        over('TCP'),
      );
    });

    it('resumes a session that was cut, and nothing is lost', async () => {
      await story(
        2,
        async (alice, bob) => {
          await bob.enableStreamManagement();
          await bob.sendIq(amoc.ping());
          const token = bob.resumption;
          assert.ok(token !== undefined);
          const received = bob.resumption;
          bob.kill();
          for (let at = 1; at <= 3; at++) await alice.send(chatTo(bob.jid, `while away ${at}`));
          await alice.sendIq(amoc.ping());
          const settings = resolveSettings(
            xmppVariables,
            { call: settingsOf(server, 'TCP') },
            '',
          ) as XmppSettings;
          const account = accounts.get(bob) as { username: string; password: string };
          const target = await connectOptions(settings, 1, { ...account, resume: received });
          await using again = await connect(target, context());
          assert.equal(again.jid, bob.jid);
          for (let at = 1; at <= 3; at++)
            await again.waitForStanza(isChatMessage(`while away ${at}`));
          await again.send(chatTo(alice.jid, 'back'));
          await alice.waitForStanza(isChatMessage('back'));
          await again.acked();
        },
        over('TCP', { onAccount: (session, account) => accounts.set(session, account) }),
      );
    });
    const accounts = new WeakMap<amoc.Session, { username: string; password: string }>();

    it('replaces a lost connection by the policy, and what was sent meanwhile arrives', async () => {
      await story(
        2,
        async (alice, bob) => {
          await alice.enableStreamManagement();
          const back = new Promise<amoc.Reconnected>((resolve) => alice.onReconnect(resolve));
          alice.cut();
          await alice.send(chatTo(bob.jid, 'sent into the gap'));
          assert.deepEqual(await back, { resumed: true, unacked: [] });
          await bob.waitForStanza(isChatMessage('sent into the gap'));
          await bob.send(chatTo(alice.jid, 'welcome back'));
          await alice.waitForStanza(isChatMessage('welcome back'));
        },
        over('TCP', { reconnect: { first: '10ms', most: '50ms' } }),
      );
    });

    it('takes a component in', async () => {
      const component = await connectComponent(
        {
          host: '127.0.0.1',
          port: server.ports.component,
          domain: 'component.localhost',
          secret: COMPONENT_SECRET,
          sendBuffer: { bytes: 1_000_000, policy: 'wait' },
          timeoutMs: 5000,
        },
        context(),
      );
      await story(
        1,
        async (alice) => {
          await alice.send(chatTo('echo@component.localhost', 'hello component'));
          const got = await component.waitForStanza(isChatMessage('hello component'));
          const answer = chatTo(got.from as string, 'hello user');
          answer.attrs['from'] = 'echo@component.localhost';
          await component.send(answer);
          await alice.waitForStanza(isChatMessage('hello user'));
        },
        over('TCP'),
      );
      await component.close();
      await assert.rejects(
        connectComponent(
          {
            host: '127.0.0.1',
            port: server.ports.component,
            domain: 'component.localhost',
            secret: 'wrong',
            sendBuffer: { bytes: 1000, policy: 'wait' },
            timeoutMs: 5000,
          },
          context(),
        ),
        { name: 'AuthenticationFailed' },
      );
    });

    it('tells presence between friends, and forgets the accounts of a story', async () => {
      let jid = '';
      await story(
        1,
        async (alice) => {
          jid = alice.jid;
          await alice.send(presence('unavailable'));
        },
        over('TCP'),
      );
      const settings = resolveSettings(
        xmppVariables,
        { call: settingsOf(server, 'TCP') },
        '',
      ) as XmppSettings;
      const username = jid.split('@')[0] as string;
      const target = await connectOptions(settings, 1, { username, password: 'x' });
      await assert.rejects(connect(target, context()), { name: 'AuthenticationFailed' });
    });
  });
}
