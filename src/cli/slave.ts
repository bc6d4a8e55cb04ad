import { hostname } from 'node:os';
import { systemClock } from '../lib/clock.ts';
import { readCookie } from '../lib/cookie.ts';
import { AmocError } from '../lib/errors.ts';
import { LocalProcesses, REFUSED } from '../master/local-processes.ts';
import { controlTls } from '../protocol/control-tls.ts';
import { slaveScript } from './local-cluster.ts';

const NAME = /^[A-Za-z0-9_.-]{1,100}$/;
const MOST_PROCESSES = 1024;
const LABEL = /^([A-Za-z0-9_.-]{1,100})=([^=]{1,200})$/;

/** The options of `amoc slave`. */
export interface SlaveOptions {
  master: string;
  name?: string | undefined;
  processes: string;
  label?: string[] | undefined;
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
}

/**
 * `amoc slave`: starts the processes of this machine and keeps them running until it is told to end.
 *
 * @throws {AmocError} `ARGUMENT` for a bad name, address, label or number, `CONFIG` for TLS files that do
 * not fit.
 */
export async function runSlave(options: SlaveOptions): Promise<number> {
  const { master } = options;
  const name = options.name ?? hostname().replace(/\..*/, '');
  if (!NAME.test(name)) {
    throw new AmocError(
      'ARGUMENT',
      `--name: '${name}' is no name for a node; use letters, digits, . _ and -`,
    );
  }
  const url = parseUrl(master);
  if (url === undefined || !/^wss?:$/.test(url.protocol)) {
    throw new AmocError('ARGUMENT', `--master: '${master}' is no address; write ws://host:port`);
  }
  const count = Number(options.processes);
  if (!Number.isInteger(count) || count < 1 || count > MOST_PROCESSES) {
    throw new AmocError(
      'ARGUMENT',
      `--processes: '${options.processes}' is no number from 1 to ${MOST_PROCESSES}`,
    );
  }
  const tls = controlTls(process.env, options);
  if (tls !== undefined && url.protocol === 'ws:') {
    throw new AmocError('ARGUMENT', `--master: with TLS the address is wss://${url.host}`);
  }
  const labels = parseLabels(options.label ?? []);
  const say = (text: string): void => {
    process.stderr.write(`amoc slave: ${text}\n`);
  };
  const cookie = readCookie(process.env);
  delete process.env['AMOC_COOKIE'];
  let isKnown = false;
  let giveUp: (code: number) => void = () => {};
  const stopped = new Promise<number>((resolve) => {
    giveUp = resolve;
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.once(signal, () => {
        say(`${signal}: its processes are ended`);
        resolve(0);
      });
    }
  });
  await using _processes = new LocalProcesses({
    machine: name,
    count,
    script: slaveScript,
    master,
    cookie,
    heapMb: undefined,
    clock: systemClock,
    supervised: { labels, tls },
    onOutput: (node, line) => {
      if (line.includes(' serves ')) isKnown = true;
      say(`${node}: ${line}`);
    },
    onExit: (node, how, code) => {
      const isRefused = code === REFUSED;
      // One that was welcome before may be refused for the lease of its name, and be welcome again.
      if (isRefused && !isKnown) giveUp(2);
      else say(`${node} ${isRefused ? 'was refused' : `has ended (${how})`} and is started again`);
    },
  });
  say(`${name} runs ${count} process${count === 1 ? '' : 'es'} for ${master}`);
  return await stopped;
}

function parseLabels(given: readonly string[]): Record<string, string> {
  const labels = given.map((label) => {
    const match = LABEL.exec(label);
    if (match === null) {
      throw new AmocError('ARGUMENT', `--label: '${label}' is no label, as in zone=a`);
    }
    return [match[1] as string, match[2] as string] as const;
  });
  return Object.fromEntries(labels);
}

function parseUrl(url: string): URL | undefined {
  try {
    return new URL(url);
  } catch {
    return undefined;
  }
}
