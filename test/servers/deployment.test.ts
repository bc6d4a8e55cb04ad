import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { eventually } from '../support/eventually.ts';
import { sharedRelease } from '../support/release.ts';
import { ROOT } from '../support/root.ts';

const call = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const ansible = join(ROOT, 'deploy', 'ansible');
/** Least is best, 10 is a service that may do everything (systemd-analyze(1)). */
const MAX_EXPOSED = 2;

describe('what is deployed', () => {
  let folder: string;
  let release: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'amoc-deployed-'));
    release = join(folder, 'amoc');
    cpSync(join(await sharedRelease(), 'amoc'), release, { recursive: true });
  });

  after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  it('passes ansible-lint, at its strictest', async () => {
    const roles = readdirSync(join(ansible, 'roles')).map((name) => `roles/${name}`);
    const playbooks = readdirSync(ansible).filter((name) => name.endsWith('.yml'));
    const { stderr } = await call(
      'ansible-lint',
      ['--offline', '--nocolor', '--profile', 'production', ...playbooks, ...roles],
      { cwd: ansible, env: { ...process.env, ANSIBLE_CONFIG: join(ansible, 'ansible.cfg') } },
    );
    assert.match(stderr, /Passed with production profile: 0 failure\(s\), 0 warning\(s\)/);
  });

  it('has units that systemd takes, and that may do little', async () => {
    for (const role of ['master', 'slave']) {
      const unit = join(folder, `amoc-${role}.service`);
      mkdirSync(join(release, 'var'), { recursive: true });
      const values = {
        amoc_role: role,
        amoc_name: role,
        amoc_dir: release,
        user: 'daemon',
        fileno: 1_048_576,
      };
      const file = join(folder, 'values.json');
      writeFileSync(file, JSON.stringify(values));
      const template = join(ansible, 'roles', 'amoc', 'templates', 'amoc.service.j2');
      const options = { env: { ...process.env, ANSIBLE_CONFIG: join(ansible, 'ansible.cfg') } };
      const rendering = ['-m', 'template', '-a', `src=${template} dest=${unit}`, '-e', `@${file}`];
      await call('ansible', ['localhost', ...rendering], options);
      const verified = await call('systemd-analyze', ['verify', unit]);
      // It speaks of other units of this machine too.
      assert.doesNotMatch(verified.stderr, /amoc-(master|slave)\.service/);
      const judged = await call('systemd-analyze', [
        ...['security', '--offline=true', '--no-pager', `--threshold=${MAX_EXPOSED * 10}`],
        unit,
      ]);
      const score = /Overall exposure level for \S+: ([\d.]+)/.exec(judged.stdout)?.[1];
      assert.ok(Number(score) <= MAX_EXPOSED, `exposure ${score}`);
    }
  });

  it(
    'runs as a container does: nobody in particular, a root that is read-only',
    {
      skip: isRoot ? false : 'a root of its own needs root: NOT tested here',
    },
    async () => {
      const root = join(folder, 'root');
      mkdirSync(root);
      // A mount namespace of its own, whose root nobody can write to; /tmp and the volume apart.
      const script = [
        `mount --rbind / '${root}'`,
        `mount --make-rprivate '${root}'`,
        `mkdir -p '${folder}/opt/amoc' '${folder}/volume'`,
        `mount -t tmpfs tmpfs '${root}/opt' && mkdir '${root}/opt/amoc'`,
        `mount --bind '${release}' '${root}/opt/amoc'`,
        `mount -t tmpfs tmpfs '${root}/var/lib' && install -d -o 10001 -g 10001 -m 0700 '${root}/var/lib/amoc'`,
        `mount -t tmpfs -o size=64m tmpfs '${root}/var/lib/amoc' && chown 10001:10001 '${root}/var/lib/amoc' && chmod 0700 '${root}/var/lib/amoc'`,
        `mount -t tmpfs -o size=64m,mode=1777 tmpfs '${root}/tmp'`,
        `mount -o remount,bind,ro '${root}/opt/amoc'`,
        `mount -o remount,ro '${root}/opt'`,
        `mount -o remount,ro '${root}/var/lib'`,
        `mount -o remount,bind,ro '${root}'`,
        `exec /usr/sbin/chroot --userspec=10001:10001 --groups=10001 '${root}' "$@"`,
      ].join(' && ');
      const environment = {
        PATH: '/opt/amoc/bin:/usr/local/bin:/usr/bin:/bin',
        HOME: '/var/lib/amoc',
        AMOC_HOME: '/var/lib/amoc',
        AMOC_RUNS: '/var/lib/amoc/runs',
        AMOC_HISTORY: '/var/lib/amoc/console.history',
        AMOC_HEALTH_PORT: '0',
        AMOC_LOCAL_PROCESSES: '1',
        AMOC_STOP_TIMEOUT: '200ms',
      };
      const child = spawn(
        'unshare',
        [
          '--mount',
          '--propagation',
          'private',
          'sh',
          '-c',
          script,
          'sh',
          '/opt/amoc/bin/amoc',
        ].concat('foreground'),
        { env: environment },
      );
      let text = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (data) => (text += String(data)));
      }
      const ended = new Promise((resolve) => child.once('exit', resolve));
      try {
        const seen = await eventually(
          () => text,
          (said) => /\/health answers/.test(said),
        );
        const url = /(http:\S+)\/health/.exec(seen)?.[1] ?? '';
        assert.equal((await fetch(`${url}/health`)).status, 200);
        const inside = async (...args: string[]): Promise<string> => {
          const entering = ['--target', String(child.pid), '--mount', '--root', '--wd'];
          const { stdout } = await call(
            'nsenter',
            [...entering, '--setuid', '10001', '--setgid', '10001', ...args],
            { env: environment },
          );
          return stdout;
        };
        assert.match(await inside('/opt/amoc/bin/amoc', 'ping'), /^pong/);
        await assert.rejects(inside('touch', '/opt/amoc/x'), /Read-only file system/);
        await assert.rejects(inside('touch', '/etc/x'), /Read-only file system/);
        const done = await inside(
          '/opt/amoc/bin/amoc',
          'eval',
          "amocLocal.do('my_scenario', 1, 5)",
        );
        assert.match(done, /ok: my_scenario, users 1\.\.5/);
        await eventually(
          () => text,
          (said) => /all 5 users are running/.test(said),
        );
        assert.match(await inside('id', '-u'), /^10001$/m);
      } finally {
        child.kill('SIGTERM');
        await ended;
      }
      assert.match(text, /stopping my_scenario, 5 users: done/);
    },
  );
});
