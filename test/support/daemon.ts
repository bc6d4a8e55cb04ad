import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { eventually } from './eventually.ts';
import { printOnFailure } from './on-failure.ts';

/** Characters of output that are kept, the newest ones. */
const MAX_KEPT_CHARS = 4 * 1024 * 1024;
/** What a failing test prints of each process. */
const MAX_TOLD_LINES = 20;
const MAX_TOLD_CHARS = 4000;

/** How a program is started. */
export interface DaemonOptions {
  /** Its working directory. */
  cwd: string;
  /** Its complete environment. */
  env: Readonly<Record<string, string | undefined>>;
}

/** What a {@link Daemon} may need in addition to its process. */
export interface DaemonNotes {
  /** The end of a log that it writes elsewhere than to its output. */
  log?: () => string;
  /** Whether a later test that fails shall print its last lines. @default as long as the process runs */
  isWanted?: () => boolean;
}

const running = new Set<Daemon>();
process.once('exit', () => {
  for (const daemon of running) daemon.kill();
});

/**
 * A process that a test has started. Its output is kept, and a test that fails prints the last lines of it. It does
 * not outlive the test, however that ends.
 */
export class Daemon implements AsyncDisposable {
  readonly name: string;
  readonly process: ChildProcessWithoutNullStreams;
  /** Its exit code, or null after a signal, once it has ended and its output is complete. Never rejects. */
  readonly ended: Promise<number | null>;
  /** Whether it has ended. */
  isGone = false;
  #said = '';
  readonly #log: () => string;

  constructor(
    name: string,
    child: ChildProcessWithoutNullStreams,
    { log = () => '', isWanted = () => !this.isGone && !child.killed }: DaemonNotes = {},
  ) {
    this.name = name;
    this.process = child;
    this.#log = log;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => this.#hear(String(data)));
    }
    child.stdin.on('error', () => {});
    running.add(this);
    this.ended = new Promise((resolve) => {
      const end = (code: number | null): void => {
        running.delete(this);
        this.isGone = true;
        resolve(code);
      };
      child.once('close', end);
      child.once('error', (error) => {
        this.#hear(`${error.message}\n`);
        if (child.pid === undefined) end(null);
      });
    });
    printOnFailure({
      text: () => this.lastLines(),
      get isLive() {
        return isWanted();
      },
    });
  }

  /** Starts a program; its input is open. */
  static start(
    name: string,
    command: string,
    args: readonly string[],
    { cwd, env }: DaemonOptions,
    notes?: DaemonNotes,
  ): Daemon {
    return new Daemon(name, spawn(command, args, { cwd, env: { ...env } }), notes);
  }

  /** Its output, standard output and standard error in the order of arrival: the newest 4 Mi characters at least. */
  get said(): string {
    return this.#said;
  }

  /** Its last lines under its name; nothing if it has said nothing. */
  lastLines(): string {
    const text = `${this.#said}${this.#log()}`.trimEnd();
    if (text === '') return '';
    const lines = text.slice(-MAX_TOLD_CHARS).split('\n').slice(-MAX_TOLD_LINES);
    const { exitCode, signalCode } = this.process;
    const state = this.isGone ? `ended with ${exitCode ?? signalCode ?? 'an error'}` : 'is running';
    return `[${this.name}, ${state}] last lines:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  }

  /**
   * Waits until `check` says that it is ready.
   *
   * @throws {Error} with its last lines if it ends before, or takes longer than `limitMs`
   */
  async ready(check: () => boolean | Promise<boolean>, limitMs = 60_000): Promise<void> {
    const isSettled = await eventually(
      async () => this.isGone || (await check()),
      Boolean,
      limitMs,
    ).catch(() => false);
    if (isSettled && !this.isGone) return;
    const why = this.isGone ? 'it ended' : `it was not ready within ${limitMs / 1000} s`;
    throw new Error(`${this.name} did not start: ${why}\n${this.lastLines()}`);
  }

  /** Waits until its output matches, and returns the match. @throws {Error} with its last lines */
  async see(pattern: RegExp, limitMs = 60_000): Promise<RegExpExecArray> {
    try {
      const match = await eventually(() => pattern.exec(this.#said), Boolean, limitMs);
      return match as RegExpExecArray;
    } catch {
      throw new Error(`${this.name} has not said ${String(pattern)} within ${limitMs / 1000} s`);
    }
  }

  /** Sends a signal, if it is running. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill(signal);
    }
  }

  /** Kills it, and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.ended;
  }

  #hear(text: string): void {
    this.#said += text;
    if (this.#said.length > 2 * MAX_KEPT_CHARS) this.#said = this.#said.slice(-MAX_KEPT_CHARS);
  }
}
