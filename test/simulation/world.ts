import pino from 'pino';
import { features } from '../../src/features/index.ts';
import { sleep } from '../../src/lib/time/async.ts';
import type { Clock } from '../../src/lib/time/clock.ts';
import { newIdentity } from '../../src/lib/ids/identity.ts';
import { seededRandom } from '../../src/lib/ids/random.ts';
import type { Random } from '../../src/lib/ids/random.ts';
import { admit } from '../../src/master/nodes/control-server.ts';
import type { Notice } from '../../src/control/notice.ts';
import type { RunMemory } from '../../src/master/run/journal.ts';
import { Master } from '../../src/master/master.ts';
import { offerHandshake } from '../../src/protocol/handshake.ts';
import { wasRefused } from '../../src/slave/dial-failure.ts';
import type { Transport } from '../../src/protocol/transport.ts';
import { Slave } from '../../src/slave/slave.ts';
import type { User } from '../../src/users/user.ts';
import { connectOver } from './network.ts';
import type { Link } from './network.ts';
import { MortalClock, skewed, VirtualClock } from './virtual-clock.ts';
import { loadedDrivers } from '../support/drivers.ts';

const COOKIE = 'a cookie of the simulation';
/** How long an attempt to connect over a link that is down takes. */
const DIAL_MS = 3000;
/** Journals that were written before, for a file system that loses what it has promised. */
const OLD_JOURNALS = 20;
/** A disk that is full for longer makes nodes forget reports that no journal has. */
const MAX_FULL_MS = 15_000;
/** How many things are done once. */
const NAMES = 6;
/** A `start()` that never ends. */
const FOREVER_MS = 1e9;

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
  /** By how much its clock was set. */
  #setBy = 0;
  /** How its clock differs from the master's, as far as it never jumps. */
  readonly #offset: number;
  readonly #drift: number;
  /** The master's name has another address, on which nothing listens: it refuses. */
  readonly #hasDeadAddress: boolean;
  #process: Incarnation | undefined;
  hasLied = false;
  #lastIdentity: string | undefined;

  constructor(world: World, name: string, random: Random, loss: number) {
    this.#world = world;
    this.name = name;
    const mean = random.integer(1, 60);
    this.link = { isUp: true, latency: () => random.exponential(mean), loss };
    const offset = random.integer(-5000, 5000);
    const drift = random.float() * 0.002 - 0.001;
    this.#offset = offset;
    this.#drift = drift;
    this.#hasDeadAddress = random.float() < 0.3;
    this.#skew = (clock) => skewed(clock, offset, drift, () => this.#setBy);
  }

  /** The master's clock minus this machine's, now. */
  get offsetMs(): number {
    return -(this.#offset + this.#world.clock.monotonic() * this.#drift);
  }

  get isPaused(): boolean {
    return this.link.frozen !== undefined;
  }

  /** It stands still with everything on it, as a machine does whose host is busy. */
  pause(): void {
    if (this.#process === undefined || this.isPaused) return;
    this.link.frozen = [];
    this.#process.clock.pause();
  }

  /** It goes on: its timers are due at once, and what has arrived meanwhile is there. */
  resume(): void {
    const arrived = this.link.frozen;
    if (arrived === undefined) return;
    this.link.frozen = undefined;
    const timersFirst = this.#world.random.float() < 0.5;
    if (timersFirst) this.#process?.clock.resume();
    for (const arrive of arrived) this.#world.clock.schedule(0, arrive);
    if (!timersFirst) this.#process?.clock.resume();
  }

  /** Its clock is set. */
  setClock(ms: number): void {
    this.#setBy += ms;
  }

  /** A defect: its process says what nobody understands. */
  babble(): void {
    if (!this.isPaused) this.#process?.end?.send('{"type":"report","sequence":"');
  }

  /** A defect: its process says what cannot be. */
  lie(frame: string): void {
    if (this.isPaused) return;
    this.hasLied = true;
    this.#process?.end?.send(frame);
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
      drivers: loadedDrivers,
      name: this.name,
      clock,
      logger: pino({ level: 'silent' }),
      load: () => Promise.resolve(this.#world.scenario(this.name)),
      readLoad: () => ({ cpu: 0, loopDelayMs: 0, rssBytes: 1 }),
      leased: this.#world.leased,
      features,
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
    this.link.frozen = undefined;
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
      const failure = this.#dialFailure();
      if (!this.link.isUp) await pause(DIAL_MS);
      if (failure !== undefined) {
        if (wasRefused(failure)) slave.refused(dialledAt);
      } else {
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
        } catch (error) {
          // Sent away: it ends. Otherwise it was too slow, or another has its name: it dials again.
          if ((error as { code?: string }).code === 'EVICTED' && this.#process === process) {
            this.crash();
            return;
          }
        }
      }
      await pause(200 + 800 * this.#world.random.float());
    }
  }

  /** Why the master cannot be reached now, as Node.js says it; `undefined` when it can. */
  #dialFailure(): Error | undefined {
    const failed = (code: string): Error => Object.assign(new Error(code), { code });
    const refused = failed('ECONNREFUSED');
    const cause = !this.link.isUp
      ? failed('EHOSTUNREACH')
      : this.#world.master === undefined
        ? refused
        : undefined;
    if (cause === undefined) return undefined;
    if (!this.#hasDeadAddress) return new Error('no way', { cause });
    // Node.js gives the code of the first address to the error of all.
    const all = Object.assign(new AggregateError([refused, cause]), { code: 'ECONNREFUSED' });
    return new Error('no way', { cause: all });
  }
}

/** A master, machines, the network between them, and what their users do. */
export class World {
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly machines: Machine[];
  readonly notices: Notice[] = [];
  readonly #running = new Map<number, string>();
  /** By its name, what the work that is done once came to, as users have seen it. */
  readonly #values = new Map<string, string>();
  /** Users that wait for such a value. */
  readonly #waiting = new Set<{ id: number; machine: string; name: string }>();
  #works = 0;
  #journal: string | undefined;
  /** Journals of before, the newest last. */
  #oldJournals: string[] = [];
  /** Whether what a restarted master goes on with is what the one before has promised. */
  isJournalTrue = true;
  #diskFullSince: number | undefined;
  /** Whether somebody was promised something since the journal was last written. */
  #hasPromised = false;
  /** Whether nodes may have forgotten a report since then. */
  #hasForgotten = false;
  #masterClock: MortalClock | undefined;
  #masterEnds: Transport[] = [];
  #violation: Violation | undefined;
  #starts = 0;
  master: Master | undefined;
  /** Name of the run. */
  run: string | undefined;

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
      whenNoNodes: () => 'no slave is there',
      kill: () => {},
      leases: true,
      checksUsers: true,
      features,
      journal: {
        isDue: true,
        save: (state) => {
          if (this.#diskFullSince !== undefined) return false;
          this.#hasPromised = false;
          this.#hasForgotten = false;
          this.#journal = JSON.stringify(state());
          this.#oldJournals = [...this.#oldJournals, this.#journal].slice(-OLD_JOURNALS);
          return true;
        },
        clear: () => (this.#journal = undefined),
      },
      randomSeed: () => 42,
      notice: (notice) => {
        this.notices.push(notice);
        this.#judge(notice.text);
      },
      logs: () => {},
    });
    this.master = master;
    if (this.#journal === undefined) return;
    if (this.#hasPromised || this.#hasForgotten) this.isJournalTrue = false;
    master.members.restore(JSON.parse(this.#journal) as RunMemory);
  }

  /** A master says nothing of an honest machine that is not so. */
  #judge(text: string): void {
    const distrusted = /^(\S+) cannot be trusted/.exec(text)?.[1];
    // What a node no longer keeps is in the journal that the next master reads.
    const missed = /reports? of (\S+) reached .* not in its journal/.exec(text)?.[1];
    const name = distrusted ?? (this.isJournalTrue ? missed : undefined);
    const machine = this.machines.find((each) => each.name === name);
    if (machine?.hasLied === false) this.#violation ??= new Violation(text);
  }

  /** The disk takes nothing more, or has room again. */
  setDiskFull(isFull: boolean): void {
    this.#noteForgotten();
    if (!isFull) this.#diskFullSince = undefined;
    else this.#diskFullSince ??= this.clock.monotonic();
  }

  /** A master on a full disk cannot let the nodes keep all reports for ever. */
  #noteForgotten(): void {
    if (this.master === undefined || this.#diskFullSince === undefined) return;
    if (this.clock.monotonic() - this.#diskFullSince > MAX_FULL_MS) this.#hasForgotten = true;
  }

  /** A command was answered: it is to be kept, which a full disk does not do. */
  promised(): void {
    if (this.#diskFullSince !== undefined) this.#hasPromised = true;
  }

  /** A power cut: the file system is where it was some seconds ago. */
  loseJournal(): void {
    if (this.master !== undefined || this.#journal === undefined) return;
    const older = this.#oldJournals[Math.floor(this.random.float() * this.#oldJournals.length)];
    if (older === undefined || older === this.#journal) return;
    this.#journal = older;
    this.isJournalTrue = false;
  }

  /** The master's process is killed: what was not in the journal is gone. */
  crashMaster(): void {
    this.#noteForgotten();
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

  /** What users do: most stay, some fail, some never end; each is seen to run on one machine at a time. */
  scenario(machine: string): Record<string, unknown> {
    return {
      connectionsPerUser: 0,
      start: async (id: number, user: User): Promise<void> => {
        const other = this.#running.get(id);
        // On a machine that stands still nobody does anything, until it goes on.
        if (other !== undefined && !this.isPaused(other)) {
          this.#violation ??= new Violation(
            `user ${id} starts on ${machine} while it runs on ${other}, at ${this.clock.monotonic()} ms`,
          );
        }
        this.#running.set(id, machine);
        this.#starts++;
        const fate = user.random.float();
        void this.#once(machine, user);
        try {
          await user.sleep(durationOf(fate));
          const owner = this.#running.get(id);
          if (owner !== machine) {
            this.#violation ??= new Violation(
              `user ${id} acts on ${machine} while it runs on ${owner ?? 'no other'}, at ${this.clock.monotonic()} ms`,
            );
          }
          if (fate < 0.02) throw new Error('this user fails');
        } finally {
          if (this.#running.get(id) === machine) this.#running.delete(id);
        }
      },
    };
  }

  /** Waits for one of a few values; at most one value of a name is ever seen. */
  async #once(machine: string, user: User): Promise<void> {
    const random = seededRandom(user.id, this.#starts);
    const name = `thing_${random.integer(1, NAMES)}`;
    const waiting = { id: user.id, machine, name };
    this.#waiting.add(waiting);
    try {
      const value = await user.once(name, async () => {
        await user.sleep(random.integer(0, 4000));
        if (random.float() < 0.3) throw new Error('this work fails');
        return `${++this.#works}@${machine}`;
      });
      this.promised();
      const seen = this.#values.get(name) ?? value;
      this.#values.set(name, value);
      if (seen === value || !this.isJournalTrue) return;
      this.#violation ??= new Violation(`user ${user.id} has ${value} for ${name}, not ${seen}`);
    } catch {
      // It was removed, its start is over, or its work failed.
    } finally {
      this.#waiting.delete(waiting);
    }
  }

  /** Users that still wait, although there is a value. */
  waitingInVain(): string[] {
    return [...this.#waiting]
      .filter(({ name }) => this.#values.has(name))
      .map(({ id, machine, name }) => `${id}@${machine} for ${name}`);
  }

  isPaused(name: string): boolean {
    return this.machines.find((machine) => machine.name === name)?.isPaused === true;
  }

  /** The users of a machine whose process has died. */
  forget(machine: string): void {
    for (const [id, where] of this.#running) if (where === machine) this.#running.delete(id);
    for (const each of this.#waiting) if (each.machine === machine) this.#waiting.delete(each);
  }
}

/** How long a user's `start` takes. */
function durationOf(fate: number): number {
  if (fate < 0.1) return 3000 + fate * 100_000;
  return fate < 0.97 ? 5000 + fate * 10_000 : FOREVER_MS;
}
