import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it } from 'node:test';
import { WebSocketServer } from 'ws';
import { resolveSettings } from '../../src/config/resolve.ts';
import { xmppVariables } from '../../src/xmpp/settings.ts';
import type { XmppSettings } from '../../src/xmpp/settings.ts';
import { connectOptions } from '../../src/xmpp/user/target.ts';
import { collectGarbage } from '../../src/lib/system/collect-garbage.ts';
import { connect, register } from '../../src/xmpp/login/connect.ts';
import { connectComponent } from '../../src/xmpp/login/component.ts';
import { ConnectError, SessionLost } from '../../src/xmpp/errors.ts';
import { presence } from '../../src/xmpp/stanzas/index.ts';
import { xml } from '../../src/xmpp/element.ts';
import { startFaultyServer } from '../support/faulty-server.ts';
import type { Fault, Stage } from '../support/faulty-server.ts';
import { context, options } from '../support/xmpp.ts';

const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const features = (content: string): string => `<stream:features>${content}</stream:features>`;
const says =
  (text: string): Fault =>
  (socket) =>
    socket.write(text);

/** Writes the same until it is cut off. */
const floods =
  (first: string, each: string): Fault =>
  (socket: Socket) => {
    const block = each.repeat(Math.ceil(65_536 / each.length));
    const go = (): void => {
      while (!socket.destroyed && socket.write(block));
    };
    socket.on('drain', go);
    socket.write(first);
    go();
  };

const attributes = Array.from({ length: 60_000 }, (_, at) => `a${at}='1'`).join(' ');
const strangeBind = `<iq type='result' id='strange'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`;

const logins: [string, Stage, Fault, RegExp][] = [
  [
    'features of 200,000 elements',
    'features',
    says(features('<f/>'.repeat(200_000))),
    /a stanza of more than 32768 elements/,
  ],
  [
    'features with 60,000 attributes',
    'features',
    says(`<stream:features ${attributes}/>`),
    /an element with more than 256 attributes/,
  ],
  [
    'features without end',
    'features',
    floods('', features('<f/>'.repeat(100))),
    /more than 131072 characters during the login/,
  ],
  [
    'stanzas without end before the session begins',
    'bind',
    floods(strangeBind, `<message><body>${'x'.repeat(50_000)}</body></message>`),
    /more than 16777216 characters before the session had begun/,
  ],
  ['features that are not well-formed', 'features', says('<stream:features a/>'), /a has no value/],
  ['features from nobody', 'features', says(`<stream:features from='@'/>`), /./],
  [
    'a raw escape sequence in a failure',
    'login',
    says(`<failure xmlns='${SASL}'><not-authorized/><text>a\u001b]0;x\u0007</text></failure>`),
    /U\+001B, which XML forbids, 74 characters after the beginning of <failure/,
  ],
  [
    'a stream error that is not well-formed',
    'features',
    says('<stream:error><a b/></stream:error>'),
    /not well-formed/,
  ],
];

describe('a hostile server that sends', () => {
  for (const [what, stage, fault, expected] of logins) {
    it(`${what} in a login: the user gets an error that says it`, async () => {
      await using server = await startFaultyServer(stage, fault);
      const attempt = connect(options(server.port, 1, { timeoutMs: 20_000 }), context());
      await assert.rejects(attempt, (error) => {
        assert.ok(error instanceof ConnectError, String(error));
        assert.match(error.message, expected);
        assert.doesNotMatch(error.message, /not completed within/);
        return true;
      });
    });
  }

  for (const [what, text, expected] of [
    [
      'a raw control character',
      '<message><body>a\u0000b</body></message>',
      /U\+0000, which XML forbids/,
    ],
    [
      'a stream error that is not well-formed',
      '<stream:error><a b/></stream:error>',
      /not well-formed/,
    ],
    ['an acknowledgement that is not well-formed', `<enabled a/>`, /not well-formed/],
  ] as const) {
    it(`${what} in a session: the session is lost, and says why`, async () => {
      await using server = await startFaultyServer('session', says(text));
      const session = await connect(options(server.port), context());
      const lost = session.waitForStanza();
      await session.send(presence());
      await assert.rejects(lost, (error) => {
        assert.ok(error instanceof SessionLost, String(error));
        assert.match(error.message, expected);
        return true;
      });
    });
  }

  it('an answer that is not well-formed: who looks into it gets the error, the session goes on', async () => {
    const fault: Fault = (socket) => socket.write(`<iq type='result' id='a1'><a b/></iq>`);
    await using server = await startFaultyServer('session', fault);
    const session = await connect(options(server.port), context());
    const asked = session.sendIq(xml('iq', { type: 'get', id: 'a1' }, xml('q', 'x')));
    await session.send(presence());
    const answer = await asked;
    assert.throws(() => answer.payload, { code: 'CONNECTION', message: /not well-formed/ });
    assert.ok(session.isOpen);
    session.kill();
  });

  it('stanzas without end before a component is one: its user gets the error', async () => {
    const flood = floods(
      `<stream:stream xmlns:stream='http://etherx.jabber.org/streams' id='1'>`,
      `<message>${'x'.repeat(50_000)}</message>`,
    );
    await using server = await startFaultyServer('connect', flood);
    const component = { host: '127.0.0.1', port: server.port, domain: 'c.localhost', secret: 's' };
    const sendBuffer = { bytes: 262_144, policy: 'wait' } as const;
    await assert.rejects(
      connectComponent({ ...component, sendBuffer, timeoutMs: 20_000 }, context()),
      /more than 16777216 characters before/,
    );
  });

  it('the longest stanzas that fit: none takes much of the time of the others', async () => {
    const item = (at: number): string => `<item jid='user${at}@localhost' subscription='both'/>`;
    const text = `<iq type='result' id='a1'><query>${Array.from({ length: 19_000 }, (_, at) => item(at)).join('')}</query></iq>`;
    assert.ok(text.length > 990_000 && text.length < 1_048_576, `${text.length}`);
    await using server = await startFaultyServer('session', says(text));
    const session = await connect(options(server.port), context());
    await session.send(presence());
    const answer = await session.waitForStanza();
    collectGarbage();
    const before = process.cpuUsage();
    assert.equal(answer.payload?.children.length, 19_000);
    const { user, system } = process.cpuUsage(before);
    // 30 ms here; CPU, for the machine may have other work.
    assert.ok((user + system) / 1000 < 500, `${(user + system) / 1000} ms`);
    session.kill();
  });
});

describe('the bound of a stanza', () => {
  const message = (length: number): string =>
    `<message><body>${'x'.repeat(length)}</body></message>`;

  it('is what the settings say: a longer one ends the session with its number', async () => {
    await using server = await startFaultyServer('session', says(message(20_000)));
    const call = { xmppHost: '127.0.0.1', xmppPort: server.port, xmppStanzaBytes: 10_000 };
    const settings = resolveSettings(xmppVariables, { call }, '') as XmppSettings;
    const session = await connect(await connectOptions(settings, 1, {}), context());
    const lost = session.waitForStanza();
    await session.send(presence());
    await assert.rejects(lost, { name: 'SessionLost', message: /more than 10000 bytes/ });
  });

  it('is refused where no server or no process could do with it', () => {
    for (const bytes of [9_999, 67_108_865, 10_000.5]) {
      const call = { xmppStanzaBytes: bytes };
      assert.throws(() => resolveSettings(xmppVariables, { call }, ''), {
        code: 'CONFIG',
        message: /xmppStanzaBytes.*bytes, from 10,000 to 67,108,864/,
      });
    }
  });

  it('may be above the usual one, beside sessions that have that', async () => {
    await using server = await startFaultyServer('session', says(message(2_000_000)));
    const long = await connect(options(server.port, 1, { stanzaBytes: 4_000_000 }), context());
    const usual = await connect(options(server.port, 2), context());
    // Both at rest: their framers are shared from here on.
    const lost = usual.waitForStanza();
    await usual.send(presence());
    await assert.rejects(lost, { name: 'SessionLost', message: /more than 1048576 bytes/ });
    await long.send(presence());
    assert.equal((await long.waitForStanza()).getChildText('body')?.length, 2_000_000);
    long.kill();
  });

  it('holds over WebSocket too, for elements, attributes and characters as well', async () => {
    let hostile = '';
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    server.on('connection', (socket) => {
      socket.on('message', () => {
        socket.send(`<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' id='1' version='1.0'/>`);
        socket.send(hostile);
      });
    });
    const { port } = server.address() as AddressInfo;
    const stream = `xmlns:stream='http://etherx.jabber.org/streams'`;
    for (const [text, expected] of [
      [`<stream:features ${stream}>${'<f/>'.repeat(40_000)}</stream:features>`, /32768 elements/],
      [`<stream:features ${stream} ${attributes}/>`, /256 attributes/],
      [`<stream:features ${stream}>\u0001</stream:features>`, /U\+0001/],
      [
        `<stream:features ${stream}>${'x'.repeat(1_100_000)}</stream:features>`,
        /a stanza of more than 1048576 bytes/,
      ],
    ] as const) {
      hostile = text;
      const attempt = connect(options(port, 1, { transport: 'websocket' }), context());
      await assert.rejects(attempt, expected);
    }
    server.close();
    for (const client of server.clients) client.terminate();
  });
});

describe('the same bounds over BOSH', () => {
  for (const [what, content, expected] of [
    ['elements', '<f/>'.repeat(40_000), /32768 elements/],
    ['attributes', `<f ${attributes}/>`, /256 attributes/],
    ['characters', '\u0001', /U\+0001/],
    ['bytes', 'x'.repeat(1_100_000), /a stanza of more than 1048576 bytes/],
  ] as const) {
    it(`refuse ${what}`, async () => {
      const server = createServer((request, response) => {
        request.resume();
        response.end(
          `<body xmlns='http://jabber.org/protocol/httpbind' sid='1' xmlns:stream='http://etherx.jabber.org/streams'>${features(content)}</body>`,
        );
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const attempt = connect(options(port, 1, { transport: 'bosh' }), context());
      await assert.rejects(attempt, expected);
      server.closeAllConnections();
      server.close();
    });
  }
});

describe('a password that goes over a connection without TLS', () => {
  /** Not a loopback address by its name, and yet this machine. */
  const elsewhere = { host: '0.0.0.0' };
  const warningsOf = async (
    work: (
      its: ReturnType<typeof context> & { onWarning: (kind: string, text: string) => void },
    ) => Promise<unknown>,
  ): Promise<string[]> => {
    const warnings: string[] = [];
    const told = {
      ...context(),
      onWarning: (kind: string, text: string) => void warnings.push(`${kind}: ${text}`),
    };
    await work(told);
    return warnings;
  };
  const hang: Fault = () => {};

  it('is warned of with PLAIN, and not on this machine', async () => {
    await using server = await startFaultyServer('session', hang);
    for (const [changes, expected] of [
      [
        elsewhere,
        [
          /^clear-password: 0\.0\.0\.0: PLAIN sends the password in the clear, and the connection has no TLS \(xmppTls/,
        ],
      ],
      [{}, []],
    ] as const) {
      const warnings = await warningsOf(async (told) =>
        (await connect(options(server.port, 1, changes), told)).kill(),
      );
      assert.equal(warnings.length, expected.length, warnings.join());
      for (const [at, each] of expected.entries()) assert.match(warnings[at] ?? '', each);
    }
  });

  it('is warned of with a registration', async () => {
    await using server = await startFaultyServer('session', hang);
    const warnings = await warningsOf((told) =>
      register(options(server.port, 1, { ...elsewhere, timeoutMs: 500 }), told).catch(() => {}),
    );
    assert.match(warnings.join(), /^clear-password: .*registration sends .* in the clear/);
  });

  it('is warned of with few rounds of SCRAM, and not with those of the RFC', async () => {
    for (const [rounds, expected] of [
      [100, /^few-rounds: .*asks for 100 rounds of SCRAM, RFC 5802 for 4096 or more/],
      [4096, /^$/],
    ] as const) {
      const offersScram: Fault = (socket) => {
        socket.write(
          features(`<mechanisms xmlns='${SASL}'><mechanism>SCRAM-SHA-256</mechanism></mechanisms>`),
        );
        socket.on('data', (data) => {
          const [, first] = /<auth[^>]*>([^<]+)/.exec(String(data)) ?? [];
          if (String(data).includes('<response')) socket.destroy();
          if (first === undefined) return;
          const [, nonce] = /r=([^,]+)/.exec(Buffer.from(first, 'base64').toString()) ?? [];
          const challenge = Buffer.from(`r=${nonce}x,s=c2FsdA==,i=${rounds}`).toString('base64');
          socket.write(`<challenge xmlns='${SASL}'>${challenge}</challenge>`);
        });
      };
      await using server = await startFaultyServer('features', offersScram);
      const warnings = await warningsOf((told) =>
        assert.rejects(connect(options(server.port, 1, elsewhere), told)),
      );
      assert.match(warnings.join(), expected);
    }
  });

  it('is not sent where STARTTLS is demanded', async () => {
    let heard = '';
    await using server = await startFaultyServer('session', hang);
    const warnings = await warningsOf((told) =>
      assert.rejects(
        connect(options(server.port, 1, { ...elsewhere, tls: 'starttls' }), {
          ...told,
          watcher: () => (direction, text) => (heard += direction === 'out' ? text : ''),
        }),
        /does not offer STARTTLS/,
      ),
    );
    assert.deepEqual(warnings, []);
    assert.match(heard, /<stream:stream/);
    assert.doesNotMatch(heard, /<auth/);
  });
});
