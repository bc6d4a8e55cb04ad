import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AttachClient } from '../../src/attach/client.ts';
import type { StopResult } from '../../src/control/results.ts';
import type { StatusView } from '../../src/control/views.ts';
import { freePorts } from '../support/ports.ts';
import { eventually } from '../support/eventually.ts';
import { processesOf } from '../support/processes.ts';
import { Project } from '../support/project.ts';
import { oddScenario } from './odd-values.ts';

/** What is done to whom. */
export interface FieldOptions {
  seed: number;
  /** Users who stay, and who fail at once. */
  users: { staying: number; failing: number };
  /** Odd values that each of those who stay gives. */
  each: number;
}

const COOKIE = 'c0ffee'.repeat(8);
/** Memory is read until it stands still, so long at the most. */
const SETTLE_MS = 90_000;

/**
 * A master with everything that can be reached of it, a slave of two processes, the embedded server, and a run
 * between them: all of them processes of their own.
 */
export class Field implements AsyncDisposable {
  readonly #project: Project;
  readonly #options: FieldOptions;
  readonly #folder: string;
  readonly #ports: readonly number[];
  #console: AttachClient | undefined;
  #run = '';
  #pids: readonly number[] = [];

  private constructor(options: FieldOptions, ports: readonly number[]) {
    this.#options = options;
    this.#ports = ports;
    this.#project = new Project();
    this.#folder = join(this.#project.folder, 'counts');
    mkdirSync(this.#folder);
    const { users, ...rest } = options;
    this.#project.write(
      'scenarios/odd.ts',
      oddScenario({ ...rest, talkers: users.staying, folder: this.#folder }),
    );
  }

  /** Starts all of it; the users are there when it is back. */
  static async open(options: FieldOptions): Promise<Field> {
    const field = new Field(options, await freePorts(4));
    try {
      await field.#start();
    } catch (error) {
      field.#project[Symbol.dispose]();
      throw error;
    }
    return field;
  }

  readonly cookie = COOKIE;

  get masterUrl(): string {
    return `ws://127.0.0.1:${this.controlPort}`;
  }

  get controlPort(): number {
    return this.#ports[0] as number;
  }

  get healthPort(): number {
    return this.#ports[1] as number;
  }

  get metricsPort(): number {
    return this.#ports[2] as number;
  }

  get xmppPort(): number {
    return this.#ports[3] as number;
  }

  /** The run, as slaves name it. */
  get run(): string {
    return this.#run;
  }

  get #home(): string {
    return join(this.#project.folder, 'home', '.amoc', 'amoc');
  }

  /** The Unix socket of the master. */
  get socket(): string {
    return join(this.#home, 'control.sock');
  }

  /** Evaluates an expression at the master's prompt. */
  async value<T>(expression: string): Promise<T> {
    const outcome = await this.#console?.run(expression, { json: true });
    assert.equal(outcome?.kind, 'ok', JSON.stringify(outcome));
    return JSON.parse((outcome as { text: string }).text) as T;
  }

  status(): Promise<StatusView> {
    return this.value('amocDist.status()');
  }

  /** All users that stay are there, and those that fail have failed. */
  isWhole({ present, users }: StatusView): boolean {
    const { staying, failing } = this.#options.users;
    return present === staying && users.running === staying && users.crashed === failing;
  }

  /** Asserts that nobody is missing, and that the processes which run the users are reached. */
  demandWhole({ state, present, users, nodes }: StatusView): void {
    const { staying, failing } = this.#options.users;
    const { running, crashed, lost, away } = users;
    assert.deepEqual(
      { state, present, running, crashed, lost, away },
      { state: 'running', present: staying, running: staying, crashed: failing, lost: 0, away: 0 },
    );
    const honest = nodes.map(({ name }) => name).filter((name) => name.startsWith('honest/'));
    assert.deepEqual(honest, ['honest/1', 'honest/2']);
  }

  /** Ends the run. */
  stop(): Promise<StopResult> {
    return this.value('amocDist.stop({ force: true })');
  }

  /** How often users have counted, by their own files. */
  counted(): number[] {
    return readdirSync(this.#folder).map((id) =>
      Number(readFileSync(join(this.#folder, id), 'utf8')),
    );
  }

  /** Asserts that every process of the beginning is there, and no other. */
  demandSameProcesses(): void {
    assert.deepEqual(processesOf(this.#project.folder), this.#pids);
  }

  /** What the master holds after a collection, in MB, once that stands still or `isEnough`. */
  async memoryMb(isEnough: (mb: number) => boolean = () => false): Promise<number> {
    let before = Infinity;
    return eventually(
      async () => {
        const now = await this.value<number>('fuzzMemoryMb()');
        const seen = { now, change: Math.abs(now - before) };
        before = now;
        return seen;
      },
      ({ now, change }) => isEnough(now) || change < 1,
      SETTLE_MS,
    ).then(({ now }) => now);
  }

  /** Bytes of the master's log, old files included. */
  get logBytes(): number {
    const folder = join(this.#home, 'log');
    return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  }

  /** The newest lines of the master's log. */
  tail(): Promise<string[]> {
    return this.value('tail(1000).map(({ msg }) => msg)');
  }

  async #start(): Promise<void> {
    const project = this.#project;
    Object.assign(project.env, {
      AMOC_COOKIE: COOKIE,
      AMOC_LOCAL_PROCESSES: '1',
      AMOC_XMPP_HOST: '127.0.0.1',
      AMOC_XMPP_PORT: String(this.xmppPort),
      AMOC_XMPP_DOMAIN: 'localhost',
    });
    const server = project.start(['server', '--port', String(this.xmppPort)]);
    let said = '';
    server.stdout.on('data', (data) => (said += String(data)));
    await eventually(
      () => said,
      (text) => text.includes('XMPP on'),
    );
    const master = await project.amoc(['start'], {
      env: {
        AMOC_MASTER_PORT: String(this.controlPort),
        AMOC_HEALTH_PORT: String(this.healthPort),
        AMOC_PROMETHEUS_PORT: String(this.metricsPort),
      },
    });
    assert.equal(master.code, 0, master.err);
    const slave = ['--name', 'honest', '--master', this.masterUrl, '--processes', '2'];
    const started = await project.amoc(['start', ...slave]);
    assert.equal(started.code, 0, started.err);
    this.#console = await AttachClient.dial(this.socket, {
      ...{ who: 'field', colors: 0, quiet: true, onPrint: () => {} },
    });
    await eventually(
      () => this.status(),
      ({ nodes }) => nodes.length === 2,
    );
    await this.value(
      `await (async () => {
        const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([import('node:v8'), import('node:vm')]);
        setFlagsFromString('--expose-gc');
        const collect = runInNewContext('gc');
        globalThis.fuzzMemoryMb = async () => {
          collect();
          await sleep(1000);
          collect();
          return process.memoryUsage().rss / 2 ** 20;
        };
        return 1;
      })()`,
    );
    const { staying, failing } = this.#options.users;
    const settings = '{ interarrival: 5, settings: { checkLimits: false } }';
    const { run } = await this.value<{ run: string }>(
      `amocDist.do('odd', 1, ${staying + failing}, ${settings})`,
    );
    this.#run = run;
    await eventually(
      () => this.status(),
      (status) => this.isWhole(status),
    );
    this.#pids = processesOf(project.folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#console?.[Symbol.dispose]();
    this.#project[Symbol.dispose]();
    return Promise.resolve();
  }
}
