import { processEnvironment } from '../lib/system/environment.ts';
import { History, Terminal, runLines } from '../console/terminal/mod.ts';
import { LogView } from '../console/views/mod.ts';
import { paintFor, wantsColors } from '../console/views/paint.ts';
import type { Shell } from '../console/shell/mod.ts';
import { deferred } from '../lib/time/async.ts';
import { systemClock } from '../lib/time/clock.ts';
import { AmocError } from '../lib/errors.ts';
import { Strays } from '../console/shell/mod.ts';
import { errorLine } from '../console/shell/error-text.ts';
import { Engine } from '../app/engine.ts';
import type { ProcessGuard } from '../app/process-guard.ts';
import { endProcess, exitProcess, guardProcess, keepFromTypedCode } from '../app/process-guard.ts';
import { endSignals, untilSignal } from '../app/signals.ts';
import { historyFile, shortHostname } from './operator.ts';

/** The console: a shell for the processes of this machine and for those that join. At its end the process ends. */
export async function runConsole(): Promise<never> {
  const guard = guardProcess();
  try {
    return await endProcess(await serveConsole(guard));
  } catch (error) {
    // A mistake in the environment is printed where all commands print it.
    if (error instanceof AmocError) throw error;
    process.stderr.write(`amoc: the console has failed: ${errorLine(error)}\n`);
    return await endProcess(1);
  }
}

async function serveConsole(guard: ProcessGuard): Promise<number> {
  const { stdin, stdout, stderr } = process;
  const isTerminal = stdin.isTTY && stdout.isTTY;
  const colors = wantsColors(isTerminal ? stdout : stderr, processEnvironment());
  const paint = paintFor(wantsColors(stdout, processEnvironment()));
  let terminal: Terminal | undefined;
  using view = new LogView({
    clock: systemClock,
    colors,
    write: (text) => {
      if (terminal !== undefined) terminal.write(text);
      else stderr.write(text);
    },
  });
  await using engine = await Engine.start({ onLog: (lines, dropped) => view.add(lines, dropped) });
  const strays = new Strays({ clock: systemClock, log: (line) => engine.logger.error(line) });
  guard.serve((error) => strays.report(error));
  keepFromTypedCode('q() leaves the console');
  let leave = (): void => {};
  let isLeaving = false;
  const shell = engine.openShell({
    paint,
    print: (text) => {
      if (terminal !== undefined) terminal.write(text);
      else stdout.write(text);
    },
    ...(isTerminal
      ? { printAtOnce: (text: string) => terminal?.writeAtOnce(text) }
      : { printError: (text: string) => stderr.write(text) }),
    lend: isTerminal
      ? async (draw) => terminal?.lend((columns) => draw(columns, paint))
      : undefined,
    leave: () => {
      isLeaving = true;
      leave();
    },
  });
  const run: Shell['run'] = async (text, options) => {
    const outcome = await shell.run(text, options);
    // The log lines of an input come before its result.
    view.flush();
    return outcome;
  };
  const stopRuns = async (write: (text: string) => void): Promise<void> => {
    view.flush();
    view.isHeld = true;
    await engine.stopRuns({ force: true }, write);
    view.isHeld = false;
  };
  if (!isTerminal) {
    exitOnBrokenPipe(stdout);
    const ended = untilSignal(...endSignals).then(() => 130);
    const lines = runLines(
      { run },
      { input: stdin, output: stdout, errors: stderr },
      () => isLeaving,
    );
    const code = await Promise.race([lines, ended]);
    guard.leave();
    await stopRuns((text) => stderr.write(text));
    return code;
  }
  const history = new History(historyFile());
  terminal = new Terminal({
    backend: {
      get number() {
        return shell.number;
      },
      run,
      complete: (line) => engine.complete(line),
    },
    history,
    input: stdin,
    output: stdout,
    name: paint.bold(`(amoc@${shortHostname()})`),
  });
  // Ctrl+C must interrupt an endless loop that was typed, but in raw mode it sends no signal.
  // A signal that ends the process must do so at once: a handler would have to wait for the loop.
  const ended = deferred<undefined>();
  const end = (): void => ended.resolve(undefined);
  const handleEnd = (handles: boolean): void => {
    for (const signal of ['SIGTERM', 'SIGHUP']) process[handles ? 'on' : 'off'](signal, end);
  };
  handleEnd(true);
  engine.evaluator.onBlocking = (isBlocking) => {
    stdin.setRawMode(!isBlocking);
    handleEnd(!isBlocking);
  };
  const screen = terminal;
  leave = () => screen.leave();
  stdout.write(`${engine.banner(paint)}help() lists the commands, Tab completes, q() leaves.\n\n`);
  if (history.problem !== undefined) engine.logger.warn(history.problem);
  // While typed code has the terminal to itself, Ctrl+C arrives as a signal.
  process.on('SIGINT', () => screen.interrupt());
  // The terminal may disappear before the process ends.
  stdout.on('error', () => {});
  await Promise.race([terminal.run(), ended.promise]);
  guard.leave();
  terminal.leave({ now: true });
  await stopRuns((text) => stdout.write(text));
  view.flush();
  terminal = undefined;
  return 0;
}

/** A reader that closes the pipe early is not a failure (`… | head -1`); a full disk is. */
function exitOnBrokenPipe(output: NodeJS.WriteStream): void {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') exitProcess(0);
    process.stderr.write(`amoc: standard output cannot be written: ${errorLine(error)}\n`);
    exitProcess(1);
  });
}
