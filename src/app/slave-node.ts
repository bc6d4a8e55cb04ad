import { processEnvironment } from '../lib/system/environment.ts';
import { hostname } from 'node:os';
import { allowsPlain, duration, env, wholeNumber } from '../config/environment.ts';
import { systemClock } from '../lib/time/clock.ts';
import { readCookie } from '../protocol/cookie.ts';
import { AmocError } from '../lib/errors.ts';
import { deferred } from '../lib/time/async.ts';
import { formatMs } from '../lib/time/duration.ts';
import { isLoopback } from '../lib/system/loopback.ts';
import { NODE_NAME } from '../lib/text/names.ts';
import { plural } from '../lib/text/plural.ts';
import { EVICTED, REFUSED } from '../slave/supervision.ts';
import { LocalProcesses, MIN_HEAP_MB } from '../slave/supervisor.ts';
import { controlTls } from '../protocol/control-tls.ts';
import type { ControlTls } from '../protocol/control-tls.ts';
import { programScript } from './installation.ts';

const MAX_PROCESSES = 1024;
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
 * @throws {AmocError} `ARGUMENT` for a bad name, address, label or number, or for a master on another machine
 * without TLS, `CONFIG` for TLS files that do not fit.
 */
export function planSlave(options: SlaveOptions): SlavePlan {
  const master = options.master ?? env('AMOC_MASTER_URL');
  if (master === undefined) {
    throw new AmocError(
      'ARGUMENT',
      '--master: give the address of the master, as in wss://host:4370 (or set AMOC_MASTER_URL)',
    );
  }
  const name = options.name ?? env('AMOC_NODE_NAME') ?? hostname().replace(/\..*/, '');
  if (!NODE_NAME.test(name)) {
    throw new AmocError(
      'ARGUMENT',
      `--name: invalid node name '${name}'; use letters, digits, . _ and -`,
    );
  }
  const url = parseUrl(master);
  if (url === undefined || !/^wss?:$/.test(url.protocol)) {
    throw new AmocError(
      'ARGUMENT',
      `--master: invalid address '${master}'; expected wss://host:port`,
    );
  }
  const processes = options.processes ?? env('AMOC_SLAVE_PROCESSES') ?? '1';
  const count = Number(processes);
  if (!Number.isInteger(count) || count < 1 || count > MAX_PROCESSES) {
    throw new AmocError(
      'ARGUMENT',
      `--processes: '${processes}' is not a whole number from 1 to ${MAX_PROCESSES}`,
    );
  }
  const tls = controlTls(processEnvironment(), options);
  if (tls !== undefined && url.protocol === 'ws:') {
    throw new AmocError('ARGUMENT', `--master: with TLS the address must be wss://${url.host}`);
  }
  if (url.protocol === 'ws:' && !isLoopback(url.hostname) && !allowsPlain()) {
    throw new AmocError(
      'ARGUMENT',
      `--master: without TLS others can read and change what is sent on the way to ${url.host}; write wss://${url.host} with --ca ca.pem (amoc certs on the master makes it), or, in a network of your own, set AMOC_MASTER_PLAIN=allow`,
    );
  }
  const labels = options.label ?? env('AMOC_SLAVE_LABELS')?.split(',') ?? [];
  return { master, name, count, labels: parseLabels(labels), tls };
}

/** The processes of one slave, and which of them have joined the master. */
export class SlaveNode implements AsyncDisposable {
  readonly plan: SlavePlan;
  readonly #processes: LocalProcesses;
  readonly #joined = new Set<string>();
  readonly #refused = deferred<undefined>();
  readonly #changed: () => void;

  /**
   * Starts the processes; they dial until the master answers.
   *
   * @param say prints a line
   * @param onChange called when a process has joined, or is no longer connected
   */
  constructor(plan: SlavePlan, say: (text: string) => void, onChange: () => void = () => {}) {
    this.plan = plan;
    this.#changed = onChange;
    const { name, count, master, labels, tls } = plan;
    const cookie = readCookie(processEnvironment());
    delete processEnvironment()['AMOC_COOKIE'];
    let isKnown = false;
    let evicted = 0;
    this.#processes = new LocalProcesses({
      machine: name,
      count,
      script: programScript('slave'),
      master,
      cookie,
      heapMb: wholeNumber('AMOC_SLAVE_HEAP_MB', MIN_HEAP_MB),
      heapVariable: 'AMOC_SLAVE_HEAP_MB',
      clock: systemClock,
      supervised: { labels, tls },
      onOutput: (node, line) => say(`${node}: ${line}`),
      onMessage: (node, { type }) => {
        if (type === 'joined') isKnown = true;
        this.#set(node, type === 'joined');
      },
      onExit: (node, how, code) => {
        this.#set(node, false);
        if (code === EVICTED) {
          say(`${node} was evicted by the master`);
          // The others continue; a slave without processes has nothing to do.
          if (++evicted === count) this.#refused.resolve(undefined);
          return;
        }
        const isRefused = code === REFUSED;
        // A process that had joined before may be refused while the lease of its name lasts, and then join again.
        if (isRefused && !isKnown) this.#refused.resolve(undefined);
        else
          say(`${node} ${isRefused ? 'was refused' : `has ended (${how})`} and is started again`);
      },
    });
    say(`${name} runs ${plural(count, 'process', 'processes')} for ${master}`);
  }

  /** Resolves when the master has refused this slave: trying again would not help. */
  get refused(): Promise<undefined> {
    return this.#refused.promise;
  }

  /** How many of its processes the master knows. */
  get joined(): number {
    return this.#joined.size;
  }

  /** Moves its users elsewhere, within `AMOC_LEAVE_TIMEOUT` at most. @returns the result, as a sentence */
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

function parseLabels(labels: readonly string[]): Record<string, string> {
  const pairs = labels.map((label) => {
    const match = LABEL.exec(label);
    if (match === null) {
      throw new AmocError('ARGUMENT', `--label: '${label}' is not a label, as in zone=a`);
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
