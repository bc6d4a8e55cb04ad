import { processEnvironment } from '../lib/system/environment.ts';
import { readFileSync } from 'node:fs';
import type pino from 'pino';
import { env } from '../config/environment.ts';
import { complete } from '../console/terminal/mod.ts';
import type { Completion, CompletionSources } from '../console/terminal/mod.ts';
import { Evaluator, Shell } from '../console/shell/mod.ts';
import { lineLogger } from '../console/views/mod.ts';
import type { LogLine } from '../console/views/mod.ts';
import type { Paint } from '../console/views/paint.ts';
import type { Operator } from '../console/shell/mod.ts';
import type { Control } from '../control/control.ts';
import type { AnyDriver } from '../drivers/mod.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { oneLine } from '../lib/text/foreign-text.ts';
import { plural } from '../lib/text/plural.ts';
import { builtInMetrics } from '../metrics/catalogue.ts';
import { listScenarios, scenarioFile } from '../scenario/catalogue.ts';
import { declaredVariables } from '../scenario/declared-variables.ts';
import { builtInVariables, drivers } from './drivers.ts';
import { startDistributedMaster } from './distributed-master.ts';
import { projectFolder, scenariosFolder, VERSION } from './installation.ts';
import { startLocalCluster } from './local-cluster.ts';
import { Recent } from '../lib/recent.ts';
import type { EmbeddedProcess } from './embedded.ts';
import type { ClusterEvents, LocalCluster } from './local-cluster.ts';
import { makeObservers } from './observers.ts';
import { shellFunctions } from './shell-functions.ts';

/** Log lines that are kept for `tail()`. */
const RECENT = { count: 1000, characters: 4 * 1024 * 1024 };

/** Options and callbacks of an engine. */
export interface EngineOptions {
  /** Gets log lines as they arrive, and the number of lines that were dropped on the way. */
  onLog: (lines: readonly LogLine[], dropped: number) => void;
  /** The names of the attached operators. @default none */
  attached?: () => readonly string[];
  /** Whether a port for slaves that cannot be opened is an error. @default false */
  mustListen?: boolean;
}

/** Both clusters and the shell's globals: everything behind a prompt. All operators share it. */
export class Engine implements AsyncDisposable {
  readonly local: LocalCluster;
  readonly controls: readonly [local: Control, distributed: Control];
  readonly logger: pino.Logger;
  readonly evaluator: Evaluator;
  readonly #close: () => Promise<void>;

  private constructor(
    parts: {
      local: LocalCluster;
      distributed: Control;
      logger: pino.Logger;
      recent: Recent<LogLine>;
    },
    { attached = () => [] }: EngineOptions,
    close: () => Promise<void>,
  ) {
    const { local, distributed, logger, recent } = parts;
    this.local = local;
    this.controls = [local.master, distributed];
    this.logger = logger;
    this.#close = close;
    const globals = shellFunctions({
      controls: this.controls,
      logger,
      recent: () => recent.all,
      attached,
    });
    this.evaluator = new Evaluator(globals, projectFolder(), local.erase);
  }

  /**
   * Starts the processes of this machine, the embedded server when it is needed, and listens for slaves
   * where the environment says so.
   *
   * @throws {AmocError} `CONFIG` for a mistake in the environment
   */
  static async start(options: EngineOptions): Promise<Engine> {
    const recent = new Recent<LogLine>(RECENT);
    const onLog = (lines: readonly LogLine[], dropped = 0): void => {
      recent.add(lines);
      options.onLog(lines, dropped);
    };
    const logger = lineLogger((line) => onLog([line]), env('AMOC_LOG_LEVEL'));
    const events: ClusterEvents = {
      notice: ({ level, text }) => logger[level](text),
      logs: onLog,
    };
    const opened: AsyncDisposable[] = [];
    const close = async (): Promise<void> => {
      for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]();
    };
    try {
      const observers = await makeObservers(['amocLocal', 'amocDist'], events.notice);
      opened.push(observers);
      const eventsOf = (name: string): ClusterEvents => ({
        ...events,
        observers: observers.of(name),
      });
      const local = await startLocalCluster(eventsOf('amocLocal'));
      opened.push(local);
      const distributed = await startDistributedMaster(eventsOf('amocDist'), (name) =>
        local.compile(name),
      );
      opened.push(distributed);
      if (options.mustListen === true && distributed.problem !== undefined) {
        throw new AmocError('CONNECTION', distributed.problem);
      }
      await observers.listen();
      return new Engine({ local, distributed: distributed.master, logger, recent }, options, close);
    } catch (error) {
      await close();
      throw error;
    }
  }

  /** A shell for one operator; what an operator declares is visible to all. */
  openShell(operator: Operator): Shell {
    return new Shell(this.evaluator, operator);
  }

  complete(line: string): Completion {
    return complete(line, this.#sources());
  }

  /** The first lines of a console. */
  banner(paint: Paint): string {
    const { processes, standIns } = this.local;
    const many = plural(processes.count, 'local process', 'local processes');
    const lines = [
      paint.bold(`amoc ${VERSION}`) + ` · Node ${process.versions.node} · ${many}`,
      ...drivers.flatMap((driver) => targetLine(driver, standIns)),
    ];
    return `${lines.join('\n')}\n`;
  }

  /** Stops the current runs, so that terminate and teardown of their scenarios are called. */
  async stopRuns(options: { force: boolean }, say: (text: string) => void): Promise<void> {
    for (const control of this.controls) {
      const { state } = control;
      if (state.is === 'idle' || state.is === 'starting') continue;
      const { present } = await control.status();
      say(`stopping ${state.scenario}, ${plural(present, 'user')}: `);
      try {
        await control.stop(options);
        say('done\n');
      } catch (error) {
        say(`${oneLine(messageOf(error))}\n`);
      }
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  #sources(): CompletionSources {
    const [local, distributed] = this.controls;
    return {
      scenarios: () => listScenarios(scenariosFolder()),
      settingsOf: (scenario) => settingsOf(scenariosFolder(), scenario),
      vocabulary: (object) => (object === distributed.name ? distributed : local).vocabulary(),
      settings: settingDescriptions,
      metrics: Object.fromEntries(builtInMetrics()),
      context: this.evaluator.context,
      globals: this.evaluator.globals,
    };
  }
}

/** Says which server under test a protocol has; nothing where no server is ever named. */
function targetLine(driver: AnyDriver, standIns: readonly EmbeddedProcess[]): string[] {
  const { target } = driver;
  if (target === undefined) return [];
  const standIn = standIns.find((each) => each.driver === driver);
  if (standIn === undefined) {
    return [`The target is ${target.nameOf(processEnvironment()) ?? 'the one in the settings'}.`];
  }
  const missing = target.missing.charAt(0).toUpperCase() + target.missing.slice(1);
  return [`${missing}: amocLocal uses the embedded server on ${standIn.host}:${standIn.port}.`];
}

/** amoc's own settings, with their meaning. */
const settingDescriptions = Object.fromEntries(
  Object.entries(builtInVariables).map(([name, { description }]) => [name, description]),
);

/** The settings that a scenario declares, with their meaning; none where there is no such scenario. */
function settingsOf(folder: string, scenario: string): Readonly<Record<string, string>> {
  try {
    return declaredVariables(readFileSync(scenarioFile(folder, scenario), 'utf8'));
  } catch {
    return {};
  }
}
