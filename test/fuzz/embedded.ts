import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Random } from '../../src/lib/ids/random.ts';
import { hostileTexts } from '../support/hostile-text.ts';
import type { Field } from './field.ts';
import { noise } from './frames.ts';
import { inParallel, within } from './in-parallel.ts';

const WIDTH = 32;
const HALF_OPEN = 50;
const MAX_PIECES = 30;
const ANSWER_MS = 60_000;
/** Ids of accounts that no user of the run has. */
const FIRST_ID = 900_000;

const header = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>`;
const sasl = `xmlns='urn:ietf:params:xml:ns:xmpp-sasl'`;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/**
 * Clients of the embedded server that say odd things, `count` pieces of them, before a login or behind one.
 *
 * @throws when a login that is right does not come to its end
 */
export async function oddClients(field: Field, random: Random, count: number): Promise<number> {
  let sent = 0;
  let clients = 0;
  const silent = Array.from({ length: HALF_OPEN }, () => open(field));
  for (const socket of silent) socket.write(random.pick([header, header.slice(0, 40), '<', ' ']));
  await inParallel(WIDTH, async () => {
    if (sent >= count) return 'enough';
    const socket = open(field);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const kind = random.integer(0, 2);
    if (kind > 0) socket.write(header);
    if (kind === 2) await login(socket, FIRST_ID + clients++);
    const pieces = Array.from({ length: random.integer(1, MAX_PIECES) }, () => piece(random));
    sent += pieces.length;
    for (const each of pieces) socket.write(each);
    // The server answers this with the end of its own stream, unless it has closed the connection before.
    socket.end('</stream:stream>');
    const isClosed = await within(ANSWER_MS, closed);
    socket.destroy();
    assert.ok(isClosed, 'a client of the embedded server was not let go');
    return 'more';
  });
  for (const socket of silent) socket.destroy();
  return sent;
}

function open(field: Field): Socket {
  const socket = connect(field.xmppPort, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  return socket;
}

/** From the header to the bound resource. */
async function login(socket: Socket, id: number): Promise<void> {
  let heard = '';
  let wanted: { text: string; found: () => void } | undefined;
  const look = (): void => {
    if (wanted !== undefined && heard.includes(wanted.text)) wanted.found();
  };
  const listen = (data: Buffer): void => {
    heard += data.toString();
    look();
  };
  socket.on('data', listen);
  const hear = async (text: string): Promise<void> => {
    const found = new Promise<void>((resolve) => (wanted = { text, found: resolve }));
    look();
    assert.ok(await within(ANSWER_MS, found), `the embedded server said no ${text}, but ${heard}`);
    heard = '';
  };
  await hear('</stream:features>');
  const account = base64(`\0user_${id}\0password_${id}`);
  socket.write(`<auth ${sasl} mechanism='PLAIN'>${account}</auth>`);
  await hear('<success');
  socket.write(header);
  await hear('</stream:features>');
  socket.write(`<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`);
  await hear('</bind>');
  socket.off('data', listen);
}

function piece(random: Random): string | Buffer {
  const text = random.pick(hostileTexts);
  if (random.float() < 0.1) return noise(random, 60);
  const to = random.pick([
    '__proto__@localhost',
    'user_900001@localhost',
    'localhost',
    'x@elsewhere',
  ]);
  const type = random.pick(['get', 'set', 'result', 'error', '__proto__', 'chat', 'subscribe']);
  const name = random.pick(['iq', 'message', 'presence', 'x', 'stream:error', '__proto__']);
  const namespace = random.pick([
    ...['jabber:iq:register', 'jabber:iq:roster', 'urn:xmpp:ping', 'urn:xmpp:mam:2', '__proto__'],
  ]);
  if (random.float() < 0.02) {
    return random.pick([
      '<a>'.repeat(100_000),
      `<message to='${to}'>${'<b>'.repeat(20_000)}${'</b>'.repeat(20_000)}</message>`,
      `<x a="${'y'.repeat(300_000)}"/>`,
    ]);
  }
  return random.pick<() => string>([
    () => '<a>'.repeat(random.pick([10, 129, 3000])),
    () => `<message to='${to}'>${'<b>'.repeat(200)}${'</b>'.repeat(200)}</message>`,
    () => '<!DOCTYPE x [<!ENTITY a "b">]>',
    () => '<!DOCTYPE x [<!ENTITY a "&b;&b;"><!ENTITY b "&a;&a;">]><x>&a;</x>',
    () => '<![CDATA[',
    () => '<?x',
    () => '<!-- ',
    () => '</stream:stream>',
    () => '</x>',
    () => `<x a="${'y'.repeat(5000)}"/>`,
    () => `<x ${'a="b" '.repeat(300)}/>`,
    () => '\u0000\u0001',
    () => text,
    () => `<${name} type='${type}' to='${to}' id='1'/>`,
    () =>
      `<${name} type='${type}' id='${random.integer(1, 9)}'><query xmlns='${namespace}'/></${name}>`,
    () => `<message to='${to}'><body>&#27;&lt;${'z'.repeat(1000)}</body></message>`,
    () => `<presence type='${type}' to='${to}'/>`,
    () => `<auth ${sasl} mechanism='__proto__'>=</auth>`,
    () => `<auth ${sasl} mechanism='PLAIN'>${base64(`\0user_1\0wrong`)}</auth>`,
    () => `<auth ${sasl} mechanism='PLAIN'>!!!</auth>`,
    () =>
      `<auth ${sasl} mechanism='SCRAM-SHA-1'>${base64('n,,n=,r=')}</auth><response ${sasl}>${base64('c=,r=,p=')}</response>`,
    () =>
      `<auth ${sasl} mechanism='SCRAM-SHA-1'>${base64('n,,n=user_1,r=x')}</auth><response ${sasl}/>`,
    () => `<response ${sasl}>=</response>`,
    () =>
      `<iq type='set' id='1'><query xmlns='jabber:iq:register'><username>__proto__</username><password>x</password></query></iq>`,
    () =>
      `<iq type='set' id='2'><query xmlns='jabber:iq:roster'><item jid='__proto__'/></query></iq>`,
    () => header,
  ])();
}
