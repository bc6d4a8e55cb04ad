import pino from 'pino';
import { sleep } from '../../src/lib/abort.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { newIdentity } from '../../src/lib/identity.ts';
import { seededRandom } from '../../src/lib/random.ts';
import type { Random } from '../../src/lib/random.ts';
import { admit } from '../../src/master/control-server.ts';
import type { Notice } from '../../src/master/cluster.ts';
import type { RunMemory } from '../../src/master/journal.ts';
import { Master } from '../../src/master/master.ts';
import { offerHandshake } from '../../src/protocol/handshake.ts';
import type { Transport } from '../../src/protocol/transport.ts';
import { Slave } from '../../src/slave/slave.ts';
import { connectOver } from './network.ts';
import type { Link } from './network.ts';
import { MortalClock, skewed, VirtualClock } from './virtual-clock.ts';

const COOKIE = 'a cookie of the simulation';
/** How long an attempt to connect over a link that is down takes. */
const DIAL_MS = 3000;

/** A rule that must hold at every instant was broken. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** One process of a simulated machine, from its start to its death. */
interface Incarnation {
  readonly slave: Slave;
  readonly clock: MortalClock;
  readonly identity: string;
  end: Transport | undefined;
}

/** A simulated machine: its link, and the process that runs on it, if one does. */
export class Machine {
  readonly name: string;
  readonly link: Link;
  readonly #world: World;
  readonly #skew: (clock: Clock) => Clock;
  #process: Incarnation | undefined;
  #lastIdentity: string | undefined;

  constructor(world: World, name: string, random: Random, loss: number) {
    this.#world = world;
    this.name = name;
    const mean = random.integer(1, 60);
    this.link = { isUp: true, latency: () => random.exponential(mean), loss };
    const offset = random.integer(-5000, 5000);
    const drift = random.float() * 0.002 - 0.001;
    this.#skew = (clock) => skewed(clock, offset, drift);
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  /** Starts its process; `knows`: whoever starts it knows that the one before has ended. */
  start(knows: boolean): void {
    if (this.#process !== undefined) return;
    const mortal = new MortalClock(this.#world.clock);
    const clock = this.#skew(mortal);
    const slave = new Slave({
      name: this.name,
      clock,
      logger: pino({ level: 'silent' }),
      load: () => Promise.resolve(this.#world.scenario(this.name)),
      readLoad: () => ({ cpu: 0, loopDelayMs: 0, rssBytes: 1 }),
      leased: this.#world.leased,
    });
    const replaces = knows ? this.#lastIdentity : undefined;
    const identity = newIdentity();
    this.#lastIdentity = identity;
    const process: Incarnation = { slave, clock: mortal, identity, end: undefined };
    this.#process = process;
    void this.#live(process, clock, replaces);
  }

  /** Its process dies with its users; the machine tells the other side, if its link is up. */
  crash(): void {
    const process = this.#process;
    if (process === undefined) return;
    this.#process = undefined;
    process.clock.die();
    process.slave[Symbol.dispose]();
    this.#world.forget(this.name);
    process.end?.close('its process died');
  }

  async #live(process: Incarnation, clock: Clock, replaces: string | undefined): Promise<void> {
    const { slave } = process;
    const pause = (ms: number): Promise<void> => sleep(ms, { clock });
    for (;;) {
      const dialledAt = clock.monotonic();
      if (!this.link.isUp) await pause(DIAL_MS);
      else if (this.#world.master === undefined) slave.refused(dialledAt);
      else {
        try {
          const transport = this.#world.connect(this.link);
          process.end = transport;
          const info = {
            name: this.name,
            host: this.name,
            pid: 1,
            version: '0',
            node: '20',
            identity: process.identity,
            ...(replaces === undefined ? {} : { replaces }),
          };
          await offerHandshake(transport, COOKIE, 'slave', info, clock);
          const peer = slave.serve(transport);
          await new Promise<string>((resolve) => (peer.onClose = resolve));
          slave.disconnected();
        } catch {
          // Refused, or too slow: it dials again.
        }
      }
      await pause(200 + 800 * this.#world.random.float());
    }
  }
}

/** A master, machines, the network between them, and what their users do. */
export class World {
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly machines: Machine[];
  readonly notices: Notice[] = [];
  readonly #running = new Map<number, string>();
  #journal: string | undefined;
  #masterClock: MortalClock | undefined;
  #masterEnds: Transport[] = [];
  #violation: Violation | undefined;
  #starts = 0;
  master: Master | undefined;

  readonly leased: boolean;

  constructor(seed: number, machines: number, withoutLeases = false) {
    this.leased = !withoutLeases;
    this.random = seededRandom(seed, 1);
    const loss = this.random.float() < 0.3 ? 0.03 : 0;
    this.machines = Array.from(
      { length: machines },
      (_, at) => new Machine(this, `slave${at + 1}/1`, seededRandom(seed, 2, at), loss),
    );
  }

  /** How many users run, on whatever machine. */
  get running(): number {
    return this.#running.size;
  }

  /** Who runs where, for a failure's message. */
  ids(): string {
    return [...this.#running].map(([id, name]) => `${id}@${name}`).join(' ');
  }

  get starts(): number {
    return this.#starts;
  }

  /** @throws {Violation} what went wrong since the last call */
  check(): void {
    if (this.#violation !== undefined) throw this.#violation;
  }

  /** A new master, which goes on with what the journal has. */
  startMaster(): void {
    if (this.master !== undefined) return;
    const clock = new MortalClock(this.clock);
    this.#masterClock = clock;
    const master = new Master({
      name: 'amocDist',
      clock,
      compile: (name) =>
        Promise.resolve({
          name,
          hash: '0'.repeat(32),
          files: [{ path: `${name}.js`, code: '' }],
          packages: [],
        }),
      readSources: () => ({ file: {}, environment: {} }),
      expected: () => 1,
      joinMs: 0,
      whenNoNodes: 'no slave is there',
      kill: () => {},
      leases: true,
      journal: {
        isDue: true,
        save: (state) => {
          this.#journal = JSON.stringify(state());
          return true;
        },
        clear: () => (this.#journal = undefined),
      },
      randomSeed: () => 42,
      notice: (notice) => this.notices.push(notice),
      logs: () => {},
    });
    this.master = master;
    if (this.#journal !== undefined) master.members.restore(JSON.parse(this.#journal) as RunMemory);
  }

  /** The master's process is killed: what was not in the journal is gone. */
  crashMaster(): void {
    this.#masterClock?.die();
    this.master = undefined;
    const ends = this.#masterEnds;
    this.#masterEnds = [];
    for (const end of ends) end.close('the master died');
  }

  /** A connection to the master. @returns the slave's end */
  connect(link: Link): Transport {
    const [masterEnd, slaveEnd] = connectOver(this.clock, this.random, link);
    this.#masterEnds.push(masterEnd);
    if (this.#masterEnds.length > 500) this.#masterEnds = this.#masterEnds.slice(-400);
    void admit(this.master as Master, masterEnd, {
      cookie: COOKIE,
      clock: this.#masterClock as Clock,
      onRefused: (text) => this.notices.push({ level: 'warn', text }),
    });
    return slaveEnd;
  }

  /** What users do: most stay, some end or fail; each is seen to run on one machine at a time. */
  scenario(machine: string): Record<string, unknown> {
    return {
      connectionsPerUser: 0,
      start: async (
        id: number,
        user: { sleep: (ms: number) => Promise<void>; random: Random },
      ): Promise<void> => {
        const other = this.#running.get(id);
        if (other !== undefined) {
          this.#violation ??= new Violation(
            `user ${id} starts on ${machine} while it runs on ${other}, at ${this.clock.monotonic()} ms`,
          );
        }
        this.#running.set(id, machine);
        this.#starts++;
        const fate = user.random.float();
        try {
          await user.sleep(fate < 0.1 ? 3000 + fate * 100_000 : 5000 + fate * 10_000);
          if (fate < 0.02) throw new Error('this user fails');
        } finally {
          if (this.#running.get(id) === machine) this.#running.delete(id);
        }
      },
    };
  }

  /** The users of a machine whose process has died. */
  forget(machine: string): void {
    for (const [id, where] of this.#running) if (where === machine) this.#running.delete(id);
  }
}
