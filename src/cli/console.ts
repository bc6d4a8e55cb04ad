import { History } from '../console/history.ts';
import { runLines } from '../console/lines.ts';
import { LogView } from '../console/log-view.ts';
import { paintFor, wantsColors } from '../console/paint.ts';
import type { Shell } from '../console/shell.ts';
import { Terminal } from '../console/terminal.ts';
import { deferred } from '../lib/abort.ts';
import { systemClock } from '../lib/clock.ts';
import { AmocError } from '../lib/errors.ts';
import { Strays } from '../console/strays.ts';
import { errorLine } from '../console/error-text.ts';
import { Engine } from './engine.ts';
import type { ProcessGuard } from './process-guard.ts';
import { endProcess, exitProcess, guardProcess, keepFromTypedCode } from './process-guard.ts';
import { historyFile, shortHostname, untilSignal } from './seat.ts';

/** The console: a shell over the processes of this machine, and over those that join. It ends the process. */
export async function runConsole(): Promise<never> {
  const guard = guardProcess();
  try {
    return await endProcess(await serveConsole(guard));
  } catch (error) {
    // What the environment has wrong is said where all commands say it.
    if (error instanceof AmocError) throw error;
    process.stderr.write(`amoc: the console has failed: ${errorLine(error)}\n`);
    return await endProcess(1);
  }
}

async function serveConsole(guard: ProcessGuard): Promise<number> {
  const { stdin, stdout, stderr } = process;
  const isTerminal = stdin.isTTY && stdout.isTTY;
  const colors = wantsColors(isTerminal ? stdout : stderr, process.env);
  const paint = paintFor(wantsColors(stdout, process.env));
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
    // What it has logged comes before what came of it.
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
    const ended = untilSignal('SIGINT', 'SIGTERM', 'SIGHUP').then(() => 130);
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
  // Ctrl+C must reach an endless loop that is typed: the terminal's raw mode would keep it to itself.
  // And a signal that ends the process must do so: whoever handles it would have to wait for the loop.
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
  // While typed code has the terminal to itself, Ctrl+C comes as a signal.
  process.on('SIGINT', () => screen.interrupt());
  // The terminal may be gone before the process is.
  stdout.on('error', () => {});
  await Promise.race([terminal.run(), ended.promise]);
  guard.leave();
  terminal.leave({ now: true });
  await stopRuns((text) => stdout.write(text));
  view.flush();
  terminal = undefined;
  return 0;
}

/** A reader of the output that has had enough is no failure (`… | head -1`); a disk that is full is one. */
function exitOnBrokenPipe(output: NodeJS.WriteStream): void {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') exitProcess(0);
    process.stderr.write(`amoc: standard output cannot be written: ${errorLine(error)}\n`);
    exitProcess(1);
  });
}
