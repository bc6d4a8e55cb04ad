import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { StatusView } from '../../src/control/views.ts';
import { registerUsers } from '../support/accounts.ts';
import { canMakeHosts } from '../support/hosts.ts';
import { eventually } from '../support/eventually.ts';
import { ROOT } from '../support/root.ts';
import { startEjabberd } from '../support/servers.ts';
import type { RealServer } from '../support/servers.ts';
import { SshHosts } from '../support/ssh-hosts.ts';

const USERS = 300;

interface Made {
  code: number | null;
  out: string;
  /** Ansible's count of changes, by host. */
  changed: Record<string, number>;
}

describe(
  'a fleet over ssh',
  { skip: canMakeHosts() ? false : 'network namespaces need root: NOT tested here' },
  () => {
    let fleet: SshHosts;
    let server: RealServer;
    let hostsFile: string;
    let scenarios: string;

    const make = async (target: string): Promise<Made> => {
      const variables = {
        amoc_scenarios: scenarios,
        environment_of_amoc: {
          AMOC_XMPP_DOMAIN: 'localhost',
          AMOC_XMPP_TLS: 'none',
          AMOC_XMPP_MECHANISM: 'PLAIN',
          AMOC_XMPP_PORT: String(server.ports.c2s),
          AMOC_STOP_TIMEOUT: '500ms',
        },
      };
      const file = join(fleet.folder, 'variables.json');
      writeFileSync(file, JSON.stringify(variables));
      const child = spawn(
        'make',
        [
          '--no-print-directory',
          target,
          `HOSTS=${hostsFile}`,
          `COOKIE=${join(fleet.folder, 'cookie')}`,
          `TLS=${join(fleet.folder, 'tls')}`,
          `ANSIBLE_ARGS=-e @${file}`,
        ],
        {
          cwd: ROOT,
          env: {
            ...process.env,
            ANSIBLE_SSH_COMMON_ARGS: fleet.sshArguments.join(' '),
            ANSIBLE_SSH_CONTROL_PATH_DIR: join(fleet.folder, 'cp'),
            ANSIBLE_LOCAL_TEMP: join(fleet.folder, 'ansible'),
            ANSIBLE_NOCOLOR: '1',
            // The same Python on each host: nothing to look for in each of ten playbooks.
            ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3',
            LC_ALL: 'C.UTF-8',
          },
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
      let out = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (data) => (out += String(data)));
      }
      const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
      const changed = Object.fromEntries(
        [...out.matchAll(/^(\S+)\s+: ok=\d+\s+changed=(\d+)/gm)].map(([, name, count]) => [
          name as string,
          Number(count),
        ]),
      );
      return { code, out, changed };
    };

    const amoc = (line: string): string =>
      fleet.ssh(fleet.hosts[0]!, 'amoc', `~/amoc_master/bin/amoc eval --json '${line}'`);
    const status = (): StatusView => JSON.parse(amoc('amocDist.status()')) as StatusView;

    before(async () => {
      fleet = await SshHosts.start(2);
      server = await startEjabberd({ full: false, address: '0.0.0.0' });
      const [master, other] = fleet.hosts.map(({ address }) => address);
      const shipped = readFileSync(join(ROOT, 'hosts'), 'utf8');
      hostsFile = join(fleet.folder, 'hosts');
      // One machine is master and slave.
      const filled = shipped
        .replace(/^master\.example\.org$/m, `${master}`)
        .replace(/^slave1\.example\.org /m, `${master} `)
        .replace(/^slave2\.example\.org /m, `${other} `)
        .replace('master_address=master.example.org', `master_address=${master}`)
        .replace(/^authorized_key=.*$/m, `authorized_key=${fleet.key}.pub`)
        .replace(/^xmpp_host=$/m, `xmpp_host=${fleet.net.server}`);
      writeFileSync(hostsFile, filled);
      scenarios = join(fleet.folder, 'scenarios');
      cpSync(join(ROOT, 'scenarios'), scenarios, { recursive: true });
      await registerUsers(server, USERS);
    });

    after(async () => {
      try {
        await fleet[Symbol.asyncDispose]();
      } finally {
        await server[Symbol.asyncDispose]();
      }
    });

    it('is refused before anything is changed when hosts is wrong', async () => {
      const good = readFileSync(hostsFile, 'utf8');
      writeFileSync(hostsFile, good.replace(/^user=amoc$/m, ''));
      const { code, out } = await make('prepare');
      writeFileSync(hostsFile, good);
      assert.notEqual(code, 0);
      assert.match(out, /hosts: \[amoc:vars\] must have user/);
      assert.doesNotMatch(out, /PLAY/);
    });

    it('is prepared, and stays as it is the second time', async () => {
      const [, old] = fleet.hosts;
      const node = fleet.path(old!, 'opt/amoc-node/bin/node');
      mkdirSync(dirname(node), { recursive: true });
      writeFileSync(node, '#!/bin/sh\necho v18.19.0\n', { mode: 0o755 });
      const wrong = await make('prepare');
      assert.notEqual(wrong.code, 0);
      assert.match(
        wrong.out,
        new RegExp(`${old!.address} has Node\\.js v18\\.19\\.0, but amoc needs 20`),
      );
      for (const { address } of fleet.hosts) assert.ok(wrong.changed[address]! > 0, wrong.out);
      rmSync(dirname(node), { recursive: true });
      const again = await make('prepare');
      assert.equal(again.code, 0, again.out);
      // All but Node.js was there.
      assert.deepEqual(Object.values(again.changed), [0, 0], again.out);
      for (const host of fleet.hosts) {
        assert.match(
          readFileSync(fleet.path(host, 'etc/security/limits.d/90-amoc.conf'), 'utf8'),
          /amoc hard nofile 1048576/,
        );
        assert.equal(fleet.ssh(host, 'amoc', 'id -un'), 'amoc\n');
        assert.equal(
          fleet.ssh(host, 'root', 'cat /proc/sys/net/ipv4/ip_local_port_range').split(/\s+/)[0],
          '1024',
        );
      }
    });

    it('is deployed, and runs users of the real server as typed on the master', async () => {
      const first = await make('deploy');
      assert.equal(first.code, 0, first.out);
      for (const name of ['slave1/1', 'slave1/2', 'slave2/1', 'slave2/2']) {
        assert.ok(first.out.includes(name), `${name} is not in:\n${first.out}`);
      }
      const [master] = fleet.hosts;
      const cookie = fleet.path(master!, 'home/amoc/.amoc.cookie');
      assert.equal(statSync(cookie).mode & 0o777, 0o600);
      // The connection between them has TLS, and each machine has what it needs of it.
      const etc = (role: string, name: string): string =>
        fleet.path(master!, `home/amoc/amoc_${role}/etc/${name}`);
      assert.equal(statSync(etc('master', 'master.key')).mode & 0o777, 0o600);
      assert.match(readFileSync(etc('slave', 'amoc.env'), 'utf8'), /^AMOC_MASTER_URL=wss:/m);
      assert.equal(existsSync(etc('slave', 'ca.pem')), true);
      for (const [role, name] of [
        ['slave', 'master.key'],
        ['master', 'ca.key'],
        ['slave', 'ca.key'],
      ] as const) {
        assert.equal(existsSync(etc(role, name)), false, `${role}: ${name}`);
      }
      const secret = readFileSync(cookie, 'utf8').trim();
      assert.equal(first.out.includes(secret), false);
      const commands = readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => {
          try {
            return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
          } catch {
            return '';
          }
        });
      assert.equal(
        commands.some((line) => line.includes(secret)),
        false,
      );
      const typed = fleet.ssh(
        master!,
        'amoc',
        '~/amoc_master/bin/amoc console',
        "amocDist.do('mongoose_simple', 1, 300, {comment: 'first'})\n",
      );
      assert.match(typed, /ok: mongoose_simple, users 1\.\.300 on 4 processes/);
      const running = await eventually(
        status,
        ({ users }) => users.running + users.waiting === USERS,
        60_000,
      );
      assert.deepEqual([running.comment, running.users.crashed], ['first', 0]);
      const refused = await make('deploy');
      assert.notEqual(refused.code, 0);
      assert.match(refused.out, /a run is in progress; call amocDist\.stop\(\) first/);
      assert.match(amoc('amocDist.stop({ force: true })'), /"run"/);
    });

    it('ships what has changed alone, names a host that is down, and does the rest when it is run again', async () => {
      const [, down] = fleet.hosts;
      down!.setLink(false);
      appendFileSync(join(scenarios, 'my_scenario.ts'), '// changed\n');
      const first = await make('deploy');
      assert.notEqual(first.code, 0);
      assert.match(first.out, new RegExp(`fatal: \\[${down!.address}\\]: UNREACHABLE!`));
      // One file for each of its two roles.
      assert.equal(first.changed[fleet.hosts[0]!.address], 2, first.out);
      const path = 'home/amoc/amoc_slave/scenarios/my_scenario.ts';
      const shipped = (at: number): boolean =>
        readFileSync(fleet.path(fleet.hosts[at]!, path), 'utf8').endsWith('// changed\n');
      assert.deepEqual([shipped(0), shipped(1)], [true, false]);
      down!.setLink(true);
      // What runs with another configuration is started again, and nobody else.
      const before = JSON.parse(amoc('amocDist.nodes()')) as { name: string; pid: number }[];
      const text = readFileSync(hostsFile, 'utf8');
      writeFileSync(
        hostsFile,
        text.replace('node_name=slave2 processes=2', 'node_name=slave2 processes=3'),
      );
      const second = await make('deploy');
      assert.equal(second.code, 0, second.out);
      assert.match(second.out, /slave2\/3/);
      // Nothing was left to do on the first machine.
      assert.equal(second.changed[fleet.hosts[0]!.address], 0, second.out);
      const now = JSON.parse(amoc('amocDist.nodes()')) as { name: string; pid: number }[];
      const stayed = now.filter(({ name, pid }) =>
        before.some((each) => each.name === name && each.pid === pid),
      );
      assert.deepEqual(stayed.map(({ name }) => name).sort(), ['slave1/1', 'slave1/2']);
      assert.equal(shipped(1), true);
    });

    it('tells how it stands, and is removed', async () => {
      const { code, out } = await make('status');
      assert.equal(code, 0, out);
      assert.match(out, /master 'master'/);
      assert.match(out, /slave 'slave2'/);
      const removed = await make('undeploy');
      assert.equal(removed.code, 0, removed.out);
      for (const host of fleet.hosts) {
        const home = fleet.path(host, 'home/amoc');
        for (const name of ['amoc_master', 'amoc_slave', '.amoc.cookie']) {
          assert.equal(existsSync(join(home, name)), false, name);
        }
        await eventually(
          () => fleet.ssh(host, 'root', 'pgrep -a -u amoc node || true'),
          (left) => left === '',
        );
      }
      assert.notEqual((await make('status')).code, 0);
    });
  },
);
