import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { StatusView } from '../../src/control/views.ts';
import { eventually } from './eventually.ts';

/** A console driven line by line through a pipe; each line's value is JSON behind a mark. */
export class Shell {
  readonly process: ChildProcessWithoutNullStreams;
  text = '';
  #asked = 0;

  /** @param process whose input is written to, and whose output is read */
  constructor(process: ChildProcessWithoutNullStreams) {
    this.process = process;
    for (const stream of [process.stdout, process.stderr])
      stream.on('data', (data) => (this.text += String(data)));
    process.stdin.on('error', () => {});
  }

  type(line: string): void {
    this.process.stdin.write(`${line}\n`);
  }

  /** Waits until a text is there. */
  async see(pattern: RegExp, limitMs = 30_000): Promise<void> {
    await eventually(
      () => this.text,
      (text) => pattern.test(text),
      limitMs,
    );
  }

  async value<T>(expression: string): Promise<T> {
    const mark = `value-${++this.#asked}=`;
    this.type(`console.log('${mark}' + JSON.stringify(await ${expression}))`);
    const answer = new RegExp(`${mark}(.*)\\n`);
    await this.see(answer);
    return JSON.parse(answer.exec(this.text)?.[1] ?? '') as T;
  }

  status(): Promise<StatusView> {
    return this.value('amocDist.status()');
  }

  async until(done: (status: StatusView) => boolean, limitMs: number): Promise<StatusView> {
    return eventually(() => this.status(), done, limitMs);
  }
}
