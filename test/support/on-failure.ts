import { afterEach } from 'node:test';

/** Text that helps to understand a failing test. */
export interface FailureNote {
  /** A few lines, or nothing. */
  text(): string;
  /** Whether later tests of the file may need it too, as that of a server which runs for all of them. */
  readonly isLive: boolean;
}

const notes = new Set<FailureNote>();
let wasPrinted = false;

/** From now on a test that fails prints this note below its error. */
export function printOnFailure(note: FailureNote): void {
  notes.add(note);
}

/** The text of all notes. */
export function failureNotes(): string {
  return [...notes]
    .map((note) => note.text())
    .filter((text) => text !== '')
    .join('\n');
}

/** `node:test` passes more than its types say. */
interface EndedTest {
  passed: boolean;
  error: (Error & { cause?: unknown }) | null;
  diagnostic(message: string): void;
}

/** Outside of a test, as in `make docs`, a hook would make Node.js print an empty report. */
const isTest = /\.test\.m?js$/.test(process.argv[1] ?? '');

const printNotes = (context: unknown): void => {
  const test = context as EndedTest;
  if (!test.passed) {
    const text = failureNotes();
    // The stack is what reporters print, beside the test and again at the end.
    const cause = test.error?.cause ?? test.error;
    if (text !== '') {
      wasPrinted = true;
      if (cause instanceof Error) cause.stack = `${cause.stack ?? String(cause)}\n${text}\n`;
      else test.diagnostic(text);
    }
  }
  for (const each of notes) if (!each.isLive) notes.delete(each);
};
if (isTest) afterEach(printNotes);

// After a failed `before` hook no test ends: then the notes are printed when the file ends.
process.once('exit', (code) => {
  const text = code === 0 || wasPrinted ? '' : failureNotes();
  if (text !== '') process.stderr.write(`${text}\n`);
});
