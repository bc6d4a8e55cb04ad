import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon } from './daemon.ts';
import { makeHosts } from './hosts.ts';
import type { Host, Hosts } from './hosts.ts';
import { eventually } from './eventually.ts';
import { killAll } from './processes.ts';

/** What each host has of its own; the rest of the file system is this machine's. */
const own = ['etc', 'home', 'opt', 'root'] as const;

/** Hosts that one logs in to: each with a network, an sshd, users and files of its own. */
export class SshHosts implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'amoc-fleet-'));
  readonly net: Hosts;
  /** A key that may log in as root. */
  readonly key = join(this.folder, 'key');
  readonly #daemons: Daemon[] = [];

  private constructor(count: number) {
    this.net = makeHosts(count);
  }

  static async start(count: number): Promise<SshHosts> {
    const all = new SshHosts(count);
    chmodSync(all.folder, 0o755);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', all.key]);
    mkdirSync('/run/sshd', { recursive: true });
    for (const host of all.net.hosts) await all.#start(host);
    return all;
  }

  get hosts(): readonly Host[] {
    return this.net.hosts;
  }

  /** Where a file of a host is on this machine. */
  path(host: Host, path: string): string {
    return join(this.folder, host.name, path);
  }

  /** For ssh and for Ansible: whom to trust, and whom not to remember. */
  get sshArguments(): string[] {
    return [
      ...['-o', 'StrictHostKeyChecking=no', '-o', `UserKnownHostsFile=${this.folder}/known_hosts`],
      ...['-o', 'ConnectTimeout=5', '-o', 'LogLevel=ERROR', '-i', this.key],
    ];
  }

  /** Runs a command on a host, as a user of it. */
  ssh(host: Host, user: string, command: string, input = ''): string {
    return execFileSync('ssh', [...this.sshArguments, `${user}@${host.address}`, command], {
      input,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const daemon of this.#daemons) daemon.kill();
    for (const host of this.hosts) {
      // What was started there in the background, and what that has started meanwhile.
      await eventually(
        () => {
          const left = execFileSync('ip', ['netns', 'pids', host.name], { encoding: 'utf8' })
            .split('\n')
            .filter((pid) => pid !== '')
            .map(Number);
          killAll(left);
          return left;
        },
        (left) => left.length === 0,
      );
    }
    this.net[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #start(host: Host): Promise<void> {
    const folder = join(this.folder, host.name);
    for (const name of own) mkdirSync(join(folder, name), { recursive: true });
    execFileSync('cp', ['-a', '/etc/.', join(folder, 'etc')]);
    const keys = join(folder, 'authorized_keys');
    cpSync(`${this.key}.pub`, keys);
    chmodSync(keys, 0o644);
    const hostKey = join(folder, 'host_key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', hostKey]);
    const settings = join(folder, 'sshd_config');
    writeFileSync(
      settings,
      [
        `ListenAddress ${host.address}:22`,
        `HostKey ${hostKey}`,
        `AuthorizedKeysFile ${keys}-%u .ssh/authorized_keys`,
        'PermitRootLogin prohibit-password',
        'PasswordAuthentication no',
        'StrictModes no',
        'UsePAM no',
        `PidFile ${folder}/sshd.pid`,
        'Subsystem sftp internal-sftp',
        '',
      ].join('\n'),
    );
    cpSync(keys, `${keys}-root`);
    const mounts = own.map((name) => `mount --bind '${folder}/${name}' /${name}`).join(' && ');
    const sshd = host.start(
      'unshare',
      [
        '--mount',
        '--propagation',
        'private',
        'sh',
        '-c',
        `${mounts} && exec /usr/sbin/sshd -D -e -f '${settings}'`,
      ],
      { cwd: '/', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } },
    );
    const daemon = new Daemon(`sshd of ${host.name}`, sshd);
    this.#daemons.push(daemon);
    await daemon.see(/Server listening/);
  }
}
