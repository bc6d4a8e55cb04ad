import { processEnvironment } from '../lib/system/environment.ts';
import { readlinkSync } from 'node:fs';
import { AttachClient } from '../attach/client.ts';
import type { AttachOptions } from '../attach/client.ts';
import type { NodeFolder } from '../attach/node-folder.ts';
import { History, Terminal, runLines } from '../console/terminal/mod.ts';
import { paintFor, wantsColors } from '../console/views/paint.ts';
import { AmocError } from '../lib/errors.ts';
import { oneLine } from '../lib/text/foreign-text.ts';
import { userName } from '../lib/system/os-account.ts';
import { demandRunning } from './background.ts';
import type { ProcessGuard } from '../app/process-guard.ts';
import { guardProcess } from '../app/process-guard.ts';
import { untilSignal } from '../app/signals.ts';
import { historyFile, shortHostname } from './operator.ts';
import { nodeFolder } from '../app/node-options.ts';

/**
 * `amoc attach`: the console of a node that runs in the background. Ctrl+D leaves the node running. Without a
 * terminal, lines are read from standard input.
 *
 * @returns the exit code: 1 when the node ended, or a line failed
 * @throws {AmocError} `NO_RUN` when no such node runs
 */
export async function attach({ name }: { name?: string | undefined }): Promise<number> {
  const folder = nodeFolder(name);
  demandRunning(folder);
  const { stdin, stdout, stderr } = process;
  const guard = guardClient(folder);
  const isTerminal = stdin.isTTY && stdout.isTTY;
  if (!isTerminal) return await attachLines(folder, guard);
  const paint = paintFor(wantsColors(stdout, processEnvironment()));
  const screen: { terminal?: Terminal } = {};
  using client = await dial(folder, {
    colors: paint.level,
    onPrint: (text) => {
      if (screen.terminal === undefined) stdout.write(text);
      else screen.terminal.write(text);
    },
    onLend: async (draw) => screen.terminal?.lend(draw),
    onLeave: () => screen.terminal?.leave(),
  });
  const history = new History(historyFile());
  const terminal = new Terminal({
    backend: client,
    history,
    input: stdin,
    output: stdout,
    name: paint.bold(`(${client.name}@${shortHostname()})`),
  });
  screen.terminal = terminal;
  stdout.write(
    `${client.banner}Ctrl+D detaches; the node and its run continue. help() lists the commands.\n\n`,
  );
  if (history.problem !== undefined) stderr.write(`${history.problem}\n`);
  // The terminal may disappear before this process ends.
  stdout.on('error', () => {});
  const left = terminal.run().then(() => undefined);
  const ended = await Promise.race([left, client.closed, untilSignal('SIGTERM', 'SIGHUP')]);
  guard.leave();
  terminal.leave({ now: true });
  if (ended === undefined) stdout.write(`detached; '${client.name}' is still running\n`);
  else stdout.write(`\n${paint.red(`** ${oneLine(ended)}`)}\n`);
  return ended === undefined ? 0 : 1;
}

/**
 * `amoc eval`: evaluates one input in a node and prints its value.
 *
 * @returns the exit code: 1 when the input failed
 * @throws {AmocError} `NO_RUN` when no such node runs
 */
export async function evaluate(
  text: string,
  { name, json = false }: { name?: string | undefined; json?: boolean | undefined },
): Promise<number> {
  const folder = nodeFolder(name);
  demandRunning(folder);
  const { stdout, stderr } = process;
  const guard = guardClient(folder);
  using client = await dial(folder, {
    colors: json ? 0 : paintFor(wantsColors(stdout, processEnvironment())).level,
    quiet: true,
    onPrint: (printed, isError) => (json || isError ? stderr : stdout).write(printed),
  });
  const interrupted = new AbortController();
  process.on('SIGINT', () => interrupted.abort());
  const outcome = await client.run(text, { signal: interrupted.signal, json });
  guard.leave();
  switch (outcome.kind) {
    case 'ok':
      if (outcome.text !== '') stdout.write(`${outcome.text}\n`);
      return 0;
    case 'empty':
      return 0;
    case 'incomplete':
      stderr.write('** error: the input ends in the middle of a command\n');
      return 1;
    case 'error':
      stderr.write(`${outcome.text}\n`);
      return 1;
  }
}

async function attachLines(folder: NodeFolder, guard: ProcessGuard): Promise<number> {
  const { stdin, stdout, stderr } = process;
  let isLeaving = false;
  using client = await dial(folder, {
    colors: paintFor(wantsColors(stdout, processEnvironment())).level,
    quiet: true,
    onPrint: (text, isError) => (isError ? stderr : stdout).write(text),
    onLeave: () => (isLeaving = true),
  });
  const streams = { input: stdin, output: stdout, errors: stderr };
  const code = await runLines(client, streams, () => isLeaving);
  guard.leave();
  return code;
}

/** A failure in an attached console does not affect its node. */
function guardClient({ name }: NodeFolder): ProcessGuard {
  return guardProcess((sentence) => {
    process.stderr.write(
      `amoc: this console has failed, but node '${name}' is still running: ${sentence}\n`,
    );
  });
}

async function dial(
  folder: NodeFolder,
  options: Omit<AttachOptions, 'who'>,
): Promise<AttachClient> {
  try {
    return await AttachClient.dial(folder.socket, { who: whoAmI(), ...options });
  } catch (error) {
    if (!(error instanceof AmocError)) throw error;
    throw new AmocError(error.code, `'${folder.name}': ${error.message}`, { cause: error });
  }
}

/** The operator and the terminal, as in `anna@pts/3`. */
function whoAmI(): string {
  const user = userName().replace(/[^\w.-]/g, '_') || 'unknown';
  try {
    const terminal = readlinkSync('/proc/self/fd/0').replace(/^\/dev\//, '');
    if (/^(pts\/|tty)\d+$/.test(terminal)) return `${user}@${terminal}`;
  } catch {
    // No /proc here.
  }
  return `${user}@${process.pid}`;
}
