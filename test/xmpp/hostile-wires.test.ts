import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startEmbeddedServer } from '../../src/xmpp/embedded/server.ts';
import type { EmbeddedServer } from '../../src/xmpp/embedded/server.ts';
import { ConnectError, SessionLost } from '../../src/xmpp/errors.ts';
import { connect } from '../../src/xmpp/login/connect.ts';
import type { Session } from '../../src/xmpp/session/session.ts';
import { ping, presence } from '../../src/xmpp/stanzas/index.ts';
import { hostileWires, startHostileServer, targetOf } from '../support/hostile-server.ts';
import type { Hostility, HostileStage } from '../support/hostile-server.ts';
import type { Pem } from '../support/scripted-server.ts';
import { selfSigned } from '../support/self-signed.ts';
import { context, options } from '../support/xmpp.ts';

/** An element of the stage with something inside: features, or a message. */
function around(stage: HostileStage, content: string | Buffer): Buffer {
  const stream = `xmlns:stream='http://etherx.jabber.org/streams'`;
  const [open, close] =
    stage === 'login'
      ? [`<stream:features ${stream}>`, '</stream:features>']
      : [`<message xmlns='jabber:client'>`, '</message>'];
  return Buffer.concat([open, content, close].map((each) => Buffer.from(each)));
}

const within =
  (content: string | Buffer): Hostility =>
  ({ send, stage }) =>
    send(around(stage, content));

const attributes = Array.from({ length: 60_000 }, (_, at) => `a${at}='1'`).join(' ');

/** What each hostile server does, and what is said of it. */
const hostilities: [string, Hostility, RegExp][] = [
  ['200,000 elements', within('<f/>'.repeat(200_000)), /a stanza of more than 32768 elements/],
  ['60,000 attributes', within(`<f ${attributes}/>`), /an element with more than 256 attributes/],
  ['10,000 elements in each other', within('<f>'.repeat(10_000)), /more than 128 nested elements/],
  [
    'a document type',
    within('<!DOCTYPE a [<!ENTITY b "c">]>'),
    /a document type definition, which/,
  ],
  ['an entity of its own', within('&lol9;'), /the entity &lol9;/],
  ['a comment', within('<!-- x -->'), /a comment, which XMPP forbids/],
  ['an instruction', within('<?php x?>'), /a processing instruction, which XMPP forbids/],
  ['a control character', within('<f>\u0001</f>'), /U\+0001, which XML forbids/],
  ['bytes that are no UTF-8', within(Buffer.from([0xc3, 0x28])), /UTF-8/],
  ['a stanza of 2 MB', within('x'.repeat(2_000_000)), /more than 1048576 bytes/],
  ['an end tag that closes nothing', within('</g>'), /an end tag that closes nothing/],
  ['something else than XML', ({ send }) => send('220 smtp ESMTP'), /text between stanzas/],
  [
    'half a stanza, and then nothing',
    ({ send, end }) => {
      send('<message><body>half');
      end();
    },
    /closed|reset|hang up|ends within a stanza/,
  ],
];

/** What ends within a stanza: over TCP the rest may come. */
const half: Hostility = ({ send }) => send('<message><body>half');

describe('a hostile server', () => {
  let other: EmbeddedServer;
  let witness: Session;
  let pem: Pem;

  before(async () => {
    pem = await selfSigned();
    const patterns = { user: 'user_{id}', password: 'password_{id}' };
    other = await startEmbeddedServer({ port: 0, patterns });
    witness = await connect(options(other.port, 2), context());
  });
  after(async () => {
    await witness.close();
    await other[Symbol.asyncDispose]();
  });

  for (const wire of hostileWires) {
    const all: typeof hostilities =
      wire === 'tcp' || wire === 'tls'
        ? hostilities
        : [
            ...hostilities,
            [
              'half a stanza in one message',
              half,
              /has no end|ends within a stanza|closes nothing/,
            ],
          ];
    for (const [what, act, expected] of all) {
      it(`over ${wire} sends ${what}: it is said, and harms nobody else`, async () => {
        for (const stage of ['login', 'session'] as const) {
          await using server = await startHostileServer(wire, stage, act, pem);
          const target = options(server.port, 1, {
            ...targetOf(wire, server),
            tlsResume: false,
            timeoutMs: 20_000,
          });
          const used = process.cpuUsage();
          if (stage === 'login') {
            await assert.rejects(connect(target, context()), (error) => {
              assert.ok(error instanceof ConnectError, String(error));
              assert.match(error.message, expected);
              return true;
            });
          } else {
            const session = await connect(target, context());
            const lost = session.waitForStanza(() => false, { timeout: 20_000 });
            await session.send(presence());
            await assert.rejects(lost, (error) => {
              assert.ok(error instanceof SessionLost, String(error));
              assert.match(error.message, expected);
              return true;
            });
            assert.ok(!session.isOpen);
          }
          const { user, system } = process.cpuUsage(used);
          // 50 ms here; CPU, for the machine may have other work.
          assert.ok((user + system) / 1000 < 1500, `${stage}: ${(user + system) / 1000} ms`);
          await witness.sendIq(ping('localhost'));
        }
      });
    }
  }
});
