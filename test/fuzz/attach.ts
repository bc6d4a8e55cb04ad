import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import type { Random } from '../../src/lib/ids/random.ts';
import { hostileTexts } from '../support/hostile-text.ts';
import type { Field } from './field.ts';
import { damaged, nested, noise, record } from './frames.ts';
import { inParallel, within } from './in-parallel.ts';

/** Fewer than the consoles that a node lets attach. */
const WIDTH = 6;
const HALF_OPEN = 20;
const MAX_FRAMES = 100;
const ANSWER_MS = 60_000;
const HUGE_EVERY = 5000;

/**
 * Consoles that say odd things, `count` frames of them: some well-formed, to the last of which an answer must come,
 * some that cost the connection.
 */
export async function oddConsoles(field: Field, random: Random, count: number): Promise<number> {
  let sent = 0;
  let hugeAt = Math.min(HUGE_EVERY, count / 2);
  const silent = Array.from({ length: HALF_OPEN }, () => halfOpen(field.socket, random));
  await inParallel(WIDTH, async () => {
    if (sent >= count) return 'enough';
    if (sent >= hugeAt) {
      hugeAt += HUGE_EVERY;
      sent++;
      await costs(field, [greeting(random), huge(random)]);
    } else if (random.float() < 0.2) {
      const before = random.float() < 0.5 ? [] : [greeting(random)];
      sent += before.length + 1;
      await costs(field, [...before, malformed(random, before.length > 0)]);
    } else {
      const said = await talk(field, random);
      sent += said;
    }
    return 'more';
  });
  for (const socket of silent) socket.destroy();
  return sent;
}

function dial(field: Field): { socket: WebSocket; closed: Promise<void> } {
  const socket = new WebSocket('ws://localhost/', {
    createConnection: () => connect(field.socket),
    perMessageDeflate: false,
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  return { socket, closed };
}

/** Frames of which the last one must cost the connection. */
async function costs(field: Field, frames: readonly (string | Buffer)[]): Promise<void> {
  const { socket, closed } = dial(field);
  socket.once('open', () => {
    for (const each of frames) socket.send(each);
  });
  const isClosed = await within(ANSWER_MS, closed);
  socket.terminate();
  assert.ok(isClosed, `a console stayed after ${String(frames.at(-1)).slice(0, 500)}`);
}

/** A console that keeps to the protocol. @returns how many frames it has sent */
async function talk(field: Field, random: Random): Promise<number> {
  const { socket, closed } = dial(field);
  const frames = Array.from({ length: random.integer(1, MAX_FRAMES) }, (_, at) =>
    wellFormed(random, at + 1),
  );
  const last = MAX_FRAMES + 1;
  const answered = new Promise<void>((resolve) => {
    socket.on('message', (data) => {
      const { type, id } = JSON.parse((data as Buffer).toString()) as { type: string; id?: number };
      if (type === 'completion' && id === last) resolve();
    });
  });
  socket.once('open', () => {
    socket.send(greeting(random));
    for (const each of frames) socket.send(each);
    socket.send(JSON.stringify({ type: 'complete', id: last, line: 'amo' }));
  });
  // Inputs that are too many at once cost the connection.
  const isDone = await within(ANSWER_MS, Promise.race([answered, closed]));
  socket.terminate();
  assert.ok(isDone, 'a console that keeps to the protocol got no answer');
  return frames.length + 2;
}

function greeting(random: Random): string {
  const who = random.pick(['fuzz', 'a@b/c', '../..', '__proto__', 'x'.repeat(100)]);
  const quiet = random.float() < 0.95;
  return JSON.stringify({ type: 'hello', version: 1, who, colors: random.integer(0, 3), quiet });
}

const inputs = [
  ...['1', 'x', '', '%', '(', '"', 'throw null', 'new Promise(() => {})', 'sleep(1)', 'help()'],
  ...[
    'amocDist.nodes().length',
    'Promise.reject(1)',
    '"x".repeat(1e6)',
    'Array(1e5)',
    'globalThis',
  ],
  ...["amocDist.user('x')", 'process.exit(1)', '[...Array(3).keys()]', 'null.x', 'v(1)', 'q()'],
];
const lines = [
  ...['amoc', 'amocLocal.', '__proto__.', 'constructor.constructor.', '((((((', 'a'.repeat(3000)],
  ...['', '.', 'x'.repeat(300_000), ...hostileTexts],
];

function wellFormed(random: Random, id: number): string {
  return JSON.stringify(
    random.pick([
      { type: 'interrupt', id: random.pick([0, id, id - 1, 2 ** 53 - 1]) },
      { type: 'complete', id, line: random.pick(lines) },
      { type: 'draw', id, columns: random.pick([1, 80, 10_000]) },
      { type: 'return' },
      { type: 'hello', version: 1, who: 'again', colors: 0, quiet: true },
      { type: 'run', id, text: random.pick(inputs), json: random.float() < 0.5 },
    ]),
  );
}

/** @param isGreeted whether it comes behind a greeting */
function malformed(random: Random, isGreeted: boolean): string | Buffer {
  const kinds: (() => string | Buffer)[] = [
    () => noise(random, 60),
    () => '{',
    () => `x${damaged(random, greeting(random))}`,
    () => '["hello"]',
    () => nested(random.pick([1, 5000, 100_000])),
    () => `{"__proto__":${greeting(random)}}`,
    () => JSON.stringify({ ...record(random), type: random.pick(['toString', 'x', null, 5]) }),
    () =>
      JSON.stringify({ type: 'run', id: random.pick([-1, 0.5, '1', null]), text: '1', json: true }),
    () => JSON.stringify({ type: 'draw', id: 1, columns: random.pick([0, 1e9, -1, '80', null]) }),
    () => JSON.stringify({ type: 'complete', id: 1, line: 'x'.repeat(310_000) }),
    () => JSON.stringify({ type: 'hello', version: 1, who: 'a b', colors: 9, quiet: 1 }),
    () => JSON.stringify({ type: 'hello', version: 2, who: 'x', colors: 0, quiet: true }),
    // Before the greeting all of these cost the connection.
    ...(isGreeted
      ? []
      : [() => wellFormed(random, 1).replace('"hello","version":1', '"hello","version":7')]),
  ];
  return random.pick(kinds)();
}

function huge(random: Random): string {
  return random.pick<() => string>([
    () => JSON.stringify({ type: 'run', id: 1, text: 'x'.repeat(15_000_000), json: false }),
    () => 'x'.repeat(17_000_000),
    () => nested(3_000_000),
    () => `{"type":"hello","x":${nested(3_000_000)}}`,
  ])();
}

/** One that begins and says no more. */
function halfOpen(path: string, random: Random): ReturnType<typeof connect> {
  const socket = connect(path);
  socket.on('error', () => {});
  socket.resume();
  socket.write(random.pick(['G', 'GET /status HTTP/1.1\r\nX: ', '\u0016\u0003\u0001']));
  return socket;
}
