import { closeSync, existsSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { messageOf } from '../lib/errors.ts';
import { UsageError } from './command-line.ts';

/** A file that is written at the end of a run. Whether it can be written is checked before the run starts. */
export class ResultFile implements Disposable {
  readonly #path: string;
  readonly #isNew: boolean;
  #isWritten = false;

  /**
   * Opens the file; its content stays until {@link write}.
   *
   * @param option the option that names it, as in `--junit`
   * @throws {UsageError} when it cannot be written
   */
  constructor(option: string, path: string) {
    this.#path = path;
    this.#isNew = !existsSync(path);
    try {
      closeSync(openSync(path, 'a'));
    } catch (error) {
      throw new UsageError(`${option}: ${path} cannot be written: ${messageOf(error)}`);
    }
  }

  /** Replaces its content. @returns why that failed, if it did */
  write(text: string): string | undefined {
    try {
      writeFileSync(this.#path, text);
      this.#isWritten = true;
      return undefined;
    } catch (error) {
      return `${this.#path} cannot be written: ${messageOf(error)}`;
    }
  }

  /** A run that never started leaves no empty file behind. */
  [Symbol.dispose](): void {
    if (this.#isNew && !this.#isWritten) rmSync(this.#path, { force: true });
  }
}
