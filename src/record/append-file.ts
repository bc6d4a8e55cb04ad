import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';

const NEWLINE = 0x0a;

/** A file whose lines are appended completely or not at all, readable by its owner alone. */
export class AppendFile {
  readonly #file: number;
  #size: number;

  /** Opens or creates the file. An incomplete last line, from a process that was killed, is ended. */
  constructor(path: string) {
    this.#file = openSync(path, 'a+', 0o600);
    this.#size = fstatSync(this.#file).size;
    const last = Buffer.alloc(1);
    if (this.#size > 0) readSync(this.#file, last, 0, 1, this.#size - 1);
    if (this.#size > 0 && last[0] !== NEWLINE) this.append('');
  }

  /** Appends a line. @throws the error of the system; then no part of the line is in the file */
  append(line: string): void {
    const bytes = Buffer.from(`${line}\n`);
    let at = 0;
    try {
      while (at < bytes.length) at += writeSync(this.#file, bytes, at);
    } catch (error) {
      // A disk may take a part of the line before it is full. Truncating the file needs no room.
      if (at > 0) ftruncateSync(this.#file, this.#size);
      throw error;
    }
    this.#size += bytes.length;
  }

  close(): void {
    closeSync(this.#file);
  }
}
