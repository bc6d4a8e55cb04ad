import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';
import { once } from 'node:events';
import { ROOT } from '../harness.ts';

/** What the sink measured since its last reset; times in microseconds. */
export interface SinkStats {
  connections: number;
  messages: number;
  undelivered: number;
  p50: number;
  p99: number;
  p999: number;
  cpuMs: number;
}

/** The server that costs less than any client. */
export class Sink implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  private constructor(child: ChildProcess, lines: Interface, port: number) {
    this.#child = child;
    this.#lines = lines;
    this.port = port;
  }

  /** @throws when there is no C++ compiler */
  static async start(): Promise<Sink> {
    const source = join(ROOT, 'bench', 'xmpp', 'sink.cpp');
    const program = join(ROOT, '.cache', 'bench', 'sink');
    if (!existsSync(program) || statSync(program).mtimeMs < statSync(source).mtimeMs) {
      mkdirSync(dirname(program), { recursive: true });
      execFileSync('g++', ['-O2', '-std=c++20', '-o', program, source], { stdio: 'inherit' });
    }
    const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface(child.stdout);
    const [port] = (await once(lines, 'line')) as [string];
    return new Sink(child, lines, Number(port));
  }

  async stats(): Promise<SinkStats> {
    const answer = once(this.#lines, 'line');
    this.#child.stdin?.write('stats\n');
    const [line] = (await answer) as [string];
    return JSON.parse(line) as SinkStats;
  }

  reset(): void {
    this.#child.stdin?.write('reset\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      await once(this.#child, 'exit');
  }
}
