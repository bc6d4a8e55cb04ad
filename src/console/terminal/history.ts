import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, systemCode } from '../../lib/errors.ts';

/** Lines that a console remembers. */
const MAX_LINES = 1000;
/** A longer file is cut to {@link MAX_LINES} when a console starts. */
const COMPACT_AT_LINES = 3000;
const MAX_LINE_LENGTH = 10_000;
/** A lock older than this was left behind by a crash. */
const STALE_LOCK_MS = 10_000;

/**
 * The lines that were typed, in a file that consoles share: each line is appended in one write, so two
 * consoles at once lose nothing. Only its owner can read the file.
 */
export class History {
  readonly #path: string;
  #broken: string | undefined;
  #last: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Why lines are not saved; `undefined` when they are. */
  get problem(): string | undefined {
    return this.#broken;
  }

  /** The lines of earlier sessions, the newest first, as readline wants them. */
  load(): string[] {
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      appendFileSync(this.#path, '', { mode: 0o600 });
      const lines = readFileSync(this.#path, 'utf8')
        .split('\n')
        .filter((line) => line !== '');
      if (lines.length > COMPACT_AT_LINES) this.#compact();
      return lines.slice(-MAX_LINES).reverse();
    } catch (error) {
      this.#broken = `the input history is not saved: ${messageOf(error)}`;
      return [];
    }
  }

  /** Saves a line, unless it is blank, begins with a space, or repeats the line before it. */
  add(line: string): void {
    if (this.#broken !== undefined || line.trim() === '' || line.startsWith(' ')) return;
    if (line === this.#last || line.length > MAX_LINE_LENGTH) return;
    this.#last = line;
    try {
      appendFileSync(this.#path, `${line}\n`, { mode: 0o600 });
    } catch (error) {
      this.#broken = `the input history is no longer saved: ${messageOf(error)}`;
    }
  }

  /** Cuts the file, unless another console is doing that. */
  #compact(): void {
    const lock = `${this.#path}.lock`;
    try {
      writeFileSync(lock, '', { flag: 'wx', mode: 0o600 });
    } catch (error) {
      if (systemCode(error) === 'EEXIST') removeWhenStale(lock);
      return;
    }
    try {
      const lines = readFileSync(this.#path, 'utf8')
        .split('\n')
        .filter((line) => line !== '');
      writeFileSync(`${this.#path}.new`, `${lines.slice(-MAX_LINES).join('\n')}\n`, {
        mode: 0o600,
      });
      renameSync(`${this.#path}.new`, this.#path);
    } finally {
      rmSync(lock, { force: true });
    }
  }
}

function removeWhenStale(lock: string): void {
  const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Infinity);
  if (age > STALE_LOCK_MS) rmSync(lock, { force: true });
}
