import { createStream } from 'rotating-file-stream';
import type { RotatingFileStream } from 'rotating-file-stream';
import { basename, dirname } from 'node:path';
import type { LogLine } from '../console/views/mod.ts';
import { deferred } from '../lib/time/async.ts';
import type { Cancel, Clock } from '../lib/time/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { jsonText } from '../lib/text/foreign-text.ts';
import { plural } from '../lib/text/plural.ts';

const SIZE = '10M';
/** This many old files are kept. */
const KEPT = 5;
/** Bytes that may wait for a slow disk. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
const RETRY_MS = 5000;
const WARN_LEVEL = 40;

/** Options of a log file. */
export interface LogFileOptions {
  clock: Clock;
  /** The release, which is written into each line. */
  version: string;
  /** The file is rotated at this size. @default '10M' */
  size?: `${number}${'K' | 'M'}`;
  /** Called when the file cannot be written, and when it can be written again. */
  onTrouble: (text: string) => void;
}

/**
 * Log lines as JSON in a file, with rotation. A full disk costs the lines, and nothing else: the file is opened
 * again later, and then says how many lines are missing.
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
    if (stream === undefined || stream.writableLength > MAX_WAITING_BYTES) {
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
      // A line was written: the trouble is over.
      if (error || !this.#isInTrouble || this.#stream !== stream) return;
      this.#isInTrouble = false;
      this.#options.onTrouble(`${this.#path} can be written again`);
    });
  }

  /** Writes the waiting lines, and closes the file. */
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
    // Reported once, although the file is tried repeatedly.
    if (this.#isInTrouble) return;
    this.#isInTrouble = true;
    this.#options.onTrouble(
      `${this.#path} cannot be written (${messageOf(error)}); log lines are lost until it can be written again, and the run continues`,
    );
  }
}

/** The name of the file itself, or of a rotated one: `.1` is the newest of them. */
function numbered(name: string, index: number | Date | null): string {
  return index === null ? name : `${name}.${String(index)}`;
}
