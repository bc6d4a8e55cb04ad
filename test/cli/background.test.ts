import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { statSync, unlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { StatusView } from '../../src/control/views.ts';
import { eventually } from '../support/eventually.ts';
import { killAll, processesOf } from '../support/processes.ts';
import { Project } from '../support/project.ts';
import type { Ended } from '../support/project.ts';
import { TestTerminal } from '../support/terminal.ts';

/** A project whose node in the background ends with the test. */
class BackgroundProject extends Project {
  readonly node = join(this.folder, 'home', '.amoc', 'amoc');

  constructor(scenarios: Record<string, string | true> = {}) {
    super(scenarios);
    this.env['AMOC_STOP_TIMEOUT'] = '200ms';
  }

  async run(...args: string[]): Promise<string> {
    const ended = await this.amoc(args);
    assert.equal(ended.code, 0, `amoc ${args.join(' ')}: ${ended.err}${ended.out}`);
    return ended.out;
  }

  fail(...args: string[]): Promise<Ended> {
    return this.amoc(args);
  }

  /** The value of a line in the node. */
  async value<T>(line: string): Promise<T> {
    return JSON.parse(await this.run('eval', '--json', line)) as T;
  }

  attach(columns = 120): TestTerminal {
    return new TestTerminal(this, { columns, rows: 40, command: ['attach'] });
  }

  logged(): string {
    return readFileSync(join(this.node, 'log', 'amoc.log'), 'utf8');
  }

  /** Nothing of it is left. */
  async assertGone(): Promise<void> {
    await eventually(
      () => processesOf(this.folder),
      (left) => left.length === 0,
    );
    assert.deepEqual(readdirSync(this.node), ['log']);
  }
}

describe('a node in the background', () => {
  it('runs on while consoles come and go, and leaves nothing behind', async () => {
    using project = new BackgroundProject({ my_scenario: true });
    assert.match(await project.run('start'), /master 'amoc' runs in the background \(pid \d+\)/);
    using first = project.attach();
    await first.see(
      /amocLocal uses the embedded server[\s\S]*Ctrl\+D detaches[\s\S]*\(amoc@.*\)1>$/,
    );
    first.line("amocLocal.do('my_scenario',1,10)");
    await first.see('ok: my_scenario, users 1..10 on 2 processes');
    await first.see('all 10 users are running');
    first.key('C-d');
    await first.see(/detached; 'amoc' is still running\n\[exit 0\]/);
    assert.match(
      await project.run('status'),
      /amocLocal\n +my_scenario +running .*\n +users +10 running/,
    );
    using second = project.attach(70);
    await second.see(')1>');
    second.line('amocLocal.add(5)');
    await second.see('ok: users 11..15');
    await second.see('all 15 users are running');
    second.line('tail(200)');
    await second.see(/user 3@local\/1 logged in as/);
    second.line('amocLoc');
    await second.see('amocLoc is not defined');
    second.type('amocLocal.rem');
    second.key('Tab');
    await second.see(/> amocLocal\.remove\($/);
    second.kill();
    await eventually(
      () => project.value<string[]>('who()'),
      (names) => names.length === 0,
    );
    const { users } = await project.value<StatusView>('amocLocal.status()');
    // Some may wait for their next turn.
    assert.deepEqual([users.running + users.waiting, users.crashed], [15, 0]);
    assert.match(await project.run('stop'), /'amoc' has stopped/);
    await project.assertGone();
  });

  it('shows each who else is there, and keeps who commanded what', async () => {
    using project = new BackgroundProject({ my_scenario: true });
    await project.run('start');
    using first = project.attach();
    await first.see(')1>');
    first.type('half a li');
    using second = project.attach();
    await second.see(/Also attached: \S+@pts\/\d+\./);
    await first.see(/\S+@pts\/\d+ has attached; also here: \S+@pts\/\d+/);
    assert.match(first.screen(), /\)1> half a li$/);
    second.line("const shared = 42; console.log('only here')");
    await second.see('\nonly here');
    second.line("amocLocal.do('my_scenario',1,2)");
    await second.see('all 2 users are running');
    first.key('C-c');
    first.line('shared');
    await first.see(/\n42\n/);
    assert.doesNotMatch(first.screen(), /only here/);
    first.line('v(1)');
    await first.see(/v\(1\)\n42\n/);
    first.line('amocLocal.add(1)');
    await first.see('ok: user 3');
    const [started, added] = (
      await project.value<{ kind: string; by: string }[]>('amocLocal.events()')
    ).filter(({ kind }) => kind === 'start' || kind === 'add');
    assert.match(started!.by, /@pts\/\d+$/);
    assert.match(added!.by, /@pts\/\d+$/);
    assert.notEqual(started!.by, added!.by);
    first.line('amocLocal.events()');
    await first.see(new RegExp(`add 1: users 3 \\(${added!.by.replace('/', '\\/')}\\)`));
    first.line('amocLocal.watch()');
    await first.see('q leaves');
    first.type('q');
    await first.see(/watch\(\)\n[\s\S]*\)\d+>$/);
    second.line('q()');
    await second.see(/is still running\n\[exit 0\]/);
    await first.see(/has detached/);
    await project.run('stop', '--now');
    await first.see(/\*\* the node has ended\n\[exit 1\]/);
    await project.assertGone();
  });

  it('ends an endless loop that was typed, by Ctrl+C', async () => {
    using project = new BackgroundProject();
    await project.run('start');
    using terminal = project.attach();
    await terminal.see(')1>');
    terminal.line("console.log('begins'); while (true) {}");
    await terminal.see(/while \(true\) \{\}/);
    // Only when the loop turns is the node deaf.
    await eventually(
      () => project.fail('ping'),
      ({ code }) => code !== 0,
    );
    terminal.key('C-c');
    // What the statement before it has printed may be there already.
    await terminal.see(/\nbegins\n\*\* error: interrupted[\s\S]*\)\d+>$/);
    assert.match(await project.run('ping'), /^pong/);
    await project.run('stop');
  });

  it('says what came of a line, by text, JSON and exit code', async () => {
    using project = new BackgroundProject({ my_scenario: true });
    await project.run('start');
    assert.equal(await project.run('eval', '[1, 2].map((n) => n * 2)'), '[ 2, 4 ]\n');
    assert.equal(await project.run('eval', '--json', 'undefined'), 'null\n');
    assert.equal(await project.run('eval', 'console.log("x"); 1'), 'x\n1\n');
    const failed = await project.fail('eval', 'amocLocal.add(1)');
    assert.equal(failed.code, 1);
    assert.match(failed.err, /^\*\* error: add: no scenario is running/);
    const piped = await project.amoc(['attach'], {
      input: 'let x = 1;\nx + 1\namoc_local:add(1).\nx\n',
    });
    assert.deepEqual([piped.code, piped.out], [1, '1\n2\n']);
    assert.match(piped.err, /^stdin:3: \*\* error/);
    const logs = await project.run('logs', '-n', '3');
    assert.match(logs, /\[info\] amoc \d+\.\d+\.\d+ starts: master 'amoc'/);
    for (const line of (await project.run('logs', '--json')).trimEnd().split('\n')) {
      assert.match((JSON.parse(line) as { amoc: string }).amoc, /^\d+\.\d+\.\d+$/);
    }
    const restarted = await project.run('restart');
    assert.match(restarted, /'amoc' has stopped\n[\s\S]*runs in the background/);
    await project.run('stop');
    await project.assertGone();
  });

  it('names what is wrong: nothing there, twice, stale, strange folders', async () => {
    using project = new BackgroundProject();
    for (const command of [['attach'], ['stop'], ['ping'], ['eval', '1']]) {
      const { code, err } = await project.fail(...command);
      assert.equal(code, 2);
      assert.match(err, /^amoc: node 'amoc' is not running .*amoc start starts it\n$/);
    }
    assert.deepEqual(await project.fail('status'), {
      code: 1,
      out: "node 'amoc' is not running; amoc start starts it\n",
      err: '',
    });
    // The process id of a node that was killed is another program's now.
    using sleeper = disposable(spawn('sleep', ['1000']));
    mkdirSync(project.node, { recursive: true, mode: 0o700 });
    const claim = { name: 'amoc', role: 'master', version: '0.1.0', startedAt: 1, folder: '/' };
    writeFileSync(
      join(project.node, 'pid'),
      JSON.stringify({ ...claim, pid: sleeper.pid, began: '12', options: '{}' }),
    );
    writeFileSync(join(project.node, 'control.sock'), '');
    await project.run('start');
    assert.match(project.logged(), /the node before \(pid \d+\) died without stopping/);
    await project.run('stop');
    const [one, other] = await Promise.all([project.amoc(['start']), project.amoc(['start'])]);
    assert.deepEqual([one.code, other.code].sort(), [0, 2], one.err + other.err);
    assert.match(one.err + other.err, /node 'amoc' is already running/);
    assert.match((await project.fail('start')).err, /node 'amoc' is already running \(pid \d+\)/);
    assert.equal(statSync(join(project.node, 'control.sock')).mode & 0o777, 0o600);
    assert.equal(statSync(project.node).mode & 0o777, 0o700);
    chmodSync(project.node, 0o755);
    assert.match((await project.fail('attach')).err, /can be entered by others; run: chmod 700/);
    chmodSync(project.node, 0o700);
    if (process.getuid?.() === 0) {
      chownSync(project.node, 12_345, 0);
      assert.match((await project.fail('attach')).err, /belongs to another user \(uid 12345\)/);
      chownSync(project.node, 0, 0);
    }
    await project.run('stop');
    await project.assertGone();
    assert.match(
      (await project.fail('start', '--name', '../x')).err,
      /invalid node name '\.\.\/x'/,
    );
    assert.match((await project.fail('start', '--label', 'a=b')).err, /--label is for a slave/);
    const long = { AMOC_HOME: join(project.folder, 'x'.repeat(100)) };
    assert.match((await project.amoc(['start'], { env: long })).err, /too long for a socket/);
    const port = { AMOC_MASTER_PORT: 'many' };
    assert.match((await project.amoc(['start'], { env: port })).err, /"many" is not a port/);
    await using holder = createServer();
    await once(holder.listen(0, '127.0.0.1'), 'listening');
    const { port: number } = holder.address() as AddressInfo;
    const taken = await project.amoc(['start'], { env: { AMOC_MASTER_PORT: String(number) } });
    assert.equal(taken.code, 2);
    assert.match(taken.err, /slaves cannot join: port \d+ of 127\.0\.0\.1 is taken/);
    assert.equal(existsSync(join(project.node, 'pid')), false);
  });

  it(
    'goes on when its disk is full, says so, and writes again when it can',
    {
      skip: process.getuid?.() === 0 ? false : 'a small disk needs root: NOT tested here',
    },
    async () => {
      using project = new BackgroundProject({ my_scenario: true });
      const log = join(project.node, 'log');
      mkdirSync(log, { recursive: true, mode: 0o700 });
      chmodSync(project.node, 0o700);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', log]);
      try {
        await project.run('start');
        using terminal = project.attach();
        await terminal.see(')1>');
        assert.throws(() => writeFileSync(join(log, 'filler'), Buffer.alloc(512 * 1024)), /ENOSPC/);
        terminal.line("amocLocal.do('my_scenario', 1, 400, { interarrival: 5 })");
        await terminal.see(/amoc\.log cannot be written \(ENOSPC.*; log lines are lost until/);
        await terminal.see('all 400 users are running');
        unlinkSync(join(log, 'filler'));
        await eventually(
          async () => {
            await project.run('eval', 'amocLocal.add(1)');
            return terminal.screen();
          },
          (screen) => screen.includes('amoc.log can be written again'),
        );
        await eventually(
          () => project.logged(),
          (text) => /\d+ lines could not be written here/.test(text),
        );
        await project.run('stop');
      } finally {
        killAll(processesOf(project.folder));
        await eventually(
          () => processesOf(project.folder).length,
          (left) => left === 0,
        );
        execFileSync('umount', ['-l', log]);
      }
    },
  );

  it('ends one that does not answer by force, and clears up after it', async () => {
    using project = new BackgroundProject();
    await project.run('start');
    const { pid } = JSON.parse(await project.run('status', '--json')) as { pid: number };
    process.kill(pid, 'SIGSTOP');
    const { code, out } = await project.fail('stop', '--timeout', '200ms');
    assert.deepEqual([code, out], [1, "'amoc' had not stopped after 200 ms and was killed\n"]);
    await project.assertGone();
  });

  it('follows the log over its rotations', async () => {
    using project = new BackgroundProject();
    await project.run('start');
    const following = project.start(['logs', '-f', '-n', '1']);
    let seen = '';
    following.stdout.on('data', (data) => (seen += String(data)));
    await eventually(
      () => seen,
      (text) => text.includes('starts: master'),
    );
    await project.run('eval', "amocLocal.do('nobody', 1, 2)").catch(() => {});
    await project.run('stop');
    await eventually(
      () => seen,
      (text) => text.includes('the node is stopping'),
    );
    unlinkSync(join(project.node, 'log', 'amoc.log'));
    await project.run('start');
    await eventually(
      () => seen.split('starts: master').length,
      (count) => count === 3,
    );
    await project.run('stop');
    following.kill();
  });
});

function disposable<T extends { kill(): void }>(child: T): T & Disposable {
  return Object.assign(child, { [Symbol.dispose]: () => child.kill() });
}
