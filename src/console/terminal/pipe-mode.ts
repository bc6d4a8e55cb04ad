import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { withoutByteOrderMark } from '../../lib/text/utf8-text.ts';
import type { Shell } from '../shell/shell.ts';

/** Where lines come from and results go. */
export interface LineStreams {
  input: Readable;
  output: Writable;
  errors: Writable;
}

/**
 * Evaluates lines from a pipe or a file, one after the other. Results go to `output`; the first error goes
 * to `errors` with its line number, and ends the evaluation.
 *
 * @param isLeaving whether a line has asked to leave
 * @returns the exit code: 0, or 1 when a line failed or the last one is not finished
 */
export async function runLines(
  shell: Pick<Shell, 'run'>,
  { input, output, errors }: LineStreams,
  isLeaving: () => boolean,
): Promise<number> {
  const unfinished: string[] = [];
  let number = 0;
  let began = 0;
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    number++;
    if (unfinished.length === 0) began = number;
    unfinished.push(number === 1 ? withoutByteOrderMark(line) : line);
    const outcome = await shell.run(unfinished.join('\n'));
    if (outcome.kind === 'incomplete') continue;
    unfinished.length = 0;
    if (outcome.kind === 'error') {
      errors.write(`stdin:${began}: ${outcome.text}\n`);
      return 1;
    }
    if (outcome.kind === 'ok' && outcome.text !== '') output.write(`${outcome.text}\n`);
    if (isLeaving()) return 0;
  }
  if (unfinished.length === 0) return 0;
  errors.write(`stdin:${began}: the input ends in the middle of a command\n`);
  return 1;
}
