import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as amoc from '../../../src/index.ts';
import type { XmppSettings } from '../../../src/xmpp/settings.ts';
import { environmentName } from '../../../src/config/variable.ts';
import { LoginRecord } from '../../../src/xmpp/login/login-record.ts';
import { Project } from '../../support/project.ts';
import type { RealServer } from '../../support/servers.ts';
import type { Place, Transport } from '../place.ts';
import type { Difference, Row } from '../row.ts';
import { on } from '../row.ts';

const noPlus: Difference = { why: 'offers no channel binding' };

/** A login by one mechanism, where it is offered. */
function byMechanism(
  mechanism: string,
  transport: Transport,
  spec: string,
  differs: Row['differs'] = {},
): Row {
  return {
    what: `a login by ${mechanism}`,
    spec,
    over: [transport],
    differs,
    check: (place) =>
      place.story(1, (alice) => alice.sendIq(amoc.ping('localhost')), {
        mechanism,
        // What TLS 1.3 binds to is another thing (RFC 9266), which 23.01 and 0.12 do not know.
        settings: mechanism.endsWith('-PLUS') ? { xmppTlsMaxVersion: 'TLSv1.2' } : {},
      }),
  };
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

/** Logs an account in. @returns how it was done */
async function recorded(
  place: Place,
  settings: Partial<XmppSettings> = {},
): Promise<{ mechanism: string; bindings: string[] }> {
  const username = `tied_${place.transport.toLowerCase()}`;
  const account = { username, password: 'password' };
  await place.register(account);
  const record = new LoginRecord();
  const told = { ...place.told(), ...record.hooks };
  await using session = await place.logIn(account, { settings, told });
  await session.sendIq(amoc.ping('localhost'));
  return {
    mechanism: record.mechanism ?? '',
    bindings: record.offers.flatMap(({ channelBindings }) => channelBindings),
  };
}

const noExternal = on(['prosody 0.12', 'prosody 13', 'embedded'], {
  why: 'takes no certificate of a client here',
});

export const login: readonly Row[] = [
  byMechanism('PLAIN', 'TCP', 'RFC 4616'),
  byMechanism('PLAIN', 'TLS', 'RFC 4616'),
  byMechanism('SCRAM-SHA-1', 'TCP', 'RFC 5802'),
  byMechanism('SCRAM-SHA-256', 'TLS', 'RFC 7677'),
  byMechanism('SCRAM-SHA-512', 'TLS', 'RFC 7677', {
    ...on(['prosody 0.12', 'prosody 13', 'embedded'], { why: 'does not offer SCRAM-SHA-512' }),
  }),
  byMechanism('SCRAM-SHA-1-PLUS', 'STARTTLS', 'RFC 5802 §6', { embedded: noPlus }),
  byMechanism('SCRAM-SHA-256-PLUS', 'STARTTLS', 'RFC 5802 §6', { embedded: noPlus }),
  {
    what: 'a mechanism that is not offered is named in the error, with those that are',
    spec: 'RFC 6120 §6.4.2',
    check: async (place) => {
      await assert.rejects(
        place.story(1, () => Promise.resolve(), { mechanism: 'OAUTHBEARER' }),
        /offers no mechanism OAUTHBEARER, only .*PLAIN/,
      );
    },
  },
  {
    what: 'a login without an account (ANONYMOUS)',
    spec: 'RFC 4505',
    differs: { embedded: { why: 'has no anonymous accounts' } },
    check: async (place) => {
      const settings = { xmppDomain: 'anonymous.localhost', xmppMechanism: 'ANONYMOUS' };
      await using session = await place.logIn({}, { settings });
      assert.match(session.jid, /^[^@]+@anonymous\.localhost\//);
      await session.sendIq(amoc.ping('anonymous.localhost'));
    },
  },
  {
    what: 'a token in place of a password (X-OAUTH2)',
    spec: 'ejabberd',
    differs: {
      embedded: { why: 'has no tokens' },
      ...on(['prosody 0.12', 'prosody 13'], { why: 'has no tokens' }),
    },
    check: (place) =>
      place.story(1, async (alice) => {
        const jid = amoc.bareJid(alice.jid);
        const url = `http://127.0.0.1:${place.real.ports.http}/api/oauth_issue_token`;
        const scopes = place.server === 'ejabberd 23.01' ? 'sasl_auth' : ['sasl_auth'];
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ jid, ttl: 60, scopes }),
        });
        const { token } = (await response.json()) as { token: string };
        const tls = place.over('TLS');
        const settings = { xmppMechanism: 'X-OAUTH2' };
        const account = { username: jid.split('@')[0] as string, resource: 'by-token' };
        await using session = await tls.logIn({ ...account, password: token }, { settings });
        await session.sendIq(amoc.ping('localhost'));
        await assert.rejects(tls.logIn({ ...account, password: 'no-token' }, { settings }), {
          name: 'AuthenticationFailed',
          condition: 'not-authorized',
        });
      }),
  },
  {
    what: 'a certificate in place of a password (EXTERNAL)',
    spec: 'RFC 6120 §6.3.4',
    over: ['TLS'],
    differs: noExternal,
    check: async (place) => {
      const xmppCertificate = join(place.real.folder, 'user_{id}.pem');
      const settings = { xmppCertificate, xmppUser: 'cert_{id}' };
      for (const id of [1, 2]) signUser(place.real, `cert_${id}@localhost`, xmppCertificate, id);
      for (const id of [1, 2]) {
        await using session = await place.logIn({}, { id, settings });
        assert.equal(amoc.bareJid(session.jid), `cert_${id}@localhost`);
        await session.sendIq(amoc.ping('localhost'));
      }
    },
  },
  {
    what: 'a wrong password is an AuthenticationFailed with its condition',
    spec: 'RFC 6120 §6.5.10',
    check: (place) =>
      place.story(1, async (alice) => {
        const username = alice.jid.split('@')[0] as string;
        await assert.rejects(place.logIn({ username, password: 'wrong', resource: 'other' }), {
          name: 'AuthenticationFailed',
          condition: 'not-authorized',
        });
      }),
  },
  {
    what: 'a login is tied to its TLS connection where the server lists how',
    spec: 'XEP-0440 §4, RFC 5802 §6',
    over: ['STARTTLS', 'TLS'],
    differs: on(['ejabberd 23.01', 'prosody 0.12', 'embedded'], {
      why: 'lists no types of channel binding',
      check: async (place) => {
        const { mechanism, bindings } = await recorded(place);
        assert.deepEqual(bindings, []);
        assert.doesNotMatch(mechanism, /-PLUS$/);
      },
    }),
    check: async (place) => {
      for (const xmppTlsMaxVersion of ['TLSv1.2', 'TLSv1.3']) {
        // A token would be in place of the mechanism.
        const settings = { xmppTlsMaxVersion, xmppSasl2: false };
        const { mechanism, bindings } = await recorded(place, settings);
        assert.match(mechanism, /^SCRAM-.*-PLUS$/, xmppTlsMaxVersion);
        for (const xmppChannelBinding of bindings) {
          // RFC 9266 §3
          if (xmppChannelBinding === 'tls-unique' && xmppTlsMaxVersion === 'TLSv1.3') continue;
          const xmppMechanism = 'SCRAM-SHA-256-PLUS';
          const named = { xmppTlsMaxVersion, xmppChannelBinding, xmppMechanism };
          assert.equal((await recorded(place, named)).mechanism, xmppMechanism);
        }
        const untied = await recorded(place, { ...settings, xmppChannelBinding: 'none' });
        assert.match(untied.mechanism, /^SCRAM-SHA-\d+$/);
      }
    },
  },
  {
    what: 'one URL is enough to log in by',
    spec: 'RFC 7395, XEP-0206',
    over: ['WebSocket', 'WebSocket over TLS', 'BOSH', 'BOSH over TLS'],
    check: async (place) => {
      const { xmppTransport, xmppTls, xmppPort, xmppPath, xmppTlsCa } = place.settings();
      const scheme = `${xmppTransport === 'bosh' ? 'http' : 'ws'}${xmppTls === 'direct' ? 's' : ''}`;
      const username = `url_${scheme}`;
      await place.over('TCP').register({ username, password: 'password' });
      const settings: Partial<XmppSettings> = {
        ...{ xmppHost: '', xmppPort: 0, xmppPath: '', xmppTransport: 'tcp', xmppTls: 'auto' },
        xmppUrl: `${scheme}://localhost:${String(xmppPort)}${String(xmppPath)}`,
        xmppTlsCa: String(xmppTlsCa),
        xmppDomain: '',
      };
      await using session = await place.logIn({ username, password: 'password' }, { settings });
      assert.equal(amoc.bareJid(session.jid), `${username}@localhost`);
      await session.sendIq(amoc.ping('localhost'));
    },
  },
  ...(['PLAIN', 'SCRAM-SHA-1'] as const).map((mechanism): Row => ({
    what: `a name and a password are the same however they were typed, by ${mechanism}`,
    spec: 'RFC 8265 §3.4, §4.2, RFC 4013',
    check: async (place) => {
      const run = `${Date.now().toString(36)}${mechanism.length}`;
      for (const [made, typed] of [
        [`Ju\u0308rgen${run}`, `J\u00fcrgen${run}`],
        [`J\u00f6rg${run}`, `Jo\u0308rg${run}`],
        [`anna${run}`, `\uff41nna${run}`],
      ] as const) {
        await place.register({ username: made, password: 'pa\u0308ss\u2003wort' });
        const account = { username: typed, password: 'p\u00e4ss wort', mechanism };
        await using session = await place.logIn(account);
        await session.sendIq(amoc.ping('localhost'));
      }
    },
  })),
  ...(['PLAIN', 'SCRAM-SHA-1'] as const).map((mechanism): Row => ({
    what: `names and passwords beyond ASCII, by ${mechanism}`,
    spec: 'RFC 4616 §2, RFC 5802 §5.1, RFC 8265',
    check: async (place) => {
      const run = Date.now().toString(36);
      for (const [username, password] of [
        [`Jürgen_${run}_${mechanism.length}`, 'pässwörd'],
        [`用户${run}${mechanism.length}`, 'a b\'"&<>=,'],
        [`eq=,${run}${mechanism.length}`, 'straße\u00a0x'],
      ] as const) {
        const account = { username, password, mechanism };
        await place.register(account);
        await using session = await place.logIn(account);
        await session.send(amoc.presence());
        await session.send(amoc.chatTo(session.jid, 'ü€😀'));
        const got = await session.waitForStanza(amoc.isChatMessage('ü€😀'));
        assert.ok(amoc.isFrom(session.jid)(got));
      }
    },
  })),
  {
    what: '`amoc doctor --login` finds well what a run logs in to, and tells TLS',
    spec: 'RFC 6120 §5, §6, §7',
    over: ['TCP', 'STARTTLS', 'TLS', 'WebSocket over TLS', 'BOSH over TLS'],
    check: async (place) => {
      using project = new Project({});
      const isOver = place.transport.includes('TLS');
      const xmppUser = `doctor_${place.transport.toLowerCase().replaceAll(' ', '_')}_{id}`;
      await place.register({ username: xmppUser.replace('{id}', '7'), password: 'password_7' });
      const settings = Object.entries(place.settings({ xmppUser }));
      const env = Object.fromEntries(
        settings.map(([name, value]) => [environmentName(name), String(value)]),
      );
      const { code, out } = await project.amoc(['doctor', '--users', '1', '--login', '7'], { env });
      assert.equal(code, 0, out);
      assert.match(
        out,
        /offers: .*(SCRAM-SHA-1|PLAIN)[\s\S]*user 7 is logged in as doctor_.*\n.*ping: /,
      );
      if (place.transport.startsWith('BOSH'))
        assert.match(out, /TLS: that of the HTTPS connection/);
      else if (isOver)
        assert.match(out, /TLS: TLSv1\.\d, \S+; certificate of .*localhost.*: trusted/);
      else assert.match(out, /TLS: none, because xmppTls is none/);
    },
  },
];
