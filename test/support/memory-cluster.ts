import pino from 'pino';
import type { Feature } from '../../src/features/feature.ts';
import { features as allFeatures } from '../../src/features/index.ts';
import { admit } from '../../src/master/nodes/control-server.ts';
import type { Notice } from '../../src/control/notice.ts';
import type { RunJournal, RunMemory } from '../../src/master/run/journal.ts';
import { Master } from '../../src/master/master.ts';
import { MetricsRegistry } from '../../src/metrics/metrics.ts';
import { offerHandshake } from '../../src/protocol/handshake.ts';
import type { LogRecord, NodeInfo, NodeLoad } from '../../src/protocol/messages.ts';
import type { RunObserver } from '../../src/record/types.ts';
import { newIdentity } from '../../src/lib/ids/identity.ts';
import { Slave } from '../../src/slave/slave.ts';
import type { Transport } from '../../src/protocol/transport.ts';
import { drivers } from '../../src/app/drivers.ts';
import { loadedDrivers } from './drivers.ts';
import { FakeClock } from './fake-clock.ts';
import { MemoryTransport } from './memory-transport.ts';

const COOKIE = 'a cookie of the tests';

/** A scenario's exports, as if they had been compiled and shipped. */
export type Exports = Record<string, unknown>;

/** A slave of the cluster, and a way to take it away. */
export interface TestSlave {
  readonly name: string;
  /** Cuts its connection, as the death of its process does. */
  die(): void;
  /** Ends as a process that is told to: when its users go on elsewhere. */
  leave(): Promise<void>;
}

/** A master and its slaves in one process, on a clock of the test's own. */
export class MemoryCluster {
  readonly clock = new FakeClock();
  readonly notices: Notice[] = [];
  readonly logs: LogRecord[] = [];
  readonly killed: string[] = [];
  /** When a slave collected its garbage, on the clock of the test. */
  readonly collected: number[] = [];
  readonly scenarios: Record<string, Exports>;
  master: Master;
  environment: Record<string, string> = {};
  /** What every slave says of itself. */
  load: NodeLoad = { cpu: 0, loopDelayMs: 0, rssBytes: 1 };
  file: Record<string, unknown> = {};
  /** Runs in a process while it loads a scenario; it may record values. */
  whileLoading: (metrics: MetricsRegistry) => Promise<unknown> = () => Promise.resolve();
  readonly #leased: boolean;
  readonly #features: readonly Feature[];
  readonly #makeMaster: (journal: RunJournal | undefined) => Master;
  readonly #slaves = new Set<{ slave: Slave; info: NodeInfo; masterEnd: Transport }>();
  #expected = 0;

  constructor(
    scenarios: Record<string, Exports>,
    {
      leases = false,
      journal,
      observers = [],
      features = allFeatures,
    }: {
      leases?: boolean;
      journal?: RunJournal;
      observers?: readonly RunObserver[];
      features?: readonly Feature[];
    } = {},
  ) {
    this.#leased = leases;
    this.#features = features;
    this.scenarios = scenarios;
    this.#makeMaster = (kept) => {
      const master: Master = new Master({
        name: 'amocTest',
        clock: this.clock,
        compile: (name) => {
          if (!(name in scenarios)) return Promise.reject(new Error(`no scenario ${name}`));
          const files = [{ path: `${name}.js`, code: '' }];
          return Promise.resolve({ name, hash: '0'.repeat(32), files, packages: [] });
        },
        readSources: () => ({ file: this.file, environment: this.environment }),
        expected: () => this.#expected,
        whenNoNodes: () => 'no slave is there',
        leases,
        checksUsers: true,
        ...(kept === undefined ? {} : { journal: kept }),
        observers,
        drivers,
        features,
        kill: ({ name }) => this.killed.push(name),
        randomSeed: () => 42,
        // One that was replaced is dead: it says nothing.
        notice: (notice) => {
          if (master === this.master) this.notices.push(notice);
        },
        logs: (records) => {
          if (master === this.master) this.logs.push(...records);
        },
      });
      return master;
    };
    this.master = this.#makeMaster(journal);
  }

  /** What was said so far, one line each. */
  get said(): string {
    return this.notices.map(({ level, text }) => `${level}: ${text}`).join('\n');
  }

  /** A slave joins. */
  async join(name: string): Promise<TestSlave> {
    const metrics = new MetricsRegistry();
    const slave = new Slave({
      name,
      metrics,
      clock: this.clock,
      features: this.#features,
      logger: pino(
        { base: { node: name } },
        { write: (line) => this.logs.push(JSON.parse(line) as LogRecord) },
      ),
      drivers: loadedDrivers,
      load: async ({ name: scenario }) => {
        await this.whileLoading(metrics);
        return this.scenarios[scenario] ?? {};
      },
      readLoad: () => this.load,
      leased: this.#leased,
      collectGarbage: () => this.collected.push(this.clock.monotonic()),
    });
    const info = infoOf(name);
    const { masterEnd, slaveEnd } = await this.#connect(info);
    const member = { slave, info, masterEnd };
    this.#slaves.add(member);
    slave.serve(slaveEnd);
    this.#expected++;
    const die = (): void => {
      this.#slaves.delete(member);
      slave[Symbol.dispose]();
      member.masterEnd.close('its process died');
    };
    return { name, die, leave: () => slave.leave().then(die) };
  }

  /** A slave that knows the cookie and says what the test sends. */
  async joinByHand(name: string): Promise<Transport> {
    return (await this.#connect(infoOf(name))).slaveEnd;
  }

  /** The master dies, and another one goes on from what a journal kept; the slaves dial it. */
  async restartMaster(memory: RunMemory): Promise<void> {
    const slaves = [...this.#slaves];
    this.master = this.#makeMaster(undefined);
    for (const { slave, masterEnd } of slaves) {
      masterEnd.close('the master died');
      slave.disconnected();
    }
    this.master.members.restore(memory);
    for (const member of slaves) {
      const { masterEnd, slaveEnd } = await this.#connect(member.info);
      member.masterEnd = masterEnd;
      member.slave.serve(slaveEnd);
    }
  }

  /** Several slaves at once: `local/1`, `local/2` … */
  async joinMany(count: number, machine = 'local'): Promise<TestSlave[]> {
    const slaves: TestSlave[] = [];
    for (let at = 1; at <= count; at++) slaves.push(await this.join(`${machine}/${at}`));
    return slaves;
  }

  /** Runs a command while the clock moves. */
  run<T>(command: Promise<T>): Promise<T> {
    return this.clock.resolve(command);
  }

  /** The two ends of a connection whose slave has proved itself. */
  async #connect(info: NodeInfo): Promise<{ masterEnd: Transport; slaveEnd: Transport }> {
    const [masterEnd, slaveEnd] = MemoryTransport.pair(this.clock);
    const admitted = admit(this.master, masterEnd, {
      cookie: COOKIE,
      clock: this.clock,
      onRefused: (text) => this.notices.push({ level: 'warn', text }),
    });
    await this.clock.resolve(offerHandshake(slaveEnd, COOKIE, 'slave', info, this.clock));
    await this.clock.resolve(admitted);
    return { masterEnd, slaveEnd };
  }
}

function infoOf(name: string): NodeInfo {
  return { name, host: 'test', pid: 1, version: '0', node: '20', identity: newIdentity() };
}
