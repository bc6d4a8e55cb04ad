import { processEnvironment } from '../lib/system/environment.ts';
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { wholeNumber } from '../config/environment.ts';
import { readSettingsFile, sayOpenSecrets, SETTINGS_FILE } from '../config/file.ts';
import { givenFor } from '../config/resolve.ts';
import { environmentName } from '../config/variable.ts';
import type { Erase } from '../console/shell/mod.ts';
import type { Notice } from '../control/notice.ts';
import { features } from '../features/index.ts';
import { systemClock } from '../lib/time/clock.ts';
import { newCookie } from '../protocol/cookie.ts';
import { Master, openControlServer } from '../master/mod.ts';
import type { MasterParts } from '../master/mod.ts';
import { LocalProcesses, MIN_HEAP_MB } from '../slave/supervisor.ts';
import type { LogRecord } from '../protocol/messages.ts';
import type { RunObserver } from '../record/types.ts';
import { listScenarios } from '../scenario/catalogue.ts';
import { CompilerThread } from '../scenario/compiler-thread.ts';
import { builtInVariables, drivers } from './drivers.ts';
import { standInsNeeded, startEmbeddedProcess } from './embedded.ts';
import type { EmbeddedProcess } from './embedded.ts';
import {
  PACKAGE_ROOT,
  projectFolder,
  scenariosFolder,
  programScript,
  VERSION,
} from './installation.ts';
import { masterSecrets } from './variables.ts';

const MAX_PROCESSES = 256;
const WARM_MS = 30;

/** The receivers of a cluster's notices and log lines. */
export interface ClusterEvents {
  notice: (notice: Notice) => void;
  logs: (records: readonly LogRecord[], dropped: number) => void;
  /** These follow its runs. */
  observers?: readonly RunObserver[];
}

/** `amocLocal`: a master and the slave processes that it forked. */
export interface LocalCluster extends AsyncDisposable {
  readonly master: Master;
  /** Compiles a scenario by name, in a thread. */
  readonly compile: MasterParts['compile'];
  readonly processes: LocalProcesses;
  /** The embedded servers of protocols without a configured target. */
  readonly standIns: readonly EmbeddedProcess[];
  /** Erases the types of a line of the shell, in the thread that compiles scenarios. */
  readonly erase: Erase;
}

type ReadSources = MasterParts['readSources'];

/**
 * Where settings come from: `amoc.json`, and the environment, with an embedded server's address where neither
 * they nor the call name a server.
 */
export function readSources(
  standIns: readonly EmbeddedProcess[] = [],
  call: Parameters<ReadSources>[0] = { scenario: '', settings: {} },
): ReturnType<ReadSources> {
  const folder = scenariosFolder();
  const file = readSettingsFile(settingsFile(), listScenarios(folder), builtInVariables);
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(processEnvironment())) {
    if (name.startsWith('AMOC_') && !masterSecrets.includes(name) && value !== undefined) {
      environment[name] = value;
    }
  }
  const { scenario, settings } = call;
  for (const { driver, settings: there } of standIns) {
    const given = Object.keys(driver.settings).map((name): [string, unknown] => [
      name,
      givenFor(name, { file, environment, call: settings }, scenario).raw,
    ]);
    if (driver.target?.isNamed(Object.fromEntries(given)) === true) continue;
    for (const [name, value] of Object.entries(there)) {
      environment[environmentName(name)] = String(value);
    }
  }
  return { file, environment };
}

/** Warns when others can read the secrets of the settings file. */
export function warnOfOpenSecrets(
  { notice }: Pick<ClusterEvents, 'notice'>,
  file: ReturnType<ReadSources>['file'] = readSources().file,
): void {
  const open = sayOpenSecrets(settingsFile(), file, builtInVariables);
  if (open !== undefined) notice({ level: 'warn', text: open });
}

function settingsFile(): string {
  return join(projectFolder(), SETTINGS_FILE);
}

/**
 * The number of local slave processes: `AMOC_LOCAL_PROCESSES`, or one per core.
 *
 * @throws {AmocError} `CONFIG`
 */
export function localProcessCount(): number {
  return wholeNumber('AMOC_LOCAL_PROCESSES', 1, MAX_PROCESSES) ?? availableParallelism();
}

/** Starts the slave processes of this machine, and the embedded server when it is needed. */
export async function startLocalCluster(events: ClusterEvents): Promise<LocalCluster> {
  // Mistakes are reported before anything is started.
  const count = localProcessCount();
  const heap = wholeNumber('AMOC_LOCAL_HEAP_MB', MIN_HEAP_MB);
  const sources = readSources();
  const needed = standInsNeeded(drivers, sources);
  warnOfOpenSecrets(events, sources.file);
  const standInStarts = Promise.all(
    needed.map((each) =>
      startEmbeddedProcess(each, (text) => events.notice({ level: 'error', text })),
    ),
  );
  standInStarts.catch(() => {});
  const compiler = new CompilerThread({
    folder: scenariosFolder(),
    packageRoot: PACKAGE_ROOT,
  });
  let standIns: readonly EmbeddedProcess[] = [];
  const master = new Master({
    name: 'amocLocal',
    clock: systemClock,
    compile: (name) => compiler.compile(name),
    readSources: (call) => readSources(standIns, call),
    expected: () => count,
    whenNoNodes: () => 'no slave process has started; see the lines above',
    kill: (node) => processes.kill(node),
    causeOf: (node) => processes.causeOf(node),
    randomSeed: () => randomInt(1, 2 ** 31),
    version: VERSION,
    features,
    observers: events.observers ?? [],
    drivers,
    ...events,
  });
  const cookie = newCookie();
  const listener = await openControlServer(master, {
    host: '127.0.0.1',
    port: 0,
    cookie,
    clock: systemClock,
    onRefused: (text) => events.notice({ level: 'warn', text }),
  });
  const processes: LocalProcesses = new LocalProcesses({
    count,
    script: programScript('slave'),
    master: `ws://127.0.0.1:${listener.port}`,
    cookie,
    heapMb: heap,
    heapVariable: 'AMOC_LOCAL_HEAP_MB',
    clock: systemClock,
    onOutput: (node, line) => {
      events.notice({ level: 'info', text: `${node}: ${line}` });
    },
    onExit: (node, how) => {
      // In a run the master reports it, with what happens to the users.
      if (master.state.is !== 'idle') return;
      events.notice({ level: 'warn', text: `${node} ended (${how}) and is started again` });
    },
  });
  const close = async (): Promise<void> => {
    await processes[Symbol.asyncDispose]();
    await listener[Symbol.asyncDispose]();
    for (const each of standIns) await each[Symbol.asyncDispose]();
    await compiler[Symbol.asyncDispose]();
  };
  try {
    standIns = await standInStarts;
  } catch (error) {
    await close();
    throw error;
  }
  // While the operator reads the banner.
  setTimeout(() => void compiler.warm().catch(() => {}), WARM_MS).unref();
  return {
    master,
    compile: (name) => compiler.compile(name),
    processes,
    standIns,
    erase: (text) => compiler.erase(text),
    [Symbol.asyncDispose]: close,
  };
}
