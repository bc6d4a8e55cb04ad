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

  /** @param text complete lines, each with its line end */
  above(text: string): void {
    const output = this.#output;
    output.cork();
    try {
      moveCursor(output, 0, -this.#input.getCursorPos().rows);
      cursorTo(output, 0);
      clearScreenDown(output);
      output.write(text);
      // Node.js redraws from the row where it believes that the prompt begins: that is this row now.
      (this.#input as { prevRows?: number }).prevRows = 0;
      this.#input.prompt(true);
    } finally {
      output.uncork();
    }
  }

  /** Erases the echo of a line that was entered too early: the line is shown when its turn comes. */
  takeBack(line: string): void {
    const output = this.#output;
    moveCursor(output, 0, -(this.#rowOfEnd(line) + 1));
    cursorTo(output, 0);
    clearScreenDown(output);
  }

  /** Moves the cursor after the last character of what is being typed, which may have several rows. */
  toEnd(): void {
    this.#input.write(null, { ctrl: true, name: 'e' });
  }

  /** The row in which a line drawn by readline ends, with the widths that readline gives to characters. */
  #rowOfEnd(line: string): number {
    const input = this.#input;
    const { line: current, cursor } = input;
    // readline computes the position only for its current line.
    Object.assign(input, { line, cursor: line.length });
    const { rows } = input.getCursorPos();
    Object.assign(input, { line: current, cursor });
    return rows;
  }
}
