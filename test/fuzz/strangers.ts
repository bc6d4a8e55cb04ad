import { createHmac, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Random } from '../../src/lib/ids/random.ts';
import { MAX_STRANGER_BYTES, PROTOCOL_VERSION } from '../../src/protocol/messages.ts';
import type { Field } from './field.ts';
import { damaged, frame, nested, noise, record, strangerTypes } from './frames.ts';
import { inParallel, within } from './in-parallel.ts';

/** Fewer than the master lets wait of one address. */
const WIDTH = 100;
/** Connections that say nothing, or half of something, for as long as the master lets them. */
const HALF_OPEN = 64;
/** Longer than a handshake may take. */
const CLOSED_MS = 30_000;
const MAX_FRAMES = 4;

/** What strangers have done. */
export interface StrangersTold {
  frames: number;
  connections: number;
}

/**
 * Connections to the control port that do not know the cookie, `count` frames over them.
 *
 * @throws when one of them is let in, or is not closed
 */
export async function strangers(
  field: Field,
  random: Random,
  count: number,
): Promise<StrangersTold> {
  const told = { frames: 0, connections: 0 };
  const silent = new HalfOpen(field, random);
  await inParallel(WIDTH, async () => {
    if (told.frames >= count) return 'enough';
    told.connections++;
    if (random.float() < 0.1) {
      told.frames++;
      await rawBytes(field, random);
      return 'more';
    }
    const sent = await oneStranger(field, random);
    told.frames += sent;
    return 'more';
  });
  silent.close();
  return told;
}

/** @returns how many frames it sent */
async function oneStranger(field: Field, random: Random): Promise<number> {
  const socket = new WebSocket(field.masterUrl, { perMessageDeflate: false });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  let sent = 0;
  let answers = '';
  socket.on('error', () => {});
  socket.on('message', (data) => {
    const text = (data as Buffer).toString();
    answers += `${text}\n`;
    if (!text.startsWith('{"type":"challenge"')) return;
    const { nonce } = JSON.parse(text) as { nonce: string };
    const frames = shapes(random, nonce, field.cookie);
    sent = frames.length;
    for (const each of frames) socket.send(each);
  });
  if (!(await within(CLOSED_MS, closed))) {
    socket.terminate();
    throw new Error(`a stranger was not closed within ${CLOSED_MS} ms; it heard ${answers}`);
  }
  if (answers.includes('"welcome"')) throw new Error(`a stranger was let in: ${answers}`);
  return sent;
}

/** What a stranger says when it is challenged; none of it ends well, and all of it at once. */
function shapes(random: Random, nonce: string, cookie: string): (string | Buffer)[] {
  const kind = random.integer(0, 9);
  const hello = helloOf(random, nonce, 'a cookie that nobody has, of 32 characters or more');
  const text = JSON.stringify(hello);
  switch (kind) {
    case 0:
      return [noise(random, 60)];
    case 1:
      return [nested(random.pick([5, 5000])), 'x'];
    case 2:
      // More than a stranger may send, by far and by little.
      return [random.pick([nested(100_000), 'x'.repeat(MAX_STRANGER_BYTES + 1)])];
    case 3:
      return [`{"__proto__":${text},"constructor":{"prototype":1}}`];
    case 4:
      return [
        JSON.stringify({ ...hello, ...record(random), type: 'hello', proof: hello['proof'] }),
      ];
    case 5:
      return [damaged(random, text), text, text];
    case 6:
      return [JSON.stringify(misused(random, nonce, cookie)), frame(random, strangerTypes)];
    case 7:
      return [JSON.stringify({ ...hello, proof: nonce, nonce })];
    default:
      return Array.from({ length: random.integer(1, MAX_FRAMES) }, () => faultyHandshake(random));
  }
}

/** A frame that is none of a handshake, whatever the dice say. */
function faultyHandshake(random: Random): string {
  return frame(random, strangerTypes).replace('"hello"', '"hell"');
}

/** A proof that the cookie was known, by somebody and for something else. */
function misused(random: Random, nonce: string, cookie: string): Record<string, unknown> {
  const proved = helloOf(random, nonce, cookie);
  const { info, role } = proved as { info: object; role: string };
  return random.pick([
    helloOf(random, randomBytes(32).toString('hex'), cookie),
    { ...proved, role: role === 'slave' ? 'watchdog' : 'slave' },
    { ...proved, info: { ...info, name: 'honest/3' } },
    { ...proved, info: { ...info, identity: '0123456789abcdef' } },
  ]);
}

/** A hello that fits in all but its cookie. */
function helloOf(random: Random, masterNonce: string, cookie: string): Record<string, unknown> {
  const nonce = randomBytes(32).toString('hex');
  const name = random.pick(['honest/1', 'honest/2', 'a/1', 'x']);
  const identity = randomBytes(8).toString('hex');
  const role = random.pick(['slave', 'watchdog', 'slave', 'master']);
  const proof = createHmac('sha256', cookie)
    .update(`amoc/${PROTOCOL_VERSION}|${role}|${masterNonce}|${nonce}|${name}|${identity}|`)
    .digest('hex');
  const version = random.float() < 0.9 ? PROTOCOL_VERSION : random.pick([0, -1, 4, 1e9, 0.5]);
  const info = { name, host: 'h', pid: 1, version: '0', node: '20', identity };
  return { type: 'hello', version, role, nonce, proof, info };
}

const upgrade = [
  'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n',
].join('');

/** Bytes on the port that no client of amoc sends. */
async function rawBytes(field: Field, random: Random): Promise<void> {
  const socket = connect(field.controlPort, '127.0.0.1');
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  socket.resume();
  const frames: (string | Buffer)[] = [
    Buffer.from([0xc1, 0x80, 0, 0, 0, 0]),
    Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
    Buffer.from([0x81, 0x05, 1, 2, 3, 4, 5]),
    Buffer.from([0x88, 0xfe, 0xff, 0xff]),
    noise(random, 60),
    // A frame of 15 MiB is announced, and its first part comes.
    Buffer.concat([
      Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0xf0, 0, 0, 0, 0, 0, 0]),
      Buffer.alloc(MAX_STRANGER_BYTES + 1000, 0x61),
    ]),
  ];
  const requests = [
    noise(random, 200),
    'GET / HTTP/1.1\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
    `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
    `${upgrade}Origin: http://evil.example\r\n\r\n`,
    `${upgrade}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n`,
  ];
  const request = random.pick([...requests, `${upgrade}\r\n`, `${upgrade}\r\n`]);
  socket.write(request);
  if (random.float() < 0.5) socket.write(random.pick(frames));
  // Some of them wait for the rest of what was announced, and the master for more.
  await within(random.integer(1, 50), closed);
  socket.destroy();
}

/** Connections that begin and say no more; one that the master closes is opened again. */
class HalfOpen {
  readonly #field: Field;
  readonly #random: Random;
  readonly #sockets = new Set<Socket>();
  #isOver = false;

  constructor(field: Field, random: Random) {
    this.#field = field;
    this.#random = random;
    for (let opened = 0; opened < HALF_OPEN; opened++) this.#open();
  }

  close(): void {
    this.#isOver = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  #open(): void {
    const socket = connect(this.#field.controlPort, '127.0.0.1');
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (!this.#isOver) this.#open();
    });
    socket.resume();
    socket.write(this.#random.pick(['G', 'GET', upgrade, `${upgrade}\r\n`]));
  }
}
