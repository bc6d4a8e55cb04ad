import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';

/** Whether this machine lets the test make hosts of its own: network namespaces need root. */
export function canMakeHosts(): boolean {
  try {
    const name = `amoc-probe-${process.pid}`;
    execFileSync('ip', ['netns', 'add', name], { stdio: 'ignore' });
    execFileSync('ip', ['netns', 'delete', name], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** One host: a network namespace with a way to the others and a way to the server under test. */
export interface Host {
  readonly name: string;
  /** Its address where master and slaves meet. */
  readonly address: string;
  /** Starts a program on it; its process id is that of the program. */
  start(
    command: string,
    args: readonly string[],
    options: HostOptions,
  ): ChildProcessWithoutNullStreams;
  /** Cuts the way between master and slaves, or mends it; that to the server stays. */
  setLink(isUp: boolean): void;
}

/** Where and with what a program runs. */
export interface HostOptions {
  cwd: string;
  env: Readonly<Record<string, string>>;
}

/** Hosts of network namespaces on this machine. */
export interface Hosts extends Disposable {
  readonly hosts: readonly Host[];
  /** The server's address, as the hosts reach it. */
  readonly server: string;
}

/** Two networks: one on which nodes meet, one on which users reach the server. */
export function makeHosts(count: number): Hosts {
  // Beside other copies of this test: names and networks of its own.
  const tag = (process.pid % 10_000).toString(36);
  const net = (process.pid % 200) + 20;
  const bridges = [`ab${tag}c`, `ab${tag}x`] as const;
  const ip = (...args: string[]): void => {
    execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  bridges.forEach((bridge, kind) => {
    ip('link', 'add', bridge, 'type', 'bridge');
    ip('address', 'add', `10.${net}.${kind}.254/24`, 'dev', bridge);
    ip('link', 'set', bridge, 'up');
  });
  const hosts = Array.from({ length: count }, (_, at): Host => {
    const name = `amoc-${tag}-${at + 1}`;
    ip('netns', 'add', name);
    ip('netns', 'exec', name, 'ip', 'link', 'set', 'lo', 'up');
    bridges.forEach((bridge, kind) => {
      const outside = `v${tag}${kind}${at + 1}`;
      ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', `eth${kind}`, 'netns', name);
      ip('link', 'set', outside, 'master', bridge, 'up');
      const address = `10.${net}.${kind}.${at + 1}/24`;
      ip('netns', 'exec', name, 'ip', 'address', 'add', address, 'dev', `eth${kind}`);
      ip('netns', 'exec', name, 'ip', 'link', 'set', `eth${kind}`, 'up');
    });
    return {
      name,
      address: `10.${net}.0.${at + 1}`,
      start: (command, args, { cwd, env }) =>
        spawn('ip', ['netns', 'exec', name, command, ...args], { cwd, env: { ...env } }),
      setLink: (isUp) => ip('link', 'set', `v${tag}0${at + 1}`, isUp ? 'up' : 'down'),
    };
  });
  const tidy = (): void => {
    for (const { name } of hosts) {
      try {
        ip('netns', 'delete', name);
      } catch {
        // It is gone.
      }
    }
    for (const bridge of bridges) {
      try {
        ip('link', 'delete', bridge);
      } catch {
        // It is gone.
      }
    }
  };
  process.once('exit', tidy);
  return {
    hosts,
    server: `10.${net}.1.254`,
    [Symbol.dispose]() {
      tidy();
      process.off('exit', tidy);
    },
  };
}
