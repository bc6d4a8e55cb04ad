import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Random } from '../../src/lib/ids/random.ts';
import type { Field } from './field.ts';
import { noise } from './frames.ts';
import { inParallel, within } from './in-parallel.ts';

const WIDTH = 8;
/** Fewer than a port lets be open, with those of {@link WIDTH}. */
const SLOW = 24;
/** So often somebody asks as it should be. */
const HONEST_EVERY = 200;
const ANSWER_MS = 60_000;

/**
 * Requests to the health port and to that of Prometheus that nobody's client makes, `count` of them, on
 * connections of a few each. Between them somebody asks properly.
 *
 * @throws when a proper request is not answered as it should be
 */
export async function oddRequests(field: Field, random: Random, count: number): Promise<number> {
  let sent = 0;
  let askedAt = -HONEST_EVERY;
  const slow = Array.from({ length: SLOW }, (_, at) =>
    slowly(at % 2 === 0 ? field.healthPort : field.metricsPort),
  );
  await inParallel(WIDTH, async () => {
    if (sent >= count) return 'enough';
    if (sent - askedAt >= HONEST_EVERY) {
      askedAt = sent;
      await askProperly(field);
    }
    const requests = Array.from({ length: random.integer(1, 8) }, () => request(random));
    sent += requests.length;
    await say(random.pick([field.healthPort, field.metricsPort]), requests);
    return 'more';
  });
  for (const socket of slow) socket.destroy();
  await askProperly(field);
  return sent;
}

/** What a monitor does. */
async function askProperly(field: Field): Promise<void> {
  const health = await fetch(`http://127.0.0.1:${field.healthPort}/health`);
  assert.deepEqual(
    [health.status, ((await health.json()) as { status: string }).status],
    [200, 'ok'],
  );
  const metrics = await fetch(`http://127.0.0.1:${field.metricsPort}/metrics`);
  const text = await metrics.text();
  assert.equal(metrics.status, 200, text.slice(0, 1000));
  for (const line of text.split('\n')) {
    assert.match(
      line,
      /^$|^# (HELP|TYPE) |^[a-zA-Z_:][\w:]*(\{([a-zA-Z_]\w*="(\\.|[^"\\])*",?)*\})? \S+$/,
    );
  }
  assert.match(text, /^amoc_\w*users\w*\{/m);
}

function request(random: Random): string | Buffer {
  const path = random.pick([
    ...['/', '/health', '/live', '/metrics', '/status', '/__proto__', '/toString', '/../metrics'],
    ...[
      '*',
      'http://x/health',
      '/%00',
      '/\u0001',
      '/metrics?x=1',
      `/${'x'.repeat(9000)}`,
      '//',
      '',
    ],
  ]);
  const method = random.pick([
    ...[
      'GET',
      'HEAD',
      'POST',
      'PUT',
      'DELETE',
      'OPTIONS',
      'TRACE',
      'CONNECT',
      'PRI',
      'get',
      '__proto__',
    ],
  ]);
  const version = random.pick(['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/9.9', 'HTTP', '']);
  const headers = random.pick([
    'Host: x',
    'Host: x\r\nConnection: keep-alive',
    'Host: x\r\nExpect: 100-continue\r\nContent-Length: 5',
    'Host: x\r\nExpect: anything',
    'Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade',
    'Host: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3',
    'Host: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx',
    'Host: x\r\nContent-Length: 99999999999999999999',
    'Host: x\r\nContent-Length: -1',
    'Host: x\r\n continued: y',
    'Host: x\r\nno colon',
    `Host: x\r\nLong: ${'y'.repeat(20_000)}`,
    `Host: x\r\n${'A: b\r\n'.repeat(2000)}C: d`,
    'Host: x\r\nBad\u0000Name: 1',
    '',
  ]);
  if (random.float() < 0.05) return noise(random, 300);
  return `${method} ${path} ${version}\r\n${headers}\r\n\r\n`;
}

/** Writes requests behind each other, and waits for what comes of them. */
async function say(port: number, requests: readonly (string | Buffer)[]): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  socket.resume();
  for (const each of requests) socket.write(each);
  // A last one that is right: its connection is closed then, unless one before it has done so.
  socket.end('GET /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  const isClosed = await within(ANSWER_MS, closed);
  socket.destroy();
  assert.ok(isClosed, `a connection to port ${port} was left open: ${requests.join('\n')}`);
}

/** One that never finishes what it says. */
function slowly(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  socket.write('GET /health HTTP/1.1\r\nHost: x\r\nX: ');
  return socket;
}
