import { hostname } from 'node:os';
import { allowsPlain, duration, variable, wholeNumber } from '../config/environment.ts';
import { systemClock } from '../lib/clock.ts';
import { readCookie } from '../lib/cookie.ts';
import { AmocError } from '../lib/errors.ts';
import { deferred } from '../lib/abort.ts';
import { formatMs } from '../lib/duration.ts';
import { oneLine } from '../lib/foreign-text.ts';
import { isLoopback } from '../lib/loopback.ts';
import { plural } from '../lib/words.ts';
import { EVICTED, LocalProcesses, REFUSED, SMALLEST_HEAP_MB } from '../master/local-processes.ts';
import { controlTls } from '../protocol/control-tls.ts';
import type { ControlTls } from '../protocol/control-tls.ts';
import { errorLine } from '../console/error-text.ts';
import { slaveScript } from './installation.ts';
import { guardProcess } from './process-guard.ts';

const NAME = /^[A-Za-z0-9_.-]{1,100}$/;
const MOST_PROCESSES = 1024;
const LABEL = /^([A-Za-z0-9_.-]{1,100})=([^=]{1,200})$/;

/** The options of `amoc slave`; what is left out is read from the environment. */
export interface SlaveOptions {
  master?: string | undefined;
  name?: string | undefined;
  processes?: string | undefined;
  label?: string[] | undefined;
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
}

/** {@link SlaveOptions}, checked. */
export interface SlavePlan {
  master: string;
  name: string;
  count: number;
  labels: Readonly<Record<string, string>>;
  tls: ControlTls | undefined;
}

/**
 * Checks options, and completes them from `AMOC_MASTER_URL`, `AMOC_NODE_NAME`, `AMOC_SLAVE_PROCESSES` and
 * `AMOC_SLAVE_LABELS`.
 *
 * @throws {AmocError} `ARGUMENT` for a bad name, address, label or number, or another machine without TLS,
 * `CONFIG` for TLS files that do
 * not fit.
 */
export function planSlave(options: SlaveOptions): SlavePlan {
  const master = options.master ?? variable('AMOC_MASTER_URL');
  if (master === undefined) {
    throw new AmocError(
      'ARGUMENT',
      '--master: say where the master is, as in wss://host:4370 (or in AMOC_MASTER_URL)',
    );
  }
  const name = options.name ?? variable('AMOC_NODE_NAME') ?? hostname().replace(/\..*/, '');
  if (!NAME.test(name)) {
    throw new AmocError(
      'ARGUMENT',
      `--name: '${name}' is no name for a node; use letters, digits, . _ and -`,
    );
  }
  const url = parseUrl(master);
  if (url === undefined || !/^wss?:$/.test(url.protocol)) {
    throw new AmocError('ARGUMENT', `--master: '${master}' is no address; write wss://host:port`);
  }
  const processes = options.processes ?? variable('AMOC_SLAVE_PROCESSES') ?? '1';
  const count = Number(processes);
  if (!Number.isInteger(count) || count < 1 || count > MOST_PROCESSES) {
    throw new AmocError(
      'ARGUMENT',
      `--processes: '${processes}' is no number from 1 to ${MOST_PROCESSES}`,
    );
  }
  const tls = controlTls(process.env, options);
  if (tls !== undefined && url.protocol === 'ws:') {
    throw new AmocError('ARGUMENT', `--master: with TLS the address is wss://${url.host}`);
  }
  if (url.protocol === 'ws:' && !isLoopback(url.hostname) && !allowsPlain()) {
    throw new AmocError(
      'ARGUMENT',
      `--master: on the way to ${url.host} others can read and change what is sent without TLS; write wss://${url.host} with --ca ca.pem (amoc certs on the master makes it), or, in a network of your own, set AMOC_MASTER_PLAIN=allow`,
    );
  }
  const labels = options.label ?? variable('AMOC_SLAVE_LABELS')?.split(',') ?? [];
  return { master, name, count, labels: parseLabels(labels), tls };
}

/** The processes of one slave, and how they stand to their master. */
export class SlaveNode implements AsyncDisposable {
  readonly plan: SlavePlan;
  readonly #processes: LocalProcesses;
  readonly #joined = new Set<string>();
  readonly #refused = deferred<undefined>();
  readonly #changed: () => void;

  /**
   * Starts them; they dial until the master answers.
   *
   * @param say a line for whoever reads
   * @param onChange some have joined, or are no longer connected
   */
  constructor(plan: SlavePlan, say: (text: string) => void, onChange: () => void = () => {}) {
    this.plan = plan;
    this.#changed = onChange;
    const { name, count, master, labels, tls } = plan;
    const cookie = readCookie(process.env);
    delete process.env['AMOC_COOKIE'];
    let isKnown = false;
    let evicted = 0;
    this.#processes = new LocalProcesses({
      machine: name,
      count,
      script: slaveScript,
      master,
      cookie,
      heapMb: wholeNumber('AMOC_SLAVE_HEAP_MB', SMALLEST_HEAP_MB),
      heapVariable: 'AMOC_SLAVE_HEAP_MB',
      clock: systemClock,
      supervised: { labels, tls },
      onOutput: (node, line) => {
        if (line.includes(' serves ')) {
          isKnown = true;
          this.#set(node, true);
        } else if (line.startsWith('the connection to ')) this.#set(node, false);
        say(`${node}: ${line}`);
      },
      onExit: (node, how, code) => {
        this.#set(node, false);
        if (code === EVICTED) {
          say(`${node} was sent away by the master`);
          // The others go on; a slave without processes has nothing to do.
          if (++evicted === count) this.#refused.resolve(undefined);
          return;
        }
        const isRefused = code === REFUSED;
        // One that was welcome before may be refused for the lease of its name, and be welcome again.
        if (isRefused && !isKnown) this.#refused.resolve(undefined);
        else
          say(`${node} ${isRefused ? 'was refused' : `has ended (${how})`} and is started again`);
      },
    });
    say(`${name} runs ${plural(count, 'process', 'processes')} for ${master}`);
  }

  /** Resolves when the master has refused it: trying again would not help. */
  get refused(): Promise<undefined> {
    return this.#refused.promise;
  }

  /** How many of its processes the master knows. */
  get joined(): number {
    return this.#joined.size;
  }

  /** Lets its users go on elsewhere, for at most `AMOC_LEAVE_TIMEOUT`. @returns what came of it */
  async leave(): Promise<string> {
    const limitMs = duration('AMOC_LEAVE_TIMEOUT', '30s');
    const left = await this.#processes.leave(limitMs);
    if (left === 0) return 'its processes have left';
    return `${plural(left, 'process', 'processes')} had not left after ${formatMs(limitMs)} and ${left === 1 ? 'is' : 'are'} ended`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#processes[Symbol.asyncDispose]();
  }

  #set(node: string, isJoined: boolean): void {
    if (isJoined) this.#joined.add(node);
    else this.#joined.delete(node);
    this.#changed();
  }
}

/** `amoc slave`: runs the processes of this machine until it is told to end. @throws as {@link planSlave} */
export async function runSlave(options: SlaveOptions): Promise<number> {
  const plan = planSlave(options);
  duration('AMOC_LEAVE_TIMEOUT', '30s');
  const say = (text: string): void => {
    process.stderr.write(`amoc slave: ${oneLine(text)}\n`);
  };
  guardProcess().serve((error) => say(`${errorLine(error)} (nobody waited for it)`));
  const first = deferred<NodeJS.Signals>();
  const second = deferred<undefined>();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      first.resolve(signal);
      if (isTold) second.resolve(undefined);
      isTold = true;
    });
  }
  let isTold = false;
  await using slave = new SlaveNode(plan, say);
  const how = await Promise.race([first.promise, slave.refused]);
  if (how === undefined) return 2;
  say(`${how}: its users go on elsewhere; once more ends it at once`);
  say(await Promise.race([slave.leave(), second.promise.then(() => 'its processes are ended')]));
  return 0;
}

function parseLabels(labels: readonly string[]): Record<string, string> {
  const pairs = labels.map((label) => {
    const match = LABEL.exec(label);
    if (match === null) {
      throw new AmocError('ARGUMENT', `--label: '${label}' is no label, as in zone=a`);
    }
    return [match[1] as string, match[2] as string] as const;
  });
  return Object.fromEntries(pairs);
}

function parseUrl(url: string): URL | undefined {
  try {
    return new URL(url);
  } catch {
    return undefined;
  }
}
