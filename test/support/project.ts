import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { killAll, processesOf } from './processes.ts';
import type { StopResult } from '../../src/control/results.ts';
import { exitCodes } from '../../src/record/outcome.ts';
import { packageRootOf } from '../../src/scenario/loader.ts';

/** Where the package under test is. */
export const ROOT = packageRootOf(fileURLToPath(import.meta.url));

const COMPILED = join(ROOT, '.cache', 'test', 'compiled');

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
  readonly #children = new Set<ChildProcessWithoutNullStreams>();

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
    const child = spawn(command, args, { cwd: this.folder, env });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
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
    for (const child of this.#children) child.kill('SIGKILL');
    // Nodes in the background are nobody's children.
    killAll(processesOf(this.folder));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
