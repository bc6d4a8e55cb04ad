import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it } from 'node:test';
import { collectGarbage } from '../../src/lib/system/collect-garbage.ts';
import { presence } from '../../src/xmpp/stanzas/index.ts';
import { connect } from '../../src/xmpp/login/connect.ts';
import { ConnectError } from '../../src/xmpp/errors.ts';
import { startFaultyServer } from '../support/faulty-server.ts';
import type { Fault, Stage } from '../support/faulty-server.ts';
import { eventually } from '../support/eventually.ts';
import { context, options } from '../support/xmpp.ts';

const reset: Fault = (socket) => socket.resetAndDestroy();
const close: Fault = (socket) => socket.end();
const garbage: Fault = (socket) => socket.write('\u0000<<<garbage>>>');
const hang: Fault = () => {};
const streamError =
  (condition: string): Fault =>
  (socket) =>
    socket.end(
      `<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>`,
    );

const huge: Fault = (socket) => socket.write(`<message><body>${'x'.repeat(2_000_000)}`);

const cases: [string, Stage, Fault, string][] = [
  ['resets at once', 'connect', reset, 'ConnectFailed|StreamFailed'],
  ['closes at once', 'connect', close, 'StreamFailed'],
  ['says nothing', 'connect', hang, 'StreamFailed'],
  ['answers with garbage', 'stream', garbage, 'StreamFailed'],
  ['hangs after its header', 'features', hang, 'StreamFailed'],
  ['resets after its header', 'features', reset, 'StreamFailed'],
  ['answers with a stream error', 'features', streamError('host-unknown'), 'StreamFailed'],
  ['hangs in the login', 'login', hang, 'AuthenticationFailed'],
  ['resets in the login', 'login', reset, 'AuthenticationFailed'],
  ['closes in the login', 'login', close, 'AuthenticationFailed'],
  ['resets before the resource is bound', 'bind', reset, 'BindFailed'],
  ['sends a stanza without an end', 'features', huge, 'StreamFailed'],
  [
    'sends a document type definition',
    'features',
    (socket) => socket.write('<!DOCTYPE a>'),
    'StreamFailed',
  ],
  ['names another host', 'features', streamError('see-other-host'), 'StreamFailed'],
  ['closes its half and waits', 'login', (socket) => socket.end(), 'AuthenticationFailed'],
  ...[
    'conflict',
    'policy-violation',
    'internal-server-error',
    'resource-constraint',
    'unsupported-version',
  ].map((condition): [string, Stage, Fault, string] => [
    `ends the stream with ${condition}`,
    'login',
    streamError(condition),
    'AuthenticationFailed',
  ]),
];

/** Open sockets of this process but those of the test itself. */
const openSockets = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

describe('a server that', () => {
  for (const [what, stage, fault, name] of cases) {
    it(`${what}: the user gets one typed error, and nothing is left open`, async () => {
      const before = openSockets();
      await using server = await startFaultyServer(stage, fault);
      const attempt = connect(options(server.port, 1, { timeoutMs: 400 }), context());
      await assert.rejects(attempt, (error) => {
        assert.ok(error instanceof ConnectError, String(error));
        assert.ok(name.split('|').includes(error.name), `${error.name}: ${error.message}`);
        assert.match(error.message, /^127\.0\.0\.1:\d+: /);
        return true;
      });
      const left = [...server.sockets].filter((socket: Socket) => !socket.destroyed);
      await Promise.all(
        left.map((socket) => new Promise((resolve) => socket.once('close', resolve))),
      );
      await eventually(openSockets, (open) => open <= before);
    });
  }

  for (const [what, fault] of [
    ['resets', reset],
    [
      'closes in the middle of a stanza',
      ((socket) => socket.end('<message><body>half a sen')) as Fault,
    ],
    ['sends garbage', ((socket) => socket.write('</not-the-stream>')) as Fault],
    ['ends the stream with an error', streamError('system-shutdown')],
  ] as const) {
    it(`${what} in a session: every wait is rejected`, async () => {
      await using server = await startFaultyServer('session', fault);
      const told = context();
      const session = await connect(options(server.port), told);
      await session.send(presence());
      await assert.rejects(session.waitForStanza(), { name: 'SessionLost' });
      assert.equal(session.isOpen, false);
      assert.equal(told.seen.lost.length, 1);
    });
  }

  it('takes the connection and says nothing: the error names the listen queue', async () => {
    await using server = await startFaultyServer('connect', hang);
    await assert.rejects(connect(options(server.port, 1, { timeoutMs: 100 }), context()), {
      name: 'StreamFailed',
      message: /the server .*`backlog`.* sent nothing within 0\.1 s/,
    });
    await using later = await startFaultyServer('features', hang);
    await assert.rejects(connect(options(later.port, 1, { timeoutMs: 100 }), context()), {
      message: /not completed within 0\.1 s/,
    });
  });

  it('is not there: the error says so, and what to check', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    await assert.rejects(connect(options(port), context()), {
      name: 'ConnectFailed',
      condition: 'ECONNREFUSED',
      message: /nothing listens there.*AMOC_XMPP_HOST/,
    });
  });

  it('does not offer what is demanded', async () => {
    await using server = await startFaultyServer('session', hang);
    await assert.rejects(connect(options(server.port, 1, { tls: 'starttls' }), context()), {
      name: 'TlsFailed',
      message: /does not offer STARTTLS/,
    });
    await assert.rejects(
      connect(options(server.port, 1, { mechanism: 'SCRAM-SHA-1' }), context()),
      {
        name: 'AuthenticationFailed',
        message: /offers no mechanism SCRAM-SHA-1, only PLAIN/,
      },
    );
  });

  it('is left in the middle, because the user was removed', async () => {
    await using server = await startFaultyServer('features', hang);
    const controller = new AbortController();
    const attempt = connect(options(server.port), context(controller.signal));
    setImmediate(() => controller.abort(new Error('removed')));
    await assert.rejects(attempt, /removed/);
  });
});

describe('two hundred faults in one process', () => {
  it('end with the memory, the sockets and the timers of the first ten', async () => {
    const once200 = async (): Promise<void> => {
      for (const [, stage, fault] of cases) {
        // Those that only hang wait for a time-out, which says nothing of memory.
        if (fault === hang) continue;
        await using server = await startFaultyServer(stage, fault);
        const attempt = connect(options(server.port, 1, { timeoutMs: 2000 }), context());
        await assert.rejects(attempt);
      }
      await using server = await startFaultyServer('session', reset);
      const session = await connect(options(server.port), context());
      await session.send(presence());
      await assert.rejects(session.waitForStanza(), { name: 'SessionLost' });
    };
    // One collection leaves what a weak callback of the same turn, or a socket still closing, held.
    const heapMb = async (): Promise<number> => {
      let least = Infinity;
      for (let idle = 0; idle < 10;) {
        collectGarbage();
        const used = process.memoryUsage().heapUsed / 1024 / 1024;
        idle = used < least - 0.02 ? 0 : idle + 1;
        least = Math.min(least, used);
        await nextTurn();
      }
      return least;
    };
    const sockets = openSockets();
    for (let round = 0; round < 10; round++) await once200();
    const first = await heapMb();
    for (let round = 10; round < 200; round++) await once200();
    await eventually(openSockets, (open) => open <= sockets);
    const grown = (await heapMb()) - first;
    // 190 rounds of 9 connections: a kilobyte that each leaves would be 1.7 MB.
    assert.ok(grown < 1.5, `the heap has grown by ${grown.toFixed(2)} MB`);
  });
});
