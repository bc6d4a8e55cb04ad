import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { COMPILED } from './compiled.ts';
import { Daemon } from './daemon.ts';
import { printOnFailure } from './on-failure.ts';
import { killAll, processesOf } from './processes.ts';
import { ROOT } from './root.ts';
import type { StopResult } from '../../src/control/results.ts';
import { exitCodes } from '../../src/record/outcome.ts';

/** Of the log of each node, and of the name of a process, what a failing test prints. */
const MAX_LOG_LINES = 20;
const MAX_NAME_CHARS = 120;

/** How a command ended. */
export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** A run went as it should. On a slow machine the load generator may be the bottleneck: that says nothing of what it did. */
export function assertRan(code: number | null, output: string): void {
  assert.ok(code === exitCodes.passed || code === exitCodes.saturated, `exit ${code}\n${output}`);
}

/** A user's project in an empty folder, with an empty home. */
export class Project implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'amoc-test-'));
  readonly env: Record<string, string>;
  readonly #daemons = new Set<Daemon>();
  #isDisposed = false;

  /** @param scenarios sources by name; names of ours are copied: `{ my_scenario: true }` */
  constructor(scenarios: Record<string, string | true> = {}) {
    for (const name of ['scenarios', 'home/.cache/amoc']) {
      mkdirSync(join(this.folder, name), { recursive: true });
    }
    // A check of types takes seconds: what one test has compiled the next ones need not.
    mkdirSync(COMPILED, { recursive: true, mode: 0o700 });
    symlinkSync(COMPILED, join(this.folder, 'home/.cache/amoc/compiled'));
    for (const [name, source] of Object.entries(scenarios)) {
      this.write(
        `scenarios/${name}.ts`,
        source === true ? readFileSync(join(ROOT, 'scenarios', `${name}.ts`), 'utf8') : source,
      );
    }
    this.env = {
      PATH: process.env['PATH'] ?? '',
      HOME: join(this.folder, 'home'),
      LANG: 'C.UTF-8',
      AMOC_PROJECT: this.folder,
      AMOC_LOCAL_PROCESSES: '2',
    };
  }

  /** Writes a file of the project. @returns its path */
  write(path: string, text: string): string {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  /** Starts `amoc …`. */
  start(args: readonly string[], env: Record<string, string> = {}): ChildProcessWithoutNullStreams {
    const program = [process.execPath, join(ROOT, 'bin', 'amoc.js'), ...args];
    return this.startProgram(program, { ...this.env, ...env });
  }

  /** Starts a program in the project's folder; it ends with the project. */
  startProgram(
    program: readonly string[],
    env: Record<string, string>,
  ): ChildProcessWithoutNullStreams {
    const [command = '', ...args] = program;
    return this.daemon(command, args, env).process;
  }

  /** Starts a program in the project's folder, whose last lines a failing test prints; it ends with the project. */
  daemon(
    command: string,
    args: readonly string[],
    env: Record<string, string>,
    name = nameOf(command, args),
  ): Daemon {
    const daemon = Daemon.start(
      name,
      command,
      args,
      { cwd: this.folder, env },
      {
        isWanted: () => !this.#isDisposed,
      },
    );
    this.#daemons.add(daemon);
    void daemon.ended.then(() => this.#daemons.delete(daemon));
    return daemon;
  }

  /** Runs `amoc …` to its end. */
  async amoc(
    args: readonly string[],
    { input = '', env = {} }: { input?: string; env?: Record<string, string> } = {},
  ): Promise<Ended> {
    const child = this.start(args, env);
    let out = '';
    let err = '';
    child.stdout.on('data', (data) => (out += String(data)));
    child.stderr.on('data', (data) => (err += String(data)));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, out, err };
  }

  /** What comes of `amoc run … --json`, whose users all do as they should. */
  async result(args: readonly string[], env: Record<string, string>): Promise<StopResult> {
    const { code, out, err } = await this.amoc(['run', '--json', ...args], { env });
    assertRan(code, `${err}\n${out}`);
    return JSON.parse(out) as StopResult;
  }

  /** Feeds lines to `amoc console`. */
  lines(...input: string[]): Promise<Ended> {
    return this.amoc(['console'], { input: `${input.join('\n')}\n` });
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    for (const daemon of this.#daemons) daemon.kill();
    this.#keepNodeLogs();
    // Nodes in the background are children of no process here.
    killAll(processesOf(this.folder));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** The logs of nodes in the background go with the folder: their last lines are kept for a test that fails. */
  #keepNodeLogs(): void {
    const nodes = join(this.folder, 'home', '.amoc');
    if (!existsSync(nodes)) return;
    for (const name of readdirSync(nodes)) {
      const log = join(nodes, name, 'log', 'amoc.log');
      if (!existsSync(log)) continue;
      const lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-MAX_LOG_LINES);
      const text = `[node ${name}] last lines of its log:\n  ${lines.join('\n  ')}`;
      printOnFailure({ isLive: false, text: () => text });
    }
  }
}

/** `amoc run my_scenario`, or a program by its name. */
function nameOf(command: string, args: readonly string[]): string {
  const all = [command, ...args].filter((part) => part !== process.execPath);
  return all
    .map((part) => (part.endsWith('amoc.js') ? 'amoc' : part))
    .join(' ')
    .slice(0, MAX_NAME_CHARS);
}
