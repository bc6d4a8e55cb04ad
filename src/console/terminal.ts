import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import { deferred } from '../lib/abort.ts';
import { systemCode } from '../lib/errors.ts';
import type { Completion } from './completion.ts';
import { FullScreen } from './full-screen.ts';
import type { History } from './history.ts';
import { Screen } from './screen.ts';
import type { Outcome } from './shell.ts';

/** What stands behind a terminal: an engine in this process, or one at the other end of a socket. */
export interface Backend {
  /** The number of the next command. */
  readonly number: number;
  run(text: string, options: { signal: AbortSignal }): Promise<Outcome>;
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
/** Of what is written while the screen is lent. */
const MOST_KEPT = 256 * 1024;

/**
 * Lines from a person: editing, history, completion, several lines to one command, lines that come
 * faster than they are evaluated, and what happens meanwhile shown above the prompt.
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
  /** Somebody draws on the whole screen; what is written meanwhile comes after. */
  #lent: FullScreen | undefined;
  #kept = '';

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
      completer: (line: string, done: (error: null, completion: Completion) => void) => {
        void this.#complete(line).then((completion) => done(null, completion));
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
    // Ctrl+D leaves the cursor behind the prompt.
    if (!this.#leaving) this.#parts.output.write('\n');
  }

  /** Ends {@link run} once the command at hand is done, or without waiting for it. */
  leave({ now = false } = {}): void {
    this.#leaving = true;
    this.#lent?.leave();
    if (now || this.#running === undefined) this.#close();
  }

  /** Writes above what is being typed. @param text whole lines */
  write(text: string): void {
    if (this.#lent !== undefined) {
      this.#kept = (this.#kept + text).slice(-MOST_KEPT);
      return;
    }
    if (this.#leaving) this.#parts.output.write(text);
    else this.#screen.above(text);
  }

  /** The same in one call to the system, whoever stops this thread and when. @param text whole lines */
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
    if (isEmpty) this.#parts.output.write('Ctrl+C again, or Ctrl+D, leaves\n');
    this.#warned = isEmpty;
    this.#unfinished = [];
    // readline has no call for it: its line, its cursor, and the rows that it believes to have drawn.
    Object.assign(this.#readline, { line: '', cursor: 0, prevRows: 0 });
    this.#prompt();
  }

  /** Lends the whole screen until q is pressed; `draw` is asked each second. */
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
      void this.#take(line);
      return;
    }
    this.#screen.takeBack(line);
    this.#entered.push(line);
  }

  async #take(line: string): Promise<void> {
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
    // The echo that was taken back comes now, behind its own prompt.
    this.#parts.output.write(`${next}\n`);
    await this.#take(next);
  }

  async #complete(line: string): Promise<Completion> {
    try {
      return await this.#parts.backend.complete(line);
    } catch {
      return [[], line];
    }
  }

  #close(): void {
    try {
      this.#readline.close();
    } catch {
      // The terminal itself is gone, and cannot be set back to what it was.
      this.#closed.resolve(undefined);
    }
  }

  #prompt(): void {
    const { name, backend } = this.#parts;
    this.#readline.setPrompt(this.#unfinished.length > 0 ? MORE : `${name}${backend.number}> `);
    this.#readline.prompt(true);
  }
}
