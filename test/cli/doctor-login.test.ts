import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startEmbeddedServer } from '../../src/xmpp/embedded/server.ts';
import type { EmbeddedServer } from '../../src/xmpp/embedded/server.ts';
import { Project } from '../support/project.ts';
import type { Ended } from '../support/project.ts';
import { startScriptedServer, usualFeatures } from '../support/scripted-server.ts';

const NS_SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';

describe('amoc doctor --login', () => {
  const project = new Project();
  let server: EmbeddedServer;

  before(async () => {
    const patterns = { user: 'user_{id}', password: 'password_{id}' };
    server = await startEmbeddedServer({ port: 0, patterns });
  });

  after(async () => {
    await server[Symbol.asyncDispose]();
    project[Symbol.dispose]();
  });

  function doctor(
    port: number,
    env: Record<string, string> = {},
    login = ['--login', '7'],
  ): Promise<Ended> {
    const target = { AMOC_XMPP_HOST: '127.0.0.1', AMOC_XMPP_PORT: String(port) };
    const all = { ...target, AMOC_XMPP_DOMAIN: 'localhost', ...env };
    return project.amoc(['doctor', '--users', '10', ...login], { env: all });
  }

  it('tells each step of the login of that user', async () => {
    const { code, out } = await doctor(server.port);
    assert.equal(code, 0, out);
    const lines = out.split('\n').slice(-7, -1);
    for (const [at, expected] of [
      /ok {2}target: 127\.0\.0\.1:\d+, domain localhost: connected over tcp after [\d.]+ ms/,
      /ok {2}TLS: none, because the server does not offer STARTTLS/,
      /ok {2}offers: SCRAM-SHA-256, SCRAM-SHA-1, PLAIN, .*in-band registration/,
      /ok {2}chosen: SCRAM-SHA-256 .*the strongest that both sides have, not tied/,
      /ok {2}login: user 7 is logged in as user_7@localhost\/res1 after [\d.]+ ms/,
      /ok {2}ping: answered after [\d.]+ ms/,
    ].entries()) {
      assert.match(lines[at]!, expected);
    }
  });

  it('logs in to the embedded server where none is set', async () => {
    const { code, out } = await project.amoc(['doctor', '--users', '10', '--login', '3']);
    assert.equal(code, 0, out);
    assert.match(
      out,
      /none is set .* using the embedded server[\s\S]*user 3 is logged in as user_3@localhost\/res1/,
    );
  });

  it('says without the option that it did not try, and how to', async () => {
    const { code, out } = await doctor(server.port, {}, []);
    assert.equal(code, 0, out);
    assert.match(out, /reachable, offers SCRAM-SHA-256, SCRAM-SHA-1, PLAIN/);
    assert.match(out, /login: not tried; amoc doctor --login 1 logs user 1 in/);
  });

  it('names the settings of a wrong password, and what makes accounts', async () => {
    const { code, out } = await doctor(server.port, { AMOC_XMPP_PASSWORD: 'wrong' });
    assert.equal(code, 1);
    assert.match(
      out,
      /!! {2}login: user 7 \(user_7@localhost\): .*login failed: not-authorized.*AMOC_XMPP_PASSWORD/,
    );
    assert.match(out, /amoc accounts writes files .*user\.register\(\) makes one/);
    assert.match(out, /chosen: SCRAM-SHA-256/, 'the steps before it');
    assert.doesNotMatch(out, /wrong/);
  });

  it('names the domain that the server does not serve', async () => {
    for (const login of [[], ['--login', '7']]) {
      const { code, out } = await doctor(server.port, { AMOC_XMPP_DOMAIN: 'elsewhere' }, login);
      assert.equal(code, 1);
      assert.match(out, /host-unknown.*\n.*does not serve elsewhere; set AMOC_XMPP_DOMAIN/);
    }
  });

  it('shows a certificate that is not trusted, and the setting that mends it', async () => {
    await using secure = await startScriptedServer('tls');
    for (const login of [[], ['--login', '7']]) {
      const { code, out } = await doctor(secure.port, { AMOC_XMPP_TLS: 'direct' }, login);
      assert.equal(code, 1);
      assert.match(
        out,
        /!! {2}TLS: certificate of localhost, by localhost, until .*: not trusted \(/,
      );
      assert.match(out, /TLS failed: self-signed certificate; .*AMOC_XMPP_TLS_CA/);
    }
    assert.ok(!secure.said.join().includes('<auth'), 'it was told a password');
  });

  it('tells of TLS whose, by what, and whether it would be trusted', async () => {
    await using secure = await startScriptedServer('tls');
    const ca = project.write('ca.pem', secure.ca!);
    const env = { AMOC_XMPP_TLS: 'direct' };
    const trusting = await doctor(secure.port, { ...env, AMOC_XMPP_TLS_CA: ca });
    assert.equal(trusting.code, 0, trusting.out);
    assert.match(trusting.out, /TLS: TLSv1\.3, TLS_\w+; certificate of localhost, .*: trusted/);
    const lax = await doctor(secure.port, { ...env, AMOC_XMPP_TLS_VERIFY: 'false' });
    assert.equal(lax.code, 0, lax.out);
    assert.match(lax.out, /: not trusted \(.*\), but accepted because of xmppTlsVerify=false/);
    const other = { ...env, AMOC_XMPP_TLS_CA: ca, AMOC_XMPP_DOMAIN: 'other.example' };
    const wrong = await doctor(secure.port, other);
    assert.equal(wrong.code, 1);
    assert.match(wrong.out, /AMOC_XMPP_DOMAIN \(now other\.example\) must be a name of the cert/);
  });

  it('tells of TLS below a WebSocket too', async () => {
    await using secure = await startScriptedServer('wss');
    const env = {
      AMOC_XMPP_TLS: 'direct',
      AMOC_XMPP_TRANSPORT: 'websocket',
      AMOC_XMPP_TLS_CA: project.write('ca.pem', secure.ca!),
    };
    const { code, out } = await doctor(secure.port, env);
    assert.equal(code, 0, out);
    assert.match(out, /connected over websocket[\s\S]*certificate of localhost, .*: trusted/);
  });

  it('lists what a modern server offers', async () => {
    const offer = `<authentication xmlns='urn:xmpp:sasl:2'><mechanism>SCRAM-SHA-256-PLUS</mechanism><inline><bind xmlns='urn:xmpp:bind:0'/><fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-NONE</mechanism></fast><sm xmlns='urn:xmpp:sm:3'/></inline></authentication><sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-exporter'/></sasl-channel-binding><csi xmlns='urn:xmpp:csi:0'/>`;
    await using modern = await startScriptedServer('tcp', {
      features: (client) => usualFeatures(client) + offer,
    });
    const { code, out } = await doctor(modern.port, {
      AMOC_XMPP_SASL2: 'false',
      AMOC_XMPP_MECHANISM: 'PLAIN',
    });
    assert.equal(code, 0, out);
    assert.match(
      out,
      /offers: PLAIN, SCRAM-SHA-256-PLUS, SASL2, Bind 2, FAST, stream management, channel binding \(tls-exporter\), also: .*csi/,
    );
    assert.match(out, /chosen: PLAIN, because xmppMechanism names it/);
  });

  it('fails where the server answers nothing to the ping', async () => {
    await using mute = await startScriptedServer('tcp', {
      takes: (text) => text.includes('urn:xmpp:ping'),
    });
    const { code, out } = await doctor(mute.port);
    assert.equal(code, 1);
    assert.match(out, /is logged in as .*\n.*!! {2}ping: no answer to the get of urn:xmpp:ping/);
  });

  it('follows a run where the server sends it', async () => {
    const header = `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='localhost' id='1' version='1.0'>`;
    const error = `<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>127.0.0.1:${server.port}</see-other-host></stream:error>`;
    await using first = await startScriptedServer('tcp', {
      takes: (_, client) => {
        client.send(header + error);
        return true;
      },
    });
    const stays = await doctor(first.port);
    assert.equal(stays.code, 1);
    assert.match(stays.out, /AMOC_XMPP_FOLLOW_HOST=true/);
    const goes = await doctor(first.port, { AMOC_XMPP_FOLLOW_HOST: 'true' });
    assert.equal(goes.code, 0, goes.out);
    assert.match(goes.out, new RegExp(`redirected to 127\\.0\\.0\\.1:${server.port}`));
  });

  it('steers no terminal by what a server says', async () => {
    const hostile = '\u202e\u009b31m';
    await using strange = await startScriptedServer('tcp', {
      features: () =>
        `<mechanisms xmlns='${NS_SASL}'><mechanism>PLAIN</mechanism><mechanism>${hostile}</mechanism></mechanisms>`,
      takes: (text, client) => {
        if (!text.includes('<auth')) return false;
        client.send(
          `<failure xmlns='${NS_SASL}'><not-authorized/><text>${hostile}</text></failure>`,
        );
        return true;
      },
    });
    const { code, out } = await doctor(strange.port);
    assert.equal(code, 1);
    assert.doesNotMatch(out, /[\u202e\u009b]/);
  });
});
