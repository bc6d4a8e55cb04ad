import { AmocError } from '../../src/lib/errors.ts';
import { seededRandom } from '../../src/lib/ids/random.ts';
import { noUsers } from '../../src/lib/user-states.ts';
import { Violation, World } from './world.ts';

/** One thing that happens in a simulated world, `afterMs` after the one before. */
export type Step = { afterMs: number } & (
  | { do: 'add' | 'remove'; count: number; force: boolean }
  | { do: 'cut' | 'mend' | 'crash' | 'start' | 'startAnew'; machine: number }
  | { do: 'crashMaster' | 'startMaster' | 'rebalance' }
  | { do: 'pause' | 'resume' | 'lie' | 'babble'; machine: number }
  | { do: 'setClock'; machine: number; byMs: number }
  | { do: 'fillDisk' | 'freeDisk' | 'loseJournal' }
  | { do: 'drain' | 'undrain'; machine: number }
);

/** Within this time after the last fault everything is as it should be. */
export const SETTLE_MS = 40_000;

/** Sixteen beats of a clock that drifts by a thousandth, and what is not yet enough for a step. */
const CLOCK_ERROR_MS = 25;

/** A history of a cluster: machines, users, and what happens. */
export interface History {
  seed: number;
  machines: number;
  users: number;
  steps: readonly Step[];
  /** Slaves that keep their users whatever their lease says: a fault that must be found. */
  withoutLeases?: boolean;
}

/** What a history came to. */
export interface Outcome {
  starts: number;
  virtualMs: number;
}

/** A random history. */
export function makeHistory(seed: number, steps: number): History {
  const random = seededRandom(seed, 7);
  const machines = random.integer(1, 12);
  let isFilled = false;
  return {
    seed,
    machines,
    users: random.integer(1, 120),
    steps: Array.from({ length: steps }, (): Step => {
      const afterMs = random.pick([0, 50, 500, 1000, 3000, 6000, 9000, 12_000]) * random.float();
      const machine = random.integer(0, machines - 1);
      const count = random.integer(1, 40);
      const force = random.float() < 0.5;
      const kind = random.float();
      // What fills a disk ends processes, too.
      const wasFilled = isFilled;
      isFilled = kind >= 0.955 && kind < 0.97;
      if (wasFilled && kind < 0.5) return { afterMs, do: 'crashMaster' };
      if (kind < 0.15) return { afterMs, do: 'add', count, force };
      if (kind < 0.3) return { afterMs, do: 'remove', count, force };
      if (kind < 0.43) return { afterMs, do: 'cut', machine };
      if (kind < 0.56) return { afterMs, do: 'mend', machine };
      if (kind < 0.61) return { afterMs, do: 'crash', machine };
      if (kind < 0.66) return { afterMs, do: 'start', machine };
      if (kind < 0.7) return { afterMs, do: 'startAnew', machine };
      if (kind < 0.74) return { afterMs, do: 'crashMaster' };
      if (kind < 0.79) return { afterMs, do: 'startMaster' };
      if (kind < 0.81) return { afterMs, do: 'rebalance' };
      if (kind < 0.85) return { afterMs, do: kind < 0.83 ? 'drain' : 'undrain', machine };
      if (kind < 0.885) return { afterMs, do: 'pause', machine };
      if (kind < 0.92) return { afterMs, do: 'resume', machine };
      if (kind < 0.935)
        return { afterMs, do: 'setClock', machine, byMs: random.integer(-1e7, 1e7) };
      if (kind < 0.945) return { afterMs, do: 'lie', machine };
      if (kind < 0.955) return { afterMs, do: 'babble', machine };
      if (kind < 0.97) return { afterMs, do: 'fillDisk' };
      if (kind < 0.985) return { afterMs, do: 'freeDisk' };
      return { afterMs, do: 'loseJournal' };
    }),
  };
}

/**
 * Lives through a history, and then through the time without faults in which all must be put right.
 *
 * @throws {Violation} when a user ran on two machines at once, or what is does not become what should be
 */
export async function live(history: History): Promise<Outcome> {
  const world = new World(history.seed, history.machines, history.withoutLeases);
  world.startMaster();
  for (const machine of world.machines) machine.start(false);
  const check = (): void => world.check();
  await world.clock.advance(2000, check);
  const settings = { repeatInterval: 500, interarrival: 5, recovery: 1000 };
  const begun = await command(world, () =>
    world.master?.do('work', 1, history.users, { settings }),
  );
  world.run = begun?.run;
  let users = history.users;
  for (const step of history.steps) {
    await world.clock.advance(step.afterMs, check);
    users += await happen(world, step);
    check();
    if (world.master?.state.is === 'failed') return outcome(world);
  }
  world.setDiskFull(false);
  for (const machine of world.machines) {
    machine.resume();
    machine.link.isUp = true;
    machine.link.loss = 0;
    machine.start(true);
  }
  world.startMaster();
  await world.clock.advance(SETTLE_MS, check);
  if (world.master?.state.is !== 'failed') await compare(world, users);
  world.crashMaster();
  for (const machine of world.machines) machine.crash();
  return outcome(world);
}

function outcome(world: World): Outcome {
  return { starts: world.starts, virtualMs: world.clock.monotonic() };
}

/** @returns by how many the users became more */
async function happen(world: World, step: Step): Promise<number> {
  switch (step.do) {
    case 'add': {
      const added = await command(world, () => world.master?.add(step.count));
      return added === undefined ? 0 : step.count;
    }
    case 'remove':
      await command(world, () => world.master?.remove(step.count, { force: step.force }));
      return 0;
    case 'rebalance':
      await command(world, () => Promise.resolve(world.master?.rebalance()));
      return 0;
    case 'drain':
    case 'undrain': {
      const { do: what, machine } = step;
      await command(world, () =>
        Promise.resolve(world.master?.[what](world.machines[machine]?.name ?? '')),
      );
      return 0;
    }
    case 'crashMaster':
      world.crashMaster();
      return 0;
    case 'startMaster':
      world.startMaster();
      return 0;
    case 'fillDisk':
    case 'freeDisk':
      world.setDiskFull(step.do === 'fillDisk');
      return 0;
    case 'loseJournal':
      world.loseJournal();
      return 0;
    default: {
      const machine = world.machines[step.machine];
      if (machine === undefined) return 0;
      if (step.do === 'cut') machine.link.isUp = false;
      else if (step.do === 'mend') machine.link.isUp = true;
      else if (step.do === 'crash') machine.crash();
      else if (step.do === 'pause') machine.pause();
      else if (step.do === 'resume') machine.resume();
      else if (step.do === 'setClock') machine.setClock(step.byMs);
      else if (step.do === 'babble') machine.babble();
      else if (step.do === 'lie') machine.lie(lie(world));
      else machine.start(step.do === 'start');
      return 0;
    }
  }
}

/** What a person types; an error that says what is wrong is an answer too. */
async function command<T>(
  world: World,
  work: () => Promise<T> | undefined,
): Promise<T | undefined> {
  let isDone = false;
  const result = (async () => work())().then(
    (value) => {
      isDone = true;
      // Without a master nobody has answered.
      if (value !== undefined) world.promised();
      return value;
    },
    (error: unknown) => {
      isDone = true;
      if (error instanceof AmocError) return undefined;
      throw error;
    },
  );
  for (let tries = 0; !isDone && tries < 2000; tries++) {
    await world.clock.advance(10, () => world.check());
  }
  if (!isDone) throw new Violation('a command was never answered');
  return result;
}

/** A report of users that the process was never given. */
function lie(world: World): string {
  const ids = [{ from: 1, to: 1_000_000, step: 1 }];
  return JSON.stringify({
    type: 'report',
    sequence: 1_000_000_000,
    run: world.run,
    users: { ...noUsers, running: 1e9 },
    load: { cpu: 0, loopDelayMs: 0, rssBytes: 1 },
    delta: { counters: {}, histograms: {} },
    ended: { finished: ids, crashed: [], removed: [], moved: [], back: [], revision: 0 },
  });
}

/** When faults have stopped, everything is as it should be. */
async function compare(world: World, users: number): Promise<void> {
  const { master } = world;
  if (master === undefined) throw new Violation('there is no master');
  if (master.state.is !== 'running') throw new Violation(`the run is ${master.state.is}`);
  const status = await command(world, () => master.status());
  if (status === undefined) throw new Violation('status() gave nothing');
  const { present } = status;
  const { finished, removed, crashed, away, running, waiting, starting, leaving, moving } =
    status.users;
  const sum = present + finished + removed + crashed;
  const told = JSON.stringify(status.users);
  if (moving > 0) throw new Violation(`${moving} users have not moved: ${told}`);
  for (const { name, status: its, users: left } of status.nodes) {
    if (its === 'drained' && left > leaving) {
      throw new Violation(`${name} is drained and has ${left} users: ${told}`);
    }
  }
  if (away > 0) throw new Violation(`${away} users are still out of reach: ${told}`);
  const inVain = world.waitingInVain();
  if (inVain.length > 0)
    throw new Violation(`there is a value, and still wait ${inVain.join(', ')}`);
  for (const { name, clockOffsetMs, roundTripMs } of status.nodes) {
    const machine = world.machines.find((each) => each.name === name);
    const error = Math.abs((clockOffsetMs ?? 0) - (machine?.offsetMs ?? 0));
    // Half of the round trip, and what the drift of a thousandth makes of some beats.
    if (clockOffsetMs !== undefined && error > (roundTripMs ?? 0) / 2 + CLOCK_ERROR_MS) {
      throw new Violation(`the clock of ${name} is taken to be off by ${error} ms more than it is`);
    }
  }
  // What was promised and never reached a disk cannot be made good.
  if (sum !== users && world.isJournalTrue) {
    throw new Violation(
      `${users} users were asked for, ${sum} are accounted for: ${present} there, ${told}`,
    );
  }
  if (running + waiting + starting + leaving !== present) {
    throw new Violation(`${present} users should be there, reported are ${told}`);
  }
}

/** The shortest part of a history that still goes wrong, as far as `tries` go. */
export async function shrink(history: History, tries = 60): Promise<History> {
  let shortest = history;
  const fails = async (steps: readonly Step[]): Promise<boolean> => {
    try {
      await live({ ...history, steps });
      return false;
    } catch {
      return true;
    }
  };
  let left = tries;
  for (let size = history.steps.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < shortest.steps.length && left > 0; left--) {
      const steps = [...shortest.steps.slice(0, at), ...shortest.steps.slice(at + size)];
      if (await fails(steps)) shortest = { ...shortest, steps };
      else at += size;
    }
  }
  return shortest;
}
