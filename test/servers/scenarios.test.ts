import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { StopResult } from '../../src/control/results.ts';
import { makeAccounts, REGISTRATION } from '../support/make-accounts.ts';
import { Project } from '../support/project.ts';
import { plainTarget, startEjabberd, startProsody } from '../support/servers.ts';
import type { RealServer } from '../support/servers.ts';

/** Over TCP; the other wires carry fewer: how many a server bears is not what is asked here. */
const USERS = 200;
const FEWER = 80;

const transports = {
  TCP: ({ ports }: RealServer) => ({ AMOC_XMPP_PORT: `${ports.c2s}`, AMOC_XMPP_TLS: 'none' }),
  STARTTLS: ({ ports }: RealServer) => ({
    AMOC_XMPP_PORT: `${ports.c2s}`,
    AMOC_XMPP_TLS: 'starttls',
  }),
  TLS: ({ ports }: RealServer) => ({ AMOC_XMPP_PORT: `${ports.tls}`, AMOC_XMPP_TLS: 'direct' }),
  WebSocket: ({ ports, webSocketPath }: RealServer) => ({
    AMOC_XMPP_PORT: `${ports.http}`,
    AMOC_XMPP_TRANSPORT: 'websocket',
    AMOC_XMPP_TLS: 'none',
    AMOC_XMPP_PATH: webSocketPath,
  }),
} as const;

for (const [name, start] of [
  ['ejabberd', () => startEjabberd({ full: false })],
  ['prosody', startProsody],
] as const) {
  describe(`on real ${name}`, () => {
    let server: RealServer;
    const project = new Project({ mongoose_simple: true, [REGISTRATION]: true });

    const run = async (
      scenario: string,
      transport: keyof typeof transports,
      users: number,
      settings: string[],
    ): Promise<StopResult> => {
      const env = {
        AMOC_XMPP_HOST: '127.0.0.1',
        AMOC_XMPP_DOMAIN: 'localhost',
        AMOC_XMPP_TLS_CA: server.ca,
        ...transports[transport](server),
      };
      const all = ['interarrival=5ms', 'repeatCount=1', 'stopTimeout=60s', ...settings];
      return await project.result([scenario, '1', String(users), '--settings', ...all], env);
    };

    before(async () => {
      server = await start();
      // The accounts of mongoose_simple.
      await makeAccounts(server, project, USERS);
    });
    after(async () => {
      project[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    });

    for (const transport of Object.keys(transports) as (keyof typeof transports)[]) {
      const count = transport === 'TCP' ? USERS : FEWER;
      it(`mongoose_simple: ${count} users over ${transport}, no error, every message arrives`, async () => {
        const settings = ['warmUp=4s', 'messageInterval=100ms', 'rounds=1', 'coolDown=5s'];
        const { users, messages, metrics, errors } = await run(
          'mongoose_simple',
          transport,
          count,
          settings,
        );
        assert.deepEqual([users.finished, users.crashed, errors], [count, 0, []]);
        assert.equal(metrics.counters['connections'], count);
        // The highest users write to neighbours above them, who are not online.
        const beyond = 4 + 3 + 2 + 1;
        assert.equal(messages.sent, count * 8 - (4 + 3 + 2 + 1));
        assert.ok(
          messages.received >= messages.sent - beyond,
          `${messages.received} of ${messages.sent} arrived`,
        );
        // How long it is, is for the bench.
        assert.ok(messages.delivery !== undefined && messages.delivery.p50 > 0);
        assert.ok(
          messages.delivery.p50 <= messages.delivery.p99,
          JSON.stringify(messages.delivery),
        );
      });

      // Over TCP the accounts of mongoose_simple were made with it.
      if (transport === 'TCP') continue;

      it(`mongoose_in_band_registration: ${count} users over ${transport}, no error`, async () => {
        const settings = ['stay=200ms', `xmppUser=fresh_${transport.toLowerCase()}_{id}`];
        const { users, metrics, errors } = await run(
          'mongoose_in_band_registration',
          transport,
          count,
          settings,
        );
        assert.deepEqual([users.finished, users.crashed, errors], [count, 0, []]);
        assert.equal(metrics.times['registration']?.count, count);
      });
    }

    it('tells a wrong password by the name of the stage', async () => {
      const env = plainTarget(server);
      const args = [
        'run',
        'mongoose_simple',
        '1',
        '3',
        '--json',
        '--settings',
        'xmppPassword=wrong',
        'interarrival=0',
        'repeatCount=1',
      ];
      const { code, out } = await project.amoc(args, { env });
      assert.equal(code, 1);
      const [error] = (JSON.parse(out) as StopResult).errors;
      assert.equal(error?.error, 'AuthenticationFailed');
      assert.match(error.message, /not-authorized.*; does the account exist/);
      assert.equal(error.count, 3);
    });

    it('tells a certificate that is not trusted', async () => {
      const env = {
        AMOC_XMPP_HOST: '127.0.0.1',
        AMOC_XMPP_DOMAIN: 'localhost',
        ...transports.STARTTLS(server),
      };
      const args = ['run', 'mongoose_simple', '1', '1', '--json', '--settings', 'repeatCount=1'];
      const { code, out } = await project.amoc(args, { env });
      assert.equal(code, 1);
      const [error] = (JSON.parse(out) as StopResult).errors;
      assert.equal(error?.error, 'TlsFailed');
      assert.match(error.message, /AMOC_XMPP_TLS_CA/);
    });

    it('is found well by the doctor, where a run would log in', async () => {
      const target = {
        AMOC_XMPP_HOST: '127.0.0.1',
        AMOC_XMPP_DOMAIN: 'localhost',
        AMOC_XMPP_PORT: `${server.ports.c2s}`,
      };
      const args = ['doctor', '--users', '100'];
      const trusting = { ...target, AMOC_XMPP_TLS_CA: server.ca };
      const { code, out } = await project.amoc(args, { env: trusting });
      assert.equal(code, 0, out);
      assert.match(out, /reachable, offers STARTTLS, .*(SCRAM-SHA-1|PLAIN)/);
      assert.match(out, /TLS: TLSv1\.\d, \S+; certificate of .*localhost.*: trusted/);
      for (const login of [[], ['--login', '1']]) {
        const untrusting = await project.amoc([...args, ...login], { env: target });
        assert.equal(untrusting.code, 1, untrusting.out);
        assert.match(untrusting.out, /certificate of .*localhost.*: not trusted \(/);
        assert.match(untrusting.out, /trust its certificate with AMOC_XMPP_TLS_CA/);
      }
    });
  });
}
