import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import { deferred } from '../../lib/time/async.ts';
import { systemCode } from '../../lib/errors.ts';
import type { Completion } from './completion.ts';
import { listCandidates } from './candidate-list.ts';
import { FullScreen } from './full-screen.ts';
import type { History } from './history.ts';
import { Screen } from './screen.ts';
import type { EvalResult } from '../shell/shell.ts';

/** What evaluates the lines of a terminal: in this process, or at the other end of a socket. */
export interface Backend {
  /** The number of the next command. */
  readonly number: number;
  run(text: string, options: { signal: AbortSignal }): Promise<EvalResult>;
  complete(line: string): Completion | Promise<Completion>;
}

/** What a terminal is made of. */
export interface TerminalParts {
  backend: Backend;
  history: History;
  input: ReadStream;
  output: WriteStream & { readonly fd: number };
  /** `(amoc@host)`, with colours or not. */
  name: string;
}

const MORE = '... ';
const REDRAW_MS = 1000;
/** Characters that are kept of what is written while the screen is lent. */
const MAX_KEPT_LENGTH = 256 * 1024;

/**
 * Lines from an operator: editing, history, completion, commands of several lines, lines that come faster
 * than they are evaluated. Other output is shown above the prompt.
 */
export class Terminal {
  readonly #parts: TerminalParts;
  readonly #readline: Interface;
  readonly #screen: Screen;
  readonly #closed = deferred<undefined>();
  #entered: string[] = [];
  #unfinished: string[] = [];
  #running: AbortController | undefined;
  #warned = false;
  #leaving = false;
  /** A renderer draws on the full screen; what is written in that time is shown afterwards. */
  #lent: FullScreen | undefined;
  #kept = '';
  /** The line on which Tab was pressed last. */
  #tabbed: string | undefined;

  constructor(parts: TerminalParts) {
    this.#parts = parts;
    const { input, output, history } = parts;
    this.#readline = createInterface({
      input,
      output,
      terminal: true,
      history: history.load(),
      historySize: 1000,
      removeHistoryDuplicates: true,
      completer: (line: string, done: (error: null, completion: [string[], string]) => void) => {
        void this.#complete(line).then((completion) => done(null, this.#offer(line, completion)));
      },
    });
    this.#screen = new Screen(this.#readline, output);
    this.#readline.on('line', (line) => this.#enter(line));
    this.#readline.on('SIGINT', () => this.interrupt());
    this.#readline.on('close', () => this.#closed.resolve(undefined));
  }

  /** Shows the prompt and takes lines until {@link leave}, Ctrl+D, or the end of the terminal. */
  async run(): Promise<void> {
    this.#prompt();
    await this.#closed.promise;
    // Ctrl+D leaves the cursor after the prompt.
    if (!this.#leaving) this.#parts.output.write('\n');
  }

  /** Ends {@link run} once the current command is done, or without waiting for it. */
  leave({ now = false } = {}): void {
    this.#leaving = true;
    this.#lent?.leave();
    if (now || this.#running === undefined) this.#close();
  }

  /** Writes above what is being typed. @param text complete lines */
  write(text: string): void {
    if (this.#lent !== undefined) {
      this.#kept = (this.#kept + text).slice(-MAX_KEPT_LENGTH);
      return;
    }
    if (this.#leaving) this.#parts.output.write(text);
    else this.#screen.above(text);
  }

  /** The same in one system call, whenever this thread may be stopped. @param text complete lines */
  writeAtOnce(text: string): void {
    const bytes = Buffer.from(`\r\x1b[J${text}`);
    let written = 0;
    while (written < bytes.length) {
      try {
        written += writeSync(this.#parts.output.fd, bytes, written);
      } catch (error) {
        if (systemCode(error) !== 'EAGAIN') return;
      }
    }
  }

  /** Ctrl+C: ends the wait for a command, or clears the line; twice on an empty line leaves. */
  interrupt(): void {
    if (this.#lent !== undefined) {
      this.#lent.leave();
      return;
    }
    if (this.#running !== undefined) {
      this.#entered = [];
      this.#running.abort();
      return;
    }
    const isEmpty = this.#readline.line === '' && this.#unfinished.length === 0;
    if (isEmpty && this.#warned) {
      this.#parts.output.write('\n');
      this.leave();
      return;
    }
    this.#screen.toEnd();
    this.#parts.output.write('^C\n');
    if (isEmpty) this.#parts.output.write('press Ctrl+C again, or Ctrl+D, to leave\n');
    this.#warned = isEmpty;
    this.#unfinished = [];
    // readline has no function that resets its line, its cursor, and the rows that it believes it has drawn.
    Object.assign(this.#readline, { line: '', cursor: 0, prevRows: 0 });
    this.#prompt();
  }

  /** Lends the full screen until q is pressed; `draw` is called each second. */
  async lend(draw: (columns: number) => Promise<string>): Promise<void> {
    const { input, output } = this.#parts;
    const screen = new FullScreen(input, output);
    this.#lent = screen;
    try {
      await screen.run(draw, REDRAW_MS);
    } finally {
      this.#lent = undefined;
      const kept = this.#kept;
      this.#kept = '';
      if (kept !== '') this.write(kept);
    }
  }

  #enter(line: string): void {
    this.#warned = false;
    if (this.#running === undefined) {
      void this.#dispatch(line);
      return;
    }
    this.#screen.takeBack(line);
    this.#entered.push(line);
  }

  async #dispatch(line: string): Promise<void> {
    const { backend, history } = this.#parts;
    history.add(line);
    this.#unfinished.push(line);
    this.#running = new AbortController();
    this.#readline.setPrompt('');
    const { signal } = this.#running;
    const outcome = await backend.run(this.#unfinished.join('\n'), { signal });
    this.#running = undefined;
    if (outcome.kind !== 'incomplete') this.#unfinished = [];
    if ('text' in outcome && outcome.text !== '') this.write(`${outcome.text}\n`);
    if (this.#leaving) {
      this.#close();
      return;
    }
    this.#prompt();
    const next = this.#entered.shift();
    if (next === undefined) return;
    // The echo that was erased comes now, after its own prompt.
    this.#parts.output.write(`${next}\n`);
    await this.#dispatch(next);
  }

  async #complete(line: string): Promise<Completion> {
    try {
      return await this.#parts.backend.complete(line);
    } catch {
      return [[], line];
    }
  }

  /**
   * A second Tab on the same line lists the candidates: with a description for each where there are some, which
   * readline cannot do.
   */
  #offer(line: string, completion: Completion): [string[], string] {
    const [candidates, partial, about] = completion;
    const isSecond = this.#tabbed === line;
    this.#tabbed = line;
    if (about === undefined || candidates.length < 2 || !isSecond) return [candidates, partial];
    this.write(listCandidates(candidates, about, this.#parts.output.columns));
    return [[], partial];
  }

  #close(): void {
    try {
      this.#readline.close();
    } catch {
      // The terminal itself is gone, and its mode cannot be restored.
      this.#closed.resolve(undefined);
    }
  }

  #prompt(): void {
    const { name, backend } = this.#parts;
    this.#readline.setPrompt(this.#unfinished.length > 0 ? MORE : `${name}${backend.number}> `);
    this.#readline.prompt(true);
  }
}
