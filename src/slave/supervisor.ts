import { processEnvironment } from '../lib/system/environment.ts';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { backoffMs } from '../lib/time/backoff.ts';
import type { Cancel, Clock } from '../lib/time/clock.ts';
import { deferred } from '../lib/time/async.ts';
import { newIdentity } from '../lib/ids/identity.ts';
import type { ControlTls } from '../protocol/control-tls.ts';
import { EVICTED, processMessage } from './supervision.ts';
import type { ProcessMessage } from './supervision.ts';

/** A process that has lived this long has recovered from what killed its predecessor. */
const STABLE_MS = 30_000;
const RESTART = { firstMs: 400, mostMs: 5000 };
/** With less, a process does not get as far as its first user. */
export const MIN_HEAP_MB = 32;
/** Time from SIGTERM to SIGKILL: a blocked event loop does not react to SIGTERM. */
const TERM_MS = 2000;
/** The line with which V8 reports a full heap, and the lines that V8 writes around it. */
const HEAP_FULL = /JavaScript heap out of memory/;
const CRASH_DUMP =
  /^\s*$|^<---|^----- |^\s*\d+: 0x|\[\d+:0x|(Mark-Compact|Scavenge).* MB|since start of marking|average mu/;

/** What local processes are started with. */
export interface LocalProcessOptions {
  /** The part of their names before the `/`. @default 'local' */
  machine?: string;
  count: number;
  /** Script and arguments of a slave process, without its name and master. */
  script: string;
  /** `ws://127.0.0.1:port`. */
  master: string;
  /** Passed in the environment, which other users cannot read; never as an argument. */
  cookie: string;
  /** Memory limit of each process's heap, V8's default when left out; and the variable that sets it. */
  heapMb: number | undefined;
  heapVariable: string;
  clock: Clock;
  /** For a master on another machine: the processes keep their users over a cut connection. */
  supervised?: { labels: Readonly<Record<string, string>>; tls: ControlTls | undefined };
  /** What a process wrote to its standard output or error, line by line. */
  onOutput: (node: string, line: string) => void;
  /** What a process reports of its connection to the master. */
  onMessage?: (node: string, message: ProcessMessage) => void;
  /** A process has ended without being told to. */
  onExit: (node: string, how: string, code: number | null) => void;
}

interface Slot {
  readonly name: string;
  child: ChildProcess | undefined;
  /** Of the last process. */
  pid: number | undefined;
  startedAt: number;
  failures: number;
  identity: string | undefined;
  /** What the process wrote about its end, or how the previous process ended. */
  ended: string | undefined;
  cancelRestart: Cancel | undefined;
}

/** The slave processes of `amocLocal`: starts them, restarts crashed ones, ends them with the console. */
export class LocalProcesses implements AsyncDisposable {
  readonly #options: LocalProcessOptions;
  readonly #slots: Slot[];
  #closing = false;

  constructor(options: LocalProcessOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.count }, (_, index) => ({
      name: `${options.machine ?? 'local'}/${index + 1}`,
      child: undefined,
      pid: undefined,
      startedAt: 0,
      failures: 0,
      identity: undefined,
      ended: undefined,
      cancelRestart: undefined,
    }));
    for (const slot of this.#slots) this.#start(slot);
  }

  get count(): number {
    return this.#slots.length;
  }

  /** Process ids of the processes that are alive. */
  get pids(): number[] {
    return this.#slots.flatMap(({ child }) => (child?.pid === undefined ? [] : [child.pid]));
  }

  /** Why a process ends or has ended, as far as it said; known until another process has its name. */
  causeOf({ name, pid }: { name: string; pid: number }): string | undefined {
    const slot = this.#slots.find((each) => each.name === name);
    return slot?.pid === pid ? slot.ended : undefined;
  }

  /** Kills a process; a new one is started in its place. */
  kill({ name, pid }: { name: string; pid: number }): void {
    const child = this.#slots.find((slot) => slot.name === name)?.child;
    // The next process of that name may be running already.
    if (child?.pid === pid) child.kill('SIGKILL');
  }

  /**
   * Lets all processes leave: each ends when its users have moved elsewhere.
   *
   * @returns how many had not left after `limitMs`
   */
  async leave(limitMs: number): Promise<number> {
    this.#closing = true;
    const { clock } = this.#options;
    const over = deferred<undefined>();
    const cancel = clock.schedule(limitMs, () => over.resolve(undefined));
    const leaving = this.#slots.map((slot) => this.#signal(slot, 'SIGUSR2'));
    await Promise.race([Promise.all(leaving), over.promise]);
    cancel();
    return this.pids.length;
  }

  /** Ends all processes: gently, then by SIGKILL. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#slots.map((slot) => this.#end(slot)));
  }

  #start(slot: Slot): void {
    const { script, cookie, heapMb, clock, supervised } = this.#options;
    const nodeFlags = heapMb === undefined ? [] : [`--max-old-space-size=${heapMb}`];
    const child = spawn(process.execPath, [...nodeFlags, script, ...this.#arguments(slot)], {
      env: { ...processEnvironment(), AMOC_COOKIE: cookie, ...tlsVariables(supervised?.tls) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Ctrl+C in the terminal is meant for the parent; a process that is just starting would die of it.
      detached: true,
    });
    slot.child = child;
    slot.pid = child.pid;
    slot.ended = undefined;
    slot.startedAt = clock.monotonic();
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream as Readable }).on('line', (line) =>
        this.#output(slot, child, line),
      );
    }
    child.on('message', (message) => {
      const parsed = processMessage.safeParse(message);
      if (parsed.success && slot.child === child) {
        this.#options.onMessage?.(slot.name, parsed.data);
      }
    });
    child.once('error', (error) => this.#ended(slot, child, error.message, null));
    child.once('exit', (code, signal) => {
      this.#ended(slot, child, signal ?? `exit code ${code}`, code);
    });
  }

  /** They also name the previous process, so that its users can be placed again at once. */
  #arguments(slot: Slot): string[] {
    const { master, supervised } = this.#options;
    const before = slot.identity;
    slot.identity = newIdentity();
    return [
      '--master',
      master,
      '--name',
      slot.name,
      '--parent',
      String(process.pid),
      supervised === undefined ? '--child' : '--supervised',
      '--identity',
      slot.identity,
      ...(before === undefined ? [] : ['--replaces', before]),
      ...(slot.ended === undefined ? [] : ['--ended', slot.ended]),
      ...Object.entries(supervised?.labels ?? {}).flatMap(([key, value]) => [
        '--label',
        `${key}=${value}`,
      ]),
    ];
  }

  #output(slot: Slot, child: ChildProcess, line: string): void {
    const { heapMb, heapVariable, onOutput } = this.#options;
    if (HEAP_FULL.test(line) && slot.pid === child.pid) {
      const size = heapMb === undefined ? '' : ` of ${heapMb} MB`;
      slot.ended = `its heap${size} was full; ${heapVariable} sets the size`;
    } else if (!CRASH_DUMP.test(line)) onOutput(slot.name, line);
  }

  #ended(slot: Slot, child: ChildProcess, how: string, code: number | null): void {
    if (slot.child !== child) return;
    slot.child = undefined;
    slot.ended ??= how;
    if (this.#closing) return;
    const { clock, onExit } = this.#options;
    onExit(slot.name, slot.ended, code);
    if (code === EVICTED) return;
    const wasStable = clock.monotonic() - slot.startedAt > STABLE_MS;
    slot.failures = wasStable ? 0 : slot.failures + 1;
    // After the first crash the process restarts at once, because its users wait.
    const delay = slot.failures <= 1 ? 0 : backoffMs(slot.failures, RESTART, Math.random());
    slot.cancelRestart = clock.schedule(delay, () => {
      if (!this.#closing) this.#start(slot);
    });
  }

  async #end(slot: Slot): Promise<void> {
    const { child } = slot;
    const cancel = this.#options.clock.schedule(TERM_MS, () => child?.kill('SIGKILL'));
    await this.#signal(slot, 'SIGTERM');
    cancel();
  }

  /** Sends a signal to a process that must not be restarted, and waits for its end. */
  async #signal(slot: Slot, signal: NodeJS.Signals): Promise<void> {
    slot.cancelRestart?.();
    const { child } = slot;
    if (child === undefined || child.exitCode !== null) return;
    const exited = deferred<undefined>();
    child.once('exit', () => exited.resolve(undefined));
    child.kill(signal);
    await exited.promise;
  }
}

function tlsVariables(tls: ControlTls | undefined): Record<string, string> {
  return {
    AMOC_TLS_CA: tls?.ca ?? '',
    AMOC_TLS_CERT: tls?.cert ?? '',
    AMOC_TLS_KEY: tls?.key ?? '',
  };
}
