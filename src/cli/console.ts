import { Console } from 'node:console';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import pino from 'pino';
import { builtInVariables } from '../config/run-variables.ts';
import { makeClusterObject } from '../console/cluster-object.ts';
import { shellCommands } from '../console/command-table.ts';
import { complete } from '../console/completion.ts';
import type { CompletionSources } from '../console/completion.ts';
import { loadCompiler } from '../console/erase.ts';
import { Evaluator } from '../console/evaluator.ts';
import { document, help } from '../console/help.ts';
import { History } from '../console/history.ts';
import { runLines } from '../console/lines.ts';
import { LogView } from '../console/log-view.ts';
import type { LogLine } from '../console/log-view.ts';
import { paintFor, wantsColors } from '../console/paint.ts';
import type { Paint } from '../console/paint.ts';
import { plural } from '../lib/words.ts';
import { Shell } from '../console/shell.ts';
import { shown } from '../console/shown.ts';
import type { LendScreen } from '../console/watch.ts';
import { Terminal } from '../console/terminal.ts';
import { sleep } from '../lib/abort.ts';
import { systemClock } from '../lib/clock.ts';
import { toMs } from '../lib/duration.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { didYouMean } from '../lib/nearest.ts';
import { show } from '../lib/show.ts';
import { userStates } from '../master/arguments.ts';
import type { Master } from '../master/master.ts';
import { strategies } from '../placement/placement.ts';
import { listScenarios } from '../scenario/catalogue.ts';
import { startDistributedMaster } from './distributed-master.ts';
import { projectFolder, scenariosFolder, VERSION } from './installation.ts';
import { makeObservers } from './observers.ts';
import { startLocalCluster } from './local-cluster.ts';
import type { ClusterEvents, LocalCluster } from './local-cluster.ts';

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** The console: a shell over the processes of this machine, and over those that join. */
export async function runConsole(): Promise<number> {
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
  const logger = pino(
    { base: null, level: process.env['AMOC_LOG_LEVEL'] ?? 'info' },
    { write: (line: string) => view.add([JSON.parse(line) as LogLine]) },
  );
  const events: ClusterEvents = {
    notice: ({ level, text }) => logger[level](text),
    logs: (records, dropped) => view.add(records, dropped),
  };
  await using observers = await makeObservers(['amocLocal', 'amocDist'], events.notice);
  const ofCluster = (name: string): ClusterEvents => ({ ...events, observers: observers.of(name) });
  await using local = await startLocalCluster(ofCluster('amocLocal'));
  await using distributed = await startDistributedMaster(ofCluster('amocDist'), (name) =>
    local.master.compile(name),
  );
  await observers.listen();
  let leave = (): void => {};
  let isLeaving = false;
  const print = (text: string): void => {
    if (terminal !== undefined) terminal.write(text);
    else stdout.write(text);
  };
  const lend: LendScreen | undefined = isTerminal
    ? async (draw) => terminal?.lend((columns) => draw(columns, paint))
    : undefined;
  const shell = makeShell(paint, [local.master, distributed.master], lend, logger, print, () => {
    isLeaving = true;
    leave();
  });
  if (!isTerminal) {
    exitOnBrokenPipe(stdout);
    const ended = untilSignal('SIGINT', 'SIGTERM', 'SIGHUP').then(() => 130);
    const lines = runLines(
      shell.shell,
      { input: stdin, output: stdout, errors: stderr },
      () => isLeaving,
    );
    const code = await Promise.race([lines, ended]);
    await stopRuns([local.master, distributed.master], view, (text) => stderr.write(text));
    return code;
  }
  const history = new History(historyFile());
  terminal = new Terminal({
    backend: {
      get number() {
        return shell.shell.number;
      },
      run: (text, options) => shell.shell.run(text, options),
      complete: (line) => complete(line, sources(local, shell.evaluator)),
    },
    history,
    input: stdin,
    output: stdout,
    name: paint.bold(`(amoc@${hostname().split('.', 1)[0]})`),
  });
  // Ctrl+C must reach an endless loop that is typed: the terminal's raw mode would keep it to itself.
  shell.evaluator.onBlocking = (isBlocking) => stdin.setRawMode(!isBlocking);
  const screen = terminal;
  leave = () => screen.leave();
  stdout.write(banner(local, paint));
  if (history.problem !== undefined) logger.warn(history.problem);
  // TypeScript takes half a second to load: while one reads the banner.
  setTimeout(() => void loadCompiler(), 30);
  // While typed code has the terminal to itself, Ctrl+C comes as a signal.
  process.on('SIGINT', () => screen.interrupt());
  // The terminal may be gone before the process is.
  stdout.on('error', () => {});
  await Promise.race([terminal.run(), untilSignal('SIGTERM', 'SIGHUP')]);
  terminal.leave({ now: true });
  await stopRuns([local.master, distributed.master], view, (text) => stdout.write(text));
  view.flush();
  terminal = undefined;
  return 0;
}

function makeShell(
  paint: Paint,
  [local, distributed]: [Master, Master],
  lend: LendScreen | undefined,
  logger: pino.Logger,
  print: (text: string) => void,
  quit: () => void,
): { shell: Shell; evaluator: Evaluator } {
  const amocLocal = makeClusterObject('amocLocal', local, lend);
  const amocDist = makeClusterObject('amocDist', distributed, lend);
  const functions = {
    help: (topic?: unknown) => help(topic),
    scenarios: () => {
      const names = listScenarios(scenariosFolder());
      return shown(names, () =>
        names.length === 0 ? `  none in ${scenariosFolder()}` : `  ${names.join(', ')}`,
      );
    },
    c: async (name: unknown) => {
      const { packages, files } = await local.compile(name);
      const value = { files: files.map(({ path }) => path), packages };
      return shown(value, () => `ok: ${String(name)} compiles (${plural(files.length, 'file')})`);
    },
    v: (number: unknown): unknown => shell.value(number),
    sleep: (duration: unknown) => sleep(toMs(duration as number)),
    user: (id: unknown): unknown => {
      const isDistributed = local.state.is === 'idle' && distributed.state.is !== 'idle';
      const object = isDistributed ? amocDist : amocLocal;
      return (object as { user(id: unknown): unknown }).user(id);
    },
    logLevel: async (level: unknown) => {
      if (!LEVELS.includes(level as (typeof LEVELS)[number])) {
        throw new AmocError(
          'ARGUMENT',
          `logLevel: there is no level ${show(level)}${didYouMean(level, LEVELS)}`,
        );
      }
      const text = level as (typeof LEVELS)[number];
      logger.level = text;
      await Promise.all([local.logLevel(text), distributed.logLevel(text)]);
      return shown({ level: text }, () => `ok: log lines of level ${text} and above are shown`);
    },
    q: () => {
      quit();
    },
  };
  for (const doc of shellCommands) document(functions[doc.name], doc);
  const evaluator = new Evaluator(
    {
      ...functions,
      console: consoleTo(print, paint),
      amocLocal,
      amocDist,
    },
    projectFolder(),
  );
  const shell: Shell = new Shell(evaluator, paint);
  return { shell, evaluator };
}

/** `console.log` and the like, above the prompt. */
function consoleTo(print: (text: string) => void, paint: Paint): Console {
  const stream = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      print(text);
      done();
    },
  });
  return new Console({ stdout: stream, stderr: stream, colorMode: paint.level > 0 });
}

function sources({ master }: LocalCluster, { context }: Evaluator): CompletionSources {
  return {
    scenarios: () => listScenarios(scenariosFolder()),
    nodes: () => [...new Set(master.nodes.all().flatMap(({ name, machine }) => [name, machine]))],
    settings: Object.keys(builtInVariables),
    strategies: Object.keys(strategies),
    userStates,
    context,
  };
}

function banner({ processes, standIn }: LocalCluster, paint: Paint): string {
  const many = plural(processes.count, 'local process', 'local processes');
  const lines = [
    paint.bold(`amoc ${VERSION}`) + ` · Node ${process.versions.node} · ${many}`,
    standIn === undefined
      ? `The target is ${process.env['AMOC_XMPP_HOST'] ?? 'that of amoc.json'}.`
      : `No XMPP target is set (AMOC_XMPP_HOST): the embedded server stands in on ${standIn.host}:${standIn.port}.`,
    'help() lists the commands, Tab completes, q() leaves.',
    '',
  ];
  return `${lines.join('\n')}\n`;
}

/** Ends what runs, so that terminate and teardown of a scenario have their turn. */
async function stopRuns(
  masters: readonly Master[],
  view: LogView,
  write: (text: string) => void,
): Promise<void> {
  for (const master of masters) {
    const { state } = master;
    if (state.is !== 'running' && state.is !== 'failed') continue;
    const { present } = await master.status();
    view.flush();
    view.isHeld = true;
    write(`stopping ${state.scenario}, ${plural(present, 'user')}: `);
    try {
      await master.stop({ force: true });
      write('done\n');
    } catch (error) {
      write(`${messageOf(error)}\n`);
    }
    view.isHeld = false;
  }
}

function historyFile(): string {
  return process.env['AMOC_HISTORY'] ?? join(projectFolder(), 'repl-history', 'console.history');
}

function untilSignal(...signals: NodeJS.Signals[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) process.once(signal, () => resolve());
  });
}

/** Whoever reads the output has had enough: that is no failure (`… | head -1`). */
function exitOnBrokenPipe(output: NodeJS.WriteStream): void {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
