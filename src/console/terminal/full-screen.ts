import type { ReadStream, WriteStream } from 'node:tty';
import { deferred } from '../../lib/time/async.ts';
import { errorLine } from '../shell/error-text.ts';

interface Key {
  name?: string;
  ctrl?: boolean;
}

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';

/**
 * The alternate screen of a terminal, where nothing scrolls: redrawn each period and at each change of the
 * window, until q, Escape or Ctrl+C. Afterwards the normal screen is shown again.
 */
export class FullScreen {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #done = deferred<undefined>();
  #isOver = false;

  constructor(input: ReadStream, output: WriteStream) {
    this.#input = input;
    this.#output = output;
  }

  /** @param draw gives the lines; what does not fit is cut off */
  async run(draw: (columns: number) => Promise<string>, periodMs: number): Promise<void> {
    const input = this.#input;
    const output = this.#output;
    // The line editor must not get these keys.
    const theirs = input.listeners('keypress') as ((text: string, key: Key) => void)[];
    input.removeAllListeners('keypress');
    input.on('keypress', this.#onKey);
    const redraw = (): void => {
      void this.#draw(draw);
    };
    output.on('resize', redraw);
    output.write(ENTER);
    const timer = setInterval(redraw, periodMs);
    try {
      await this.#draw(draw);
      await this.#done.promise;
    } finally {
      clearInterval(timer);
      output.off('resize', redraw);
      input.off('keypress', this.#onKey);
      for (const listener of theirs) input.on('keypress', listener);
      output.write(LEAVE);
    }
  }

  leave(): void {
    this.#isOver = true;
    this.#done.resolve(undefined);
  }

  readonly #onKey = (_text: string | undefined, key: Key | undefined): void => {
    const { name, ctrl = false } = key ?? {};
    if (name === 'q' || name === 'escape' || (ctrl && (name === 'c' || name === 'd'))) this.leave();
  };

  async #draw(draw: (columns: number) => Promise<string>): Promise<void> {
    const { columns, rows } = this.#output;
    const text = await draw(columns).catch((error: unknown) => errorLine(error));
    if (this.#isOver) return;
    const lines = [...text.split('\n').slice(0, rows - 1), '  q leaves'];
    this.#output.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\r\n')}\x1b[J`);
  }
}
