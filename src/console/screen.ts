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
    try {
      moveCursor(output, 0, -this.#input.getCursorPos().rows);
      cursorTo(output, 0);
      clearScreenDown(output);
      output.write(text);
      // Node redraws from the row where it believes the prompt to begin: that is here now.
      (this.#input as { prevRows?: number }).prevRows = 0;
      this.#input.prompt(true);
    } finally {
      output.uncork();
    }
  }

  /** Takes back the echo of a line that was entered too early: it is shown when its turn comes. */
  takeBack(line: string): void {
    const output = this.#output;
    moveCursor(output, 0, -(this.#rowOfEnd(line) + 1));
    cursorTo(output, 0);
    clearScreenDown(output);
  }

  /** Moves the cursor behind the last character of what is being typed, which may have several rows. */
  toEnd(): void {
    this.#input.write(null, { ctrl: true, name: 'e' });
  }

  /** The row in which a line ends that readline has drawn: characters have a width of their own there. */
  #rowOfEnd(line: string): number {
    const input = this.#input;
    const { line: current, cursor } = input;
    // It knows the place of its own line alone.
    Object.assign(input, { line, cursor: line.length });
    const { rows } = input.getCursorPos();
    Object.assign(input, { line: current, cursor });
    return rows;
  }
}
