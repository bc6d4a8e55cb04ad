import { createStream } from 'rotating-file-stream';
import type { RotatingFileStream } from 'rotating-file-stream';
import { basename, dirname } from 'node:path';
import type { LogLine } from '../console/log-view.ts';
import { deferred } from '../lib/abort.ts';
import type { Cancel, Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { jsonText } from '../lib/foreign-text.ts';
import { plural } from '../lib/words.ts';

const SIZE = '10M';
/** So many old ones stay. */
const KEPT = 5;
/** Bytes that may wait for a slow disk. */
const MOST_WAITING = 8 * 1024 * 1024;
const RETRY_MS = 5000;
const WARN_LEVEL = 40;

/** What a log file is made of. */
export interface LogFileOptions {
  clock: Clock;
  /** Written into each line: which release it was. */
  version: string;
  /** A file is put aside at this size. @default '10M' */
  size?: `${number}${'K' | 'M'}`;
  /** The file cannot be written, or can be again. */
  onTrouble: (text: string) => void;
}

/**
 * Log lines as JSON in a file, with rotation. A disk that is full costs the lines, and nothing else: it is
 * tried again, and the file says how many are missing.
 */
export class LogFile implements AsyncDisposable {
  readonly #path: string;
  readonly #options: LogFileOptions;
  #stream: RotatingFileStream | undefined;
  #missing = 0;
  #cancelRetry: Cancel | undefined;
  #isInTrouble = false;

  constructor(path: string, options: LogFileOptions) {
    this.#path = path;
    this.#options = options;
    this.#open();
  }

  /** Appends lines; what cannot be written is counted. */
  write(lines: readonly LogLine[]): void {
    const stream = this.#stream;
    if (stream === undefined || stream.writableLength > MOST_WAITING) {
      this.#missing += lines.length;
      return;
    }
    const { clock, version } = this.#options;
    const text = lines.map((line) => `${jsonText({ ...line, amoc: version })}\n`);
    if (this.#missing > 0) {
      const msg = `${plural(this.#missing, 'line')} could not be written here`;
      text.unshift(
        `${JSON.stringify({ level: WARN_LEVEL, time: clock.now(), msg, amoc: version })}\n`,
      );
      this.#missing = 0;
    }
    stream.write(text.join(''), (error) => {
      // A line that got there: the trouble is over.
      if (error || !this.#isInTrouble || this.#stream !== stream) return;
      this.#isInTrouble = false;
      this.#options.onTrouble(`${this.#path} is written again`);
    });
  }

  /** Writes what waits, and closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelRetry?.();
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream === undefined) return;
    const closed = deferred<undefined>();
    stream.once('close', () => closed.resolve(undefined));
    stream.end();
    await closed.promise;
  }

  #open(): void {
    const name = basename(this.#path);
    const stream = createStream((index) => numbered(name, index), {
      path: dirname(this.#path),
      size: this.#options.size ?? SIZE,
      rotate: KEPT,
      mode: 0o600,
    });
    this.#stream = stream;
    stream.on('error', (error) => this.#fail(stream, error));
    stream.on('warning', (error) => this.#options.onTrouble(`${this.#path}: ${messageOf(error)}`));
  }

  #fail(stream: RotatingFileStream, error: unknown): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    this.#cancelRetry = this.#options.clock.schedule(RETRY_MS, () => this.#open(), {
      background: true,
    });
    // Once: it is tried again and again.
    if (this.#isInTrouble) return;
    this.#isInTrouble = true;
    this.#options.onTrouble(
      `${this.#path} cannot be written (${messageOf(error)}); what is logged is lost there until it can, and the run goes on`,
    );
  }
}

/** The file itself, and those that were put aside: `.1` is the newest of them. */
function numbered(name: string, index: number | Date | null): string {
  return index === null ? name : `${name}.${String(index)}`;
}
