import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { StopResult } from '../../src/control/results.ts';
import { eventually } from '../support/eventually.ts';
import { processesOf } from '../support/processes.ts';
import { ROOT } from '../support/root.ts';
import { Project } from '../support/project.ts';

describe('amoc run', () => {
  it('runs users on the embedded server and loses no message', async () => {
    // Nobody leaves before what is on its way has come.
    const source = `import { chatTo, isChatMessage, presence } from 'amoc';
      import type { User } from 'amoc';
      export async function start(id: number, user: User): Promise<void> {
        const session = await user.connect();
        await session.send(presence());
        for (let sent = 0; sent < 4; sent++) {
          await session.send(chatTo(user.jidOf(id), 'hello'));
          await session.waitForStanza(isChatMessage());
        }
      }`;
    using project = new Project({ talkers: source });
    const { code, out, err } = await project.amoc([
      'run',
      'talkers',
      '1',
      '20',
      '--json',
      '--settings',
      'repeatCount=1',
      'interarrival=5ms',
    ]);
    assert.equal(code, 0, err);
    const result = JSON.parse(out) as StopResult;
    assert.deepEqual([result.messages.sent, result.messages.received], [80, 80]);
    assert.deepEqual(result.errors, []);
    assert.equal(result.messages.delivery?.count, 80);
    assert.match(err, /using the embedded server/);
    assert.deepEqual(processesOf(project.folder), []);
  });

  it('ends by itself when all users have', async () => {
    using project = new Project({ sleeper: true });
    const { code, out } = await project.amoc([
      'run',
      'sleeper',
      '1',
      '5',
      '--settings',
      'repeatCount=1',
      'sleepTime=10ms',
      'interarrival=0',
    ]);
    assert.equal(code, 0);
    assert.match(out, /5 users, 5 finished, 0 stopped, 0 crashed/);
  });

  it('stops gently at Ctrl+C, and shows what there was', async () => {
    using project = new Project({ sleeper: true });
    const child = project.start([
      'run',
      'sleeper',
      '1',
      '5',
      '--settings',
      'interarrival=0',
      'sleepTime=100ms',
    ]);
    let err = '';
    let out = '';
    child.stderr.on('data', (data) => (err += String(data)));
    child.stdout.on('data', (data) => (out += String(data)));
    await eventually(
      () => err,
      (text) => text.includes('all 5 users are running'),
    );
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number];
    assert.equal(code, 0, err);
    assert.match(out, /sleeper {2}ran for/);
  });

  for (const [what, args, expected] of [
    ['an unknown scenario', ['run', 'nothing', '1', '2'], /no scenario 'nothing'/],
    [
      'ids that are none',
      ['run', 'sleeper', 'one', '2'],
      /the first user id: 'one' is not a whole number from 1/,
    ],
    [
      'a time that is none',
      ['run', 'sleeper', '1', '2', '--for', 'ever'],
      /"ever" is not a time span/,
    ],
    [
      'a setting without a value',
      ['run', 'sleeper', '1', '2', '--settings', 'x'],
      /'x' is not name=value/,
    ],
    [
      'a time of a setting without its unit',
      ['run', 'sleeper', '1', '2', '--settings', 'stopTimeout=100', 'sleepTime=5'],
      /stopTimeout takes a time with its unit, as in 100ms; 100 has no unit .*\nsleepTime takes a time/,
    ],
    [
      'a file of verdicts that cannot be written, before anything starts',
      ['run', 'sleeper', '1', '2', '--junit', 'nowhere/verdict.xml'],
      /^error: --junit: nowhere\/verdict\.xml cannot be written: ENOENT[^\n]*\n$/,
    ],
    ['help on what there is not', ['help', 'rum'], /unknown command 'rum'[\s\S]*run/],
    [
      'a time of another command without its unit',
      ['stop', '--timeout', '30'],
      /^error: --timeout takes a time with its unit, as in 30s; 30 has no unit/,
    ],
    [
      'an unknown option',
      ['run', 'sleeper', '1', '2', '--fro', '3s'],
      /unknown option '--fro'[\s\S]*--for/,
    ],
    ['an unknown command', ['rum'], /unknown command 'rum'[\s\S]*run/],
    [
      'a slave without a master',
      ['slave', '--name', 'x'],
      /--master: give the address of the master, as in wss:\/\/host:4370/,
    ],
    [
      'a slave with a bad name',
      ['slave', '--master', 'ws://127.0.0.1:1', '--name', 'a b'],
      /invalid node name 'a b'/,
    ],
    [
      'a slave with a bad address',
      ['slave', '--master', 'nowhere', '--name', 'x'],
      /invalid address 'nowhere'/,
    ],
    ['a port that is none', ['server', '--port', 'x'], /'x' is not a port/],
    ['a number of users that is none', ['doctor', '--users', 'x'], /'x' is not a number of users/],
    ['a name that is none', ['new', '../x'], /invalid scenario name '\.\.\/x'/],
  ] as const) {
    it(`exits 2 for ${what}`, async () => {
      using project = new Project({ sleeper: true });
      const { code, err } = await project.amoc(args);
      assert.equal(code, 2, err);
      assert.match(err, expected);
      assert.ok(!/\n\s+at /.test(err), `a stack trace: ${err}`);
    });
  }
});

describe('amoc new', () => {
  it('writes a scenario that compiles and runs, once', async () => {
    using project = new Project();
    const written = await project.amoc(['new', 'mine']);
    assert.equal(written.code, 0);
    assert.match(written.out, /scenarios\/mine\.ts is written; try it with: amoc run mine 1 2/);
    const again = await project.amoc(['new', 'mine']);
    assert.equal(again.code, 2);
    assert.match(again.err, /mine\.ts exists already/);
    const ran = await project.amoc([
      'run',
      'mine',
      '1',
      '2',
      '--settings',
      'repeatCount=1',
      'pause=10ms',
      'interarrival=0',
    ]);
    assert.equal(ran.code, 0, ran.err);
    assert.match(ran.out, /10 sent, 10 received/);
  });
});

describe('amoc doctor', () => {
  it('names the wall and how to move it', async () => {
    using project = new Project();
    const { code, out } = await project.amoc(['doctor', '--users', '99000000']);
    assert.equal(code, 1);
    assert.match(out, /!! {2}open files: [\d,]+ a process;.*\n.*ulimit -n \d+/);
    assert.match(out, /!! {2}local ports: .*\n.*sysctl -w net\.ipv4\.ip_local_port_range/);
    assert.match(out, /cookie: 64 characters/);
    assert.equal(statSync(join(project.env['HOME']!, '.amoc.cookie')).mode & 0o777, 0o600);
  });
  it('says that the target is not there', async () => {
    using project = new Project();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    other.close();
    const { code, out } = await project.amoc(['doctor', '--users', '10'], {
      env: { AMOC_XMPP_HOST: '127.0.0.1', AMOC_XMPP_PORT: String(port) },
    });
    assert.equal(code, 1);
    assert.match(
      out,
      /!! {2}target: domain 127\.0\.0\.1: 127\.0\.0\.1:\d+: cannot connect: connect ECONNREFUSED/,
    );
  });
  it('minds a cookie that others can read', async () => {
    using project = new Project();
    writeFileSync(join(project.env['HOME']!, '.amoc.cookie'), 'x'.repeat(64), { mode: 0o644 });
    const { code, out } = await project.amoc(['doctor', '--users', '10']);
    assert.equal(code, 1);
    assert.match(out, /\.amoc\.cookie can be read by others; run: chmod 600/);
  });
});

describe('amoc server', () => {
  it('serves until it is told to end, and says when its port is taken', async () => {
    using project = new Project();
    const child = project.start(['server', '--port', '0']);
    let out = '';
    child.stdout.on('data', (data) => (out += String(data)));
    await eventually(
      () => out,
      (text) => text.includes('Ctrl+C ends it'),
    );
    const port = /127\.0\.0\.1:(\d+)/.exec(out)![1]!;
    const second = await project.amoc(['server', '--port', port]);
    assert.equal(second.code, 2);
    assert.match(second.err, new RegExp(`port ${port} of 127.0.0.1 is taken by another program`));
    child.kill('SIGTERM');
    const [code] = (await once(child, 'close')) as [number];
    assert.equal(code, 0);
  });

  it('has TLS when it is told to, and the file of its CA as long as it serves', async () => {
    using project = new Project({ my_scenario: true });
    const child = project.start(['server', '--port', '0', '--tls']);
    let out = '';
    child.stdout.on('data', (data) => (out += String(data)));
    await eventually(
      () => out,
      (text) => /AMOC_XMPP_TLS_CA=.*\n/.test(text),
    );
    const [, ca = ''] = /AMOC_XMPP_TLS_CA=(.*)\n/.exec(out) ?? [];
    const target = {
      AMOC_XMPP_HOST: '127.0.0.1',
      AMOC_XMPP_DOMAIN: 'localhost',
      AMOC_XMPP_PORT: /127\.0\.0\.1:(\d+)/.exec(out)![1]!,
      AMOC_XMPP_TLS_CA: ca,
    };
    for (const tls of ['starttls', 'direct']) {
      const env = { ...target, AMOC_XMPP_TLS: tls };
      const settings = ['--settings', 'messages=1', 'messageInterval=10ms', 'repeatCount=1'];
      const args = ['run', 'my_scenario', '1', '2', '--for', '1s', ...settings];
      const run = await project.amoc(args, { env });
      assert.equal(run.code, 0, run.out + run.err);
    }
    child.kill('SIGTERM');
    await once(child, 'close');
    assert.equal(existsSync(ca), false);
  });
});

describe('amoc', () => {
  it('tells its version and its commands', async () => {
    using project = new Project();
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      version: string;
    };
    assert.deepEqual(await project.amoc(['--version']), { code: 0, out: `${version}\n`, err: '' });
    const { code, out } = await project.amoc(['help', 'run']);
    assert.equal(code, 0);
    assert.match(out, /--for <time>[\s\S]*Exit codes:/);
  });
});

describe('amoc slave', () => {
  it('joins a console, runs users for amocDist, and is lost without harm', async () => {
    using project = new Project({ sleeper: true });
    const cookie = 'c'.repeat(40);
    const console_ = project.start(['console'], { AMOC_MASTER_PORT: '0', AMOC_COOKIE: cookie });
    let text = '';
    for (const stream of [console_.stdout, console_.stderr])
      stream.on('data', (data) => (text += String(data)));
    const joinAt = await eventually(
      () => /slaves can join at (ws:\S+)/.exec(text)?.[1],
      (url) => url !== undefined,
    );
    const refused = await project.amoc(['slave', '--master', joinAt!, '--name', 'slave9'], {
      env: { AMOC_COOKIE: 'wrong'.repeat(8) },
    });
    assert.equal(refused.code, 2);
    assert.match(refused.err, /wrong cookie/);
    const slave = project.start(['slave', '--master', joinAt!, '--name', 'slave1'], {
      AMOC_COOKIE: cookie,
    });
    let said = '';
    slave.stderr.on('data', (data) => (said += String(data)));
    await eventually(
      () => said,
      (line) => line.includes('slave1/1 serves'),
    );
    console_.stdin.write(
      "amocDist.do('sleeper', 1, 20, { interarrival: 0 })\nsleep('1.5s')\n(await amocDist.status()).users.running\n",
    );
    await eventually(
      () => text,
      (seen) => /\n20\n/.test(seen),
    );
    console_.stdin.end();
    await once(console_, 'close');
    await eventually(
      () => said,
      (line) => line.includes('is gone'),
    );
  });
});
