import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { freePort } from '../support/ports.ts';
import { eventually } from '../support/eventually.ts';
import { killAll, processesOf } from '../support/processes.ts';
import { sharedRelease } from '../support/release.ts';
import { ROOT } from '../support/root.ts';

const call = promisify(execFile);

describe('a release', () => {
  let folder: string;
  let shared: string;
  /** Where a copy of it is. */
  let release: string;
  let amoc: string;
  let env: Record<string, string>;

  const run = async (
    command: string,
    args: readonly string[],
    { cwd = '/', more = {}, input = '' }: { cwd?: string; more?: object; input?: string } = {},
  ): Promise<{ code: number; out: string; err: string }> => {
    const running = call(command, [...args], { cwd, env: { ...env, ...more } });
    running.child.stdin?.on('error', () => {});
    running.child.stdin?.end(input);
    try {
      const { stdout, stderr } = await running;
      return { code: 0, out: stdout, err: stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, out: stdout, err: stderr };
    }
  };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'amoc-release-'));
    env = {
      PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
      HOME: folder,
      LANG: 'C.UTF-8',
      AMOC_LOCAL_PROCESSES: '1',
      AMOC_STOP_TIMEOUT: '200ms',
      // The mark by which its processes are found.
      AMOC_RUNS: join(folder, 'runs'),
    };
    shared = await sharedRelease();
    release = join(folder, 'a place with spaces', 'amoc');
    mkdirSync(dirname(release));
    cpSync(join(shared, 'amoc'), release, { recursive: true });
    amoc = join(folder, 'bin-amoc');
    symlinkSync(join(release, 'bin', 'amoc'), amoc);
  });

  after(() => {
    killAll(leftovers());
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  /** Processes of the release, found by their AMOC_RUNS. */
  const leftovers = (): number[] =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`AMOC_RUNS=${folder}/`);
        } catch {
          return false;
        }
      });

  it('is the same, byte for byte, when it is built again', async () => {
    const again = join(folder, 'again');
    const made = await call(join(ROOT, 'deploy', 'make-release'), [again], {
      env: { ...process.env, HOME: process.env['HOME'] ?? folder },
    });
    assert.match(made.stdout, /amoc \d+\.\d+\.\d+, \d+ MB/);
    const sums = [shared, again].map((place) => {
      const [file] = readdirSync(place).filter((each) => each.endsWith('.sha256'));
      return readFileSync(join(place, file!), 'utf8');
    });
    assert.match(sums[0]!, /^[0-9a-f]{64} {2}amoc-.*\.tar\.gz\n$/);
    assert.equal(sums[0], sums[1]);
  });

  it('has no development files, nothing of one architecture, and at most 60 MB', () => {
    const files = readdirSync(release, { recursive: true, encoding: 'utf8', withFileTypes: true });
    let bytes = 0;
    for (const file of files) {
      assert.doesNotMatch(file.name, /\.(node|map|test\.js)$/, join(file.parentPath, file.name));
      if (file.isFile()) bytes += readFileSync(join(file.parentPath, file.name)).length;
    }
    assert.ok(bytes < 60 * 1024 * 1024, `${bytes} bytes`);
    const modules = readdirSync(join(release, 'node_modules'));
    for (const name of ['eslint', 'prettier', 'fast-check', 'saxes']) {
      assert.equal(modules.includes(name), false, name);
    }
  });

  it('runs from any folder, through a symbolic link, in a path with spaces', async () => {
    const { code, out, err } = await run(amoc, ['console'], {
      input:
        "amocLocal.do('my_scenario',1,5)\nc('mongoose_simple')\namoc_local:remove(5, [{force,true}]).\namocLocal.stop()\n",
    });
    assert.equal(code, 0, err);
    assert.match(out, /ok: my_scenario, users 1\.\.5 on 1 process/);
    assert.match(out, /ok: mongoose_simple compiles/);
    assert.match(out, /ok: users 1\.\.5 removed at once/);
    const report = await run(amoc, ['report', 'last', '--out', join(folder, 'page.html')]);
    assert.equal(report.code, 0, report.err);
    assert.match(readFileSync(join(folder, 'page.html'), 'utf8'), /uPlot/);
  });

  it('says what is wrong with the Node.js that it finds', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    for (const tool of ['readlink', 'dirname', 'uname', 'sh']) {
      const { stdout } = await call('sh', ['-c', `command -v ${tool}`]);
      symlinkSync(stdout.trim(), join(empty, tool));
    }
    const none = await run(amoc, ['--version'], { more: { PATH: empty } });
    assert.deepEqual([none.code, none.out], [2, '']);
    assert.match(none.err, /amoc needs Node\.js 20\.19 or later, and there is no node on the PATH/);
    const alien = join(folder, 'alien');
    writeFileSync(alien, '\x7fELF of another machine');
    chmodSync(alien, 0o755);
    const other = await run(amoc, ['--version'], { more: { AMOC_NODE: alien } });
    assert.equal(other.code, 2);
    assert.match(
      other.err,
      /alien does not run on this machine \(\w+\); set AMOC_NODE to another one/,
    );
  });

  it('reads the configuration beside it, and refuses what it does not know', async () => {
    const etc = join(release, 'etc');
    mkdirSync(etc);
    try {
      writeFileSync(join(etc, 'amoc.env'), 'AMOC_NODE_NAME=here\n');
      assert.match((await run(amoc, ['status'])).out, /node 'here' is not running/);
      writeFileSync(join(etc, 'amoc.env'), 'AMOC_NODE_NAM=here\n');
      const { code, err } = await run(amoc, ['status']);
      assert.equal(code, 2);
      assert.match(err, /AMOC_NODE_NAM in .*etc\/amoc\.env .* did you mean 'AMOC_NODE_NAME'/);
    } finally {
      rmSync(etc, { recursive: true });
    }
  });

  it('works with a slave of another patch version', async () => {
    const other = join(folder, 'other', 'amoc');
    cpSync(join(shared, 'amoc'), other, { recursive: true });
    const description = JSON.parse(readFileSync(join(other, 'package.json'), 'utf8')) as {
      version: string;
    };
    const [major, minor, patch] = description.version.split('.').map(Number);
    description.version = `${major}.${minor}.${patch! + 7}`;
    writeFileSync(join(other, 'package.json'), JSON.stringify(description));
    const port = await freePort();
    const cookie = { AMOC_COOKIE: 'c0ffee'.repeat(8), AMOC_MASTER_PORT: String(port) };
    const started = await run(amoc, ['start'], { more: cookie });
    assert.equal(started.code, 0, started.err);
    const url = `ws://127.0.0.1:${port}`;
    const slave = await run(
      join(other, 'bin', 'amoc'),
      ['start', '--name', 'newer', '--master', url],
      { more: cookie },
    );
    assert.equal(slave.code, 0, slave.err);
    const nodes = await eventually(
      () => run(amoc, ['eval', '--json', 'amocDist.nodes()']),
      ({ out }) => out.includes('newer/1'),
    );
    assert.match(nodes.out, /newer\/1/);
    const done = await run(amoc, ['eval', "amocDist.do('sleeper', 1, 10)"]);
    assert.match(done.out, /ok: sleeper, users 1\.\.10 on 1 process/, done.err);
    const status = await run(amoc, ['status', '--name', 'newer', '--json']);
    assert.match(status.out, new RegExp(`"version": "${description.version}"`));
    for (const name of ['amoc', 'newer']) {
      const stopped = await run(amoc, ['stop', '--name', name]);
      assert.equal(stopped.code, 0, stopped.err);
    }
    await eventually(leftovers, (left) => left.length === 0);
  });

  it('is a package that npx runs in an empty folder', async () => {
    const project = join(folder, 'project');
    mkdirSync(project);
    const npm = { ...process.env, HOME: process.env['HOME'] ?? folder } as Record<string, string>;
    const packed = await call('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
      cwd: ROOT,
      env: npm,
    });
    const tarball = join(folder, packed.stdout.trim().split('\n').at(-1)!);
    await call('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], {
      cwd: project,
      env: npm,
    });
    const made = await run('npx', ['amoc', 'init'], { cwd: project });
    assert.equal(made.code, 0, made.err);
    assert.match(made.out, /^written: scenarios\/my_scenario\.ts, /);
    const ran = await run('npx', ['amoc', 'run', 'my_scenario', '1', '10', '--for', '2s'], {
      cwd: project,
    });
    assert.equal(ran.code, 0, ran.err);
    assert.match(ran.out, /10 users, .* 0 crashed/);
    // What an editor checks.
    await call(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', 'scenarios'], { cwd: project });
    assert.deepEqual(processesOf(project), []);
  });
});
