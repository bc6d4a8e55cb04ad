import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Daemon } from './daemon.ts';
import { freePort } from './ports.ts';
import { ROOT } from './root.ts';
import { Project } from './project.ts';
import { Shell } from './shell.ts';

const AMOC = join(ROOT, 'bin', 'amoc.js');

/** Users who leave a sign of life in a file of their process, ten times a second. */
const beacon = `
import { openSync, writeSync } from 'node:fs';
import type { User } from 'amoc';

export const connectionsPerUser = 0;

const out = openSync(process.env['BEACONS'] + '/' + process.pid, 'a');
const note = (kind: string, id: number): void => {
  writeSync(out, [Number(process.hrtime.bigint()) / 1e6, kind, id].join(' ') + '\\n');
};

export async function start(id: number, user: User): Promise<void> {
  note('start', id);
  user.onEnd(() => note('end', id));
  for (;;) {
    await user.sleep(100);
    note('sign', id);
  }
}
`;

/** A line of a beacon. */
export interface Sign {
  /** Milliseconds of the machine's monotonic clock, the same in all processes. */
  at: number;
  kind: 'start' | 'sign' | 'end';
  id: number;
  pid: number;
}

/** A slave of a {@link RealCluster}: its supervisor. Its name is that of the slave. */
export type RealSlave = Daemon;

/** How a program of the cluster is started. */
export interface StartOptions {
  env?: Record<string, string>;
  /** Puts another command in front: `['prlimit', '--nofile=256']`, `['ip', 'netns', 'exec', 'a']`. */
  before?: readonly string[];
}

/** A master in a console and slaves, in processes of their own, and what their users did by the signs that they left. */
export class RealCluster implements AsyncDisposable {
  readonly project: Project;
  readonly beacons: string;
  readonly slaves: RealSlave[] = [];
  readonly port: number;
  readonly host: string;
  shell!: Shell;

  private constructor(port: number, host: string, scenarios: Record<string, string | true>) {
    this.port = port;
    this.host = host;
    this.project = new Project({ beacon, ...scenarios });
    this.beacons = join(this.project.folder, 'beacons');
    mkdirSync(this.beacons);
  }

  /** @param scenarios as for {@link Project}, beside `beacon` */
  static async make(
    scenarios: Record<string, string | true> = {},
    host = '127.0.0.1',
  ): Promise<RealCluster> {
    return new RealCluster(await freePort(), host, scenarios);
  }

  get env(): Record<string, string> {
    return {
      ...this.project.env,
      AMOC_COOKIE: 'c0ffee'.repeat(8),
      AMOC_HOME: join(this.project.folder, 'home', 'amoc'),
      AMOC_LOCAL_PROCESSES: '1',
      AMOC_MASTER_PORT: String(this.port),
      AMOC_MASTER_BIND: this.host,
      AMOC_MASTER_PLAIN: 'allow',
      BEACONS: this.beacons,
    };
  }

  /** Opens the console with the master. */
  async open(options: StartOptions = {}): Promise<void> {
    this.shell = new Shell(this.#start(['console'], options).process);
    await this.shell.see(/slaves can join/, 60_000);
  }

  /** Starts a slave, which need not be able to join. */
  start(name: string, { url, ...options }: StartOptions & { url?: string } = {}): RealSlave {
    const master = url ?? `ws://${this.host}:${this.port}`;
    const args = ['slave', '--master', master, '--name', name];
    const slave = this.#start(args, options, name);
    this.slaves.push(slave);
    return slave;
  }

  /** Starts a slave that joins. */
  async join(name: string, options: StartOptions & { url?: string } = {}): Promise<RealSlave> {
    const slave = this.start(name, options);
    await slave.see(/ serves /);
    return slave;
  }

  /** Users 1..`users` of `beacon` run. */
  async run(users: number, options = '{ interarrival: 1 }'): Promise<void> {
    this.shell.type(`await amocDist.do('beacon', 1, ${users}, ${options})`);
    await this.shell.until((status) => status.users.running === users, 60_000);
  }

  /** Process ids of a slave: its supervisor first, then those that run users. */
  pidsOf({ process }: RealSlave): { supervisor: number; users: number[] } {
    const supervisor = process.pid as number;
    return { supervisor, users: childrenOf(supervisor) };
  }

  /** All signs that users left so far, in the order of their times. */
  signs(): Sign[] {
    return readdirSync(this.beacons)
      .flatMap((pid) =>
        readFileSync(join(this.beacons, pid), 'utf8')
          .split('\n')
          // Half of a line may be on its way.
          .filter((line) => /^\S+ \S+ \d+$/.test(line))
          .map((line) => {
            const [at, kind, id] = line.split(' ') as [string, Sign['kind'], string];
            return { at: Number(at), kind, id: Number(id), pid: Number(pid) };
          }),
      )
      .sort((a, b) => a.at - b.at);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [this.shell.process, ...this.slaves.map(({ process }) => process)];
    this.project[Symbol.dispose]();
    await Promise.all(
      all.map(async (child) => {
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      }),
    );
  }

  #start(args: readonly string[], { env = {}, before = [] }: StartOptions, name?: string): Daemon {
    const [command = '', ...rest] = [...before, process.execPath, AMOC, ...args];
    return this.project.daemon(command, rest, { ...this.env, ...env }, name);
  }
}

/** The machine's monotonic clock, as beacons have it. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
