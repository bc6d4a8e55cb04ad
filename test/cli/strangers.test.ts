import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freePort } from '../support/ports.ts';
import { eventually } from '../support/eventually.ts';
import { ROOT } from '../support/root.ts';
import { Project } from '../support/project.ts';
import { Shell } from '../support/shell.ts';

const MB = 1024 * 1024;
const STRANGERS = 250;
const UPGRADE =
  'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

/** A text frame of 16 MiB (RFC 6455 §5.2), of which a megabyte comes. */
function frameOf16MiB(): Buffer {
  const head = Buffer.alloc(14);
  head.set([0x81, 0xff]);
  head.writeBigUInt64BE(BigInt(16 * MB), 2);
  return Buffer.concat([head, Buffer.alloc(MB, 'a')]);
}

function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
}

/** So many strangers come at once; resolves when the master has closed all of their connections. */
async function visit(port: number, count: number, look: () => void): Promise<void> {
  const frame = frameOf16MiB();
  let closed = 0;
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('close', () => closed++);
    socket.once('data', () => socket.write(frame));
    return socket.setNoDelay().on('connect', () => socket.write(UPGRADE));
  });
  try {
    await eventually(
      () => {
        look();
        return closed;
      },
      (seen) => seen === count,
    );
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

describe('strangers at the port for slaves', () => {
  it(`who announce 16 MiB each, ${STRANGERS} of them, cost the master less than 10 MB`, async () => {
    using project = new Project();
    const port = await freePort();
    const shell = new Shell(
      project.start(['console'], {
        AMOC_MASTER_PORT: String(port),
        AMOC_COOKIE: 'c0ffee'.repeat(8),
        AMOC_LOCAL_PROCESSES: '1',
      }),
    );
    await shell.see(/slaves can join/);
    const pid = shell.process.pid ?? 0;
    // What a first one costs is code that is read and compiled, in the background too.
    await visit(port, 50, () => {});
    let last = Infinity;
    const before = await eventually(
      async () => {
        await shell.value('sleep(500).then(() => 1)');
        const now = residentMb(pid);
        const change = Math.abs(now - last);
        last = now;
        return { now, change };
      },
      ({ change }) => change < 1,
    );
    let most = 0;
    await visit(port, STRANGERS, () => (most = Math.max(most, residentMb(pid))));
    assert.ok(most - before.now < 10, `${before.now.toFixed(1)} → ${most.toFixed(1)} MB`);
    assert.equal(await shell.value('1 + 1'), 2);
  });
});

describe('a shell whose limit of files is too low', () => {
  it('is told so, with what to set, and not by an error of Node.js', async () => {
    using project = new Project();
    const child = project.startProgram(
      ['prlimit', '--nofile=90:90', process.execPath, join(ROOT, 'bin', 'amoc.js'), 'console'],
      project.env,
    );
    let err = '';
    child.stderr.on('data', (data) => (err += String(data)));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    assert.equal(code, 2);
    assert.match(
      err,
      /^amoc: a process may open 90 files here; amoc needs 256,.* ulimit -n 65536\n$/,
    );
  });
});
