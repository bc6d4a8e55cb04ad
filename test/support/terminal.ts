import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { printOnFailure } from './on-failure.ts';
import { ROOT } from './root.ts';
import type { Project } from './project.ts';

/** Rows of a screen that a failing test prints. */
const MAX_PRINTED_ROWS = 30;

let terminals = 0;

/** `amoc console`, or another command of amoc, in a real pseudo-terminal, by tmux. */
export class TestTerminal implements Disposable {
  readonly #socket = `amoc-test-${process.pid}-${++terminals}`;
  #screen = '';
  readonly #onDispose: () => void;

  constructor(
    project: Project,
    {
      columns = 120,
      rows = 60,
      env = {},
      command: args = ['console'],
    }: {
      columns?: number;
      rows?: number;
      env?: Record<string, string>;
      command?: readonly string[];
    } = {},
  ) {
    const all = { ...project.env, TERM: 'screen-256color', ...env };
    const command = [
      'env',
      '-i',
      ...Object.entries(all).map(([name, value]) => `${name}=${value}`),
      process.execPath,
      join(ROOT, 'bin', 'amoc.js'),
      ...args,
    ];
    const quoted = command.map((part) => `'${part.replaceAll("'", `'\\''`)}'`).join(' ');
    const size = ['-x', String(columns), '-y', String(rows)];
    this.#tmux(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      ...size,
      '-s',
      't',
      `cd '${project.folder}'; ${quoted}; echo "[exit $?]"; exec sleep 1000`,
    );
    this.#tmux('set-option', '-g', 'history-limit', '20000');
    let isDisposed = false;
    this.#onDispose = () => (isDisposed = true);
    printOnFailure({
      text: () => `[terminal: amoc ${args.join(' ')}] last screen:\n${this.#lastRows()}`,
      get isLive() {
        return !isDisposed;
      },
    });
  }

  /** Types text, without Enter. */
  type(text: string): void {
    this.#tmux('send-keys', '-t', 't', '-l', '--', text);
  }

  /** Presses a key: `Enter`, `Tab`, `Up`, `C-c`. */
  key(...names: string[]): void {
    this.#tmux('send-keys', '-t', 't', ...names);
  }

  /** Types a line and Enter. */
  line(text: string): void {
    this.type(text);
    this.key('Enter');
  }

  /** Pastes text as a terminal does, in one go. */
  paste(text: string): void {
    this.#tmux('set-buffer', text);
    this.#tmux('paste-buffer', '-t', 't');
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-t', 't', '-x', String(columns), '-y', String(rows));
  }

  /** What is on the screen, and what has scrolled away; lines that wrapped are joined. */
  screen(): string {
    const text = this.#tmux('capture-pane', '-p', '-J', '-S', '-20000', '-t', 't');
    this.#screen = text.replace(/\s+$/, '');
    return this.#screen;
  }

  /** The screen with its colours. */
  colors(): string {
    return this.#tmux('capture-pane', '-p', '-e', '-t', 't');
  }

  /** Waits until the screen fits. */
  async see(expected: string | RegExp, limitMs = 60_000): Promise<string> {
    return eventually(
      () => this.screen(),
      (screen) =>
        typeof expected === 'string' ? screen.includes(expected) : expected.test(screen),
      limitMs,
    );
  }

  /** The title of the terminal, which what it shows can set. */
  title(): string {
    return this.#tmux('display-message', '-p', '-t', 't', '#{pane_title}').trimEnd();
  }

  /** Appends all that is written to the terminal from now on to a file, byte for byte. */
  record(file: string): void {
    this.#tmux('pipe-pane', '-t', 't', `cat >>'${file}'`);
  }

  /** Kills the terminal emulator itself, with `kill -9`. */
  kill(): void {
    process.kill(Number(this.#tmux('display-message', '-p', '#{pid}')), 'SIGKILL');
  }

  [Symbol.dispose](): void {
    this.#onDispose();
    try {
      this.#tmux('kill-server');
    } catch {
      // It may have ended by itself.
    }
  }

  #lastRows(): string {
    const rows = this.#screen.split('\n').slice(-MAX_PRINTED_ROWS);
    return rows.map((row) => `  ${row}`).join('\n');
  }

  #tmux(...args: string[]): string {
    return execFileSync('tmux', ['-L', this.#socket, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}
