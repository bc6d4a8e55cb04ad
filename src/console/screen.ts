import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import type { Interface } from 'node:readline';
import type { WriteStream } from 'node:tty';

/** Writes above the line that is being typed, and leaves it as it was. */
export class Screen {
  readonly #input: Interface;
  readonly #output: WriteStream;

  constructor(input: Interface, output: WriteStream) {
    this.#input = input;
    this.#output = output;
  }

  /** @param text whole lines, each with its end */
  above(text: string): void {
    const output = this.#output;
    output.cork();
    moveCursor(output, 0, -this.#input.getCursorPos().rows);
    cursorTo(output, 0);
    clearScreenDown(output);
    output.write(text);
    // Node redraws from the row where it believes the prompt to begin: that is here now.
    (this.#input as { prevRows?: number }).prevRows = 0;
    this.#input.prompt(true);
    output.uncork();
  }

  /** Takes back the echo of a line that was entered too early: it is shown when its turn comes. */
  takeBack(line: string): void {
    const output = this.#output;
    const width = Math.max(1, output.columns);
    const rows = Math.floor(line.length / width) + 1;
    moveCursor(output, 0, -rows);
    cursorTo(output, 0);
    clearScreenDown(output);
  }
}
