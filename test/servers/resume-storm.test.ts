import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { makeAccounts, REGISTRATION } from '../support/make-accounts.ts';
import { assertRan, Project } from '../support/project.ts';
import { hasNewerServers, startEjabberd } from '../support/servers.ts';
import type { RealServer } from '../support/servers.ts';

const USERS = 500;
const newer = hasNewerServers;

describe(`on real ejabberd${newer ? ' 24.12' : ''}, a storm`, () => {
  let server: RealServer;
  const project = new Project({ resume_storm: true, [REGISTRATION]: true });

  before(async () => {
    server = await startEjabberd({ newer });
    await makeAccounts(server, project, USERS);
  });
  after(async () => {
    project[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });

  it(`cuts ${USERS} sessions at once: each is resumed, and the summary has shares and times by kind`, async () => {
    const { code, out, err } = await project.amoc(
      [
        ...['run', 'resume_storm', '1', String(USERS), '--settings'],
        // Each comes twice, the second time by a token where the server has them.
        ...['interarrival=5ms', 'repeatCount=2', 'repeatInterval=1s', 'stopTimeout=60s'],
        ...['storms=1', 'every=8s', 'messages=2', 'backoff=2s', 'settle=1s'],
      ],
      {
        env: {
          AMOC_XMPP_HOST: '127.0.0.1',
          AMOC_XMPP_DOMAIN: 'localhost',
          AMOC_XMPP_PORT: String(server.ports.c2s),
          AMOC_XMPP_TLS: 'starttls',
          AMOC_XMPP_TLS_CA: server.ca,
        },
      },
    );
    assertRan(code, err);
    assert.match(out, /users +500 users, 500 finished, 0 stopped, 0 crashed\n/);
    assert.match(out, /errors +0\n/);
    const [storms, cuts] = ['storm_resumed', 'lost'].map((name) => {
      const [, total] = new RegExp(`^ *${name} +([\\d,]+)`, 'm').exec(out) ?? [];
      return total;
    });
    assert.deepEqual([storms, cuts], ['1,000', '1,000'], out);
    const logins = /^ *logins +(.*)$/m.exec(out)?.[1];
    assert.equal(
      logins,
      newer
        ? '2,000: 1,000 resumed (50 %), 500 new (25 %), 500 by token (25 %)'
        : '2,000: 1,000 new (50 %), 1,000 resumed (50 %)',
    );
    for (const kind of newer ? ['new', 'resumed', 'by token'] : ['new', 'resumed']) {
      assert.match(out, new RegExp(`connection_by\\{kind="${kind}"\\} +[\\d,]+ +\\d`), out);
    }
  });
});
