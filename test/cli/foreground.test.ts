import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { StatusView } from '../../src/control/views.ts';
import { freePort } from '../support/ports.ts';
import { eventually } from '../support/eventually.ts';
import { Project } from '../support/project.ts';

/** Users who come and go all the time: they can move to another node soon. */
const brief = `
import type { User } from 'amoc';
export const connectionsPerUser = 0;
export async function start(_id: number, user: User): Promise<void> {
  await user.sleep('200ms');
}
`;

/** Reads what systemd would: datagrams on the socket of NOTIFY_SOCKET, a line each. */
const notified = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True:
    data, fds, flags, address = socket.recv_fds(s, 4096, 8)
    for fd in fds: os.close(fd)
    print(repr(data.decode()), flush=True)
`;

describe('a node in the foreground', () => {
  it('logs as JSON, answers /health, and stops gently on SIGTERM', async () => {
    using project = new Project({ my_scenario: true });
    project.env['AMOC_STOP_TIMEOUT'] = '200ms';
    const node = follow(project.start(['foreground'], { AMOC_HEALTH_PORT: '0' }));
    await node.see(/http:\/\/127\.0\.0\.1:\d+\/health answers/);
    const url = /(http:\S+)\/health answers/.exec(node.out())?.[1] ?? '';
    const health = await fetch(`${url}/health`);
    assert.equal(health.status, 200);
    assert.equal(((await health.json()) as { status: string }).status, 'ok');
    assert.equal((await fetch(`${url}/live`)).status, 200);
    assert.equal((await fetch(`${url}/else`)).status, 404);
    const started = await project.amoc(['eval', "amocLocal.do('my_scenario', 1, 5)"]);
    assert.equal(started.code, 0, started.err);
    await node.see(/all 5 users are running/);
    node.child.kill('SIGTERM');
    assert.deepEqual(await once(node.child, 'exit'), [0, null]);
    const lines = node
      .out()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string; amoc: string; level: number });
    assert.ok(lines.some(({ msg }) => msg === 'stopping my_scenario, 5 users: done'));
    assert.ok(lines.every(({ amoc }) => /^\d+\.\d+\.\d+$/.test(amoc)));
  });

  it('ends when it cannot have a port that it was told to listen on', async () => {
    using project = new Project();
    await using holder = createServer();
    await once(holder.listen(0, '127.0.0.1'), 'listening');
    const { port } = holder.address() as AddressInfo;
    const { code, err } = await project.amoc(['foreground'], {
      env: { AMOC_HEALTH_PORT: String(port) },
    });
    assert.equal(code, 2);
    assert.match(err, /port \d+ of 127\.0\.0\.1 is taken by another program/);
  });

  it('tells systemd when it is ready', async () => {
    using project = new Project();
    const socket = join(project.folder, 'notify');
    const systemd = follow(spawn('python3', ['-c', notified, socket]));
    await systemd.see(/bound/);
    const node = follow(project.start(['foreground'], { NOTIFY_SOCKET: socket }));
    await systemd.see(/READY=1/);
    systemd.child.kill();
    node.child.kill('SIGTERM');
    assert.deepEqual(await once(node.child, 'exit'), [0, null]);
  });

  it('lets a slave join, and the users of one that stops go on elsewhere', async () => {
    using project = new Project({ brief });
    const port = await freePort();
    const cookie = { AMOC_COOKIE: 'c0ffee'.repeat(8) };
    Object.assign(project.env, cookie, { AMOC_LOCAL_PROCESSES: '1' });
    const master = follow(project.start(['foreground'], { AMOC_MASTER_PORT: String(port) }));
    await master.see(/slaves can join/);
    const url = `ws://127.0.0.1:${port}`;
    for (const name of ['slave1', 'slave2']) {
      const { code, out, err } = await project.amoc(['start', '--name', name, '--master', url]);
      assert.equal(code, 0, err);
      assert.match(out, new RegExp(`slave '${name}' runs in the background`));
      await eventually(
        () => project.amoc(['ping', '--name', name]),
        ({ code }) => code === 0,
      );
    }
    const { out: said } = await project.amoc(['status', '--name', 'slave1']);
    assert.match(said, new RegExp(`1 of 1 process joined at ${url}`));
    const attached = await project.amoc(['attach', '--name', 'slave1']);
    assert.match(attached.err, /this node is a slave and has no console; attach to its master/);
    const evaluate = async <T>(line: string): Promise<T> => {
      const { code, out, err } = await project.amoc(['eval', '--json', line]);
      assert.equal(code, 0, err);
      return JSON.parse(out) as T;
    };
    const settings = "{ interarrival: 0, settings: { repeatInterval: '50ms', recovery: '100ms' } }";
    await evaluate(`amocDist.do('brief', 1, 20, ${settings})`);
    const status = (): Promise<StatusView> => evaluate('amocDist.status()');
    await eventually(status, ({ present, nodes }) => {
      return present === 20 && nodes.every(({ users }) => users === 10);
    });
    const stopped = await project.amoc(['stop', '--name', 'slave2']);
    assert.equal(stopped.code, 0, stopped.err + stopped.out);
    const after = await eventually(status, ({ nodes }) => nodes.length === 1);
    assert.deepEqual(
      [after.present, after.users.lost, after.users.crashed, after.users.away],
      [20, 0, 0, 0],
    );
    await master.see(/slave2\/1 is about to leave; its 10 users will continue elsewhere/);
    await master.see(/slave2\/1 has left/);
    // The last one has nobody to give its users to.
    const last = await project.amoc(['stop', '--name', 'slave1', '--timeout', '500ms']);
    assert.equal(last.code, 1);
    await master.see(/slave1\/1 is about to leave, and no other process can take/);
    const wrong = await project.amoc(['start', '--name', 'slave3', '--master', url], {
      env: { AMOC_COOKIE: 'other'.repeat(10) },
    });
    assert.equal(wrong.code, 0);
    const { out } = await eventually(
      () => project.amoc(['logs', '--name', 'slave3']),
      ({ out }) => out.includes('has refused this slave'),
    );
    assert.match(out, /wrong cookie/);
    master.child.kill('SIGKILL');
  });
});

interface Followed {
  child: ChildProcessWithoutNullStreams;
  out: () => string;
  see: (pattern: RegExp) => Promise<string>;
}

function follow(child: ChildProcessWithoutNullStreams): Followed {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => (text += String(data)));
  }
  return {
    child,
    out: () => text,
    see: (pattern) =>
      eventually(
        () => text,
        (seen) => pattern.test(seen),
      ),
  };
}
