import { syncBuiltinESMExports } from 'node:module';
import { errorLine } from '../console/shell/error-text.ts';
import { callingShell } from '../console/shell/mod.ts';
import { deferred } from '../lib/time/async.ts';
import { AmocError, systemCode } from '../lib/errors.ts';

/** Ends the process, also where {@link keepFromTypedCode} has taken `process.exit` away from typed code. */
export const exitProcess = process.exit.bind(process);

/** Ends the process once its output is written: timers and sockets of typed code must not keep it. */
export async function endProcess(code: number): Promise<never> {
  const { promise, resolve } = deferred<undefined>();
  process.stdout.write('', () => resolve(undefined));
  // A reader that has stopped reading must not keep it either.
  setTimeout(() => resolve(undefined), FLUSH_MS);
  await promise;
  const failed = process.exitCode === undefined ? 0 : Number(process.exitCode);
  return exitProcess(code === 0 ? failed : code);
}

const FLUSH_MS = 1000;

/** After these nothing in the process works any more. */
const FATAL_CODES = ['ENOMEM', 'ERR_MEMORY_ALLOCATION_FAILED'];

/** What a process does with errors that no code waits for. */
export interface ProcessGuard {
  /** The process serves: from now on such an error is reported, and the process continues. */
  serve(report: (error: unknown) => void): void;
  /** The process is ending: commands that fail because of that are not reported. */
  leave(): void;
}

/**
 * Handles the errors that would end the process with a stack trace of Node.js: uncaught exceptions and unhandled
 * rejections. Until the process serves, and when it has no memory left, they still end it, but with a sentence.
 *
 * @param fail prints the sentence; to standard error when left out
 */
export function guardProcess(
  fail: (sentence: string) => void = (sentence) => process.stderr.write(`amoc: ${sentence}\n`),
): ProcessGuard {
  let report: ((error: unknown) => void) | undefined;
  let isLeaving = false;
  const handle = (error: unknown): void => {
    try {
      if (isLeaving) {
        if (callingShell() !== undefined || error instanceof AmocError) return;
        fail(errorLine(error));
        process.exitCode = 1;
      } else if (report !== undefined && !isFatal(error)) report(error);
      else {
        fail(errorLine(error));
        exitProcess(1);
      }
    } catch {
      // The error cannot be reported; an error that is thrown here would come back here.
    }
  };
  // If standard error cannot be written, reporting that would fail in its turn, forever.
  process.stderr.on('error', () => {});
  process.on('uncaughtException', handle);
  process.on('unhandledRejection', handle);
  // Otherwise Node.js warns on the screen when a rejection that was reported gets a handler after all.
  process.on('rejectionHandled', () => {});
  return {
    serve: (to) => {
      report = to;
    },
    leave: () => {
      isLeaving = true;
    },
  };
}

function isFatal(error: unknown): boolean {
  return callingShell() === undefined && FATAL_CODES.includes(systemCode(error) ?? '');
}

/**
 * Keeps typed code from ending the process: other operators may be attached, and a run would be lost.
 *
 * @param advice what to type instead
 */
export function keepFromTypedCode(advice: string): void {
  const abort = process.abort.bind(process);
  const kill = process.kill.bind(process);
  const refuse = (name: string): void => {
    if (callingShell() !== undefined) throw new AmocError('ARGUMENT', `${name}: ${advice}`);
  };
  process.exit = (code): never => {
    refuse('process.exit');
    return exitProcess(code);
  };
  process.abort = (): never => {
    refuse('process.abort');
    return abort();
  };
  process.kill = (pid, signal): true => {
    // 0 means the group of the process.
    if ((pid === process.pid || pid === 0) && signal !== 0) refuse('process.kill');
    return kill(pid, signal);
  };
  // So that `import … from 'node:process'` gives the new functions.
  syncBuiltinESMExports();
}
