import { processEnvironment } from '../lib/system/environment.ts';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { amocHome } from '../attach/node-folder.ts';
import { portNumber, env } from '../config/environment.ts';
import { features } from '../features/index.ts';
import { bracketed } from '../lib/text/bracketed.ts';
import { systemClock } from '../lib/time/clock.ts';
import { readCookie } from '../protocol/cookie.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { systemLimits } from '../lib/system/limits.ts';
import { isLoopback } from '../lib/system/loopback.ts';
import { demandPrivateFolder } from '../lib/system/private-folder.ts';
import { plural } from '../lib/text/plural.ts';
import type { MasterParts } from '../master/mod.ts';
import { FileJournal, Master, openControlServer } from '../master/mod.ts';
import { controlTls } from '../protocol/control-tls.ts';
import { VERSION } from './installation.ts';
import { drivers } from './drivers.ts';
import { readSources } from './local-cluster.ts';
import type { ClusterEvents } from './local-cluster.ts';

/** `amocDist`: a master over the slaves that have dialled in. */
export interface DistributedCluster extends AsyncDisposable {
  readonly master: Master;
  /** Why slaves cannot join, when they should be able to. */
  readonly problem: string | undefined;
  /** How to start a slave that joins: a command. */
  readonly howToJoin: string;
}

/**
 * Makes the master of `amocDist`. It listens for slaves when `AMOC_MASTER_PORT` names a port, on
 * `AMOC_MASTER_BIND` (loopback when left out). A port that cannot be opened is reported, and has no other effect.
 *
 * @param keepsRun whether a run survives this process: it is kept in a journal, and resumed from there
 * @throws {AmocError} `BUSY` without `keepsRun`, when a journal has the run of another master on this port
 */
export async function startDistributedMaster(
  events: ClusterEvents,
  compile: MasterParts['compile'],
  { keepsRun = true }: { keepsRun?: boolean } = {},
): Promise<DistributedCluster> {
  const port = portNumber('AMOC_MASTER_PORT');
  const kept =
    port === undefined || port === 0
      ? undefined
      : new FileJournal(journalPath(port), (text) => events.notice({ level: 'error', text }));
  if (!keepsRun && port !== undefined) demandNoRun(kept, port);
  const journal = keepsRun ? kept : undefined;
  const master: Master = new Master({
    name: 'amocDist',
    clock: systemClock,
    compile,
    readSources: () => readSources(),
    expected: () => 1,
    joinMs: 0,
    whenNoNodes: () =>
      problem === undefined
        ? whenNoSlave(port)
        : `${problem}; fix that, and start the console again`,
    kill: () => {},
    leases: true,
    ...(journal === undefined ? {} : { journal }),
    randomSeed: () => randomInt(1, 2 ** 31),
    version: VERSION,
    features,
    observers: events.observers ?? [],
    drivers,
    ...events,
  });
  const listened = port === undefined ? undefined : await listen(master, port, events);
  const listener = typeof listened === 'string' ? undefined : listened;
  const problem: string | undefined = typeof listened === 'string' ? listened : undefined;
  // Only once the port is open: a second master on the same port must not resume the first one's run.
  if (listener !== undefined && journal !== undefined) restoreRun(master, journal, events);
  return {
    master,
    problem,
    howToJoin: howToJoin(port ?? 0, listener?.port),
    [Symbol.asyncDispose]: async () => listener?.[Symbol.asyncDispose](),
  };
}

/** How to connect slaves to the console that was started this way. */
function whenNoSlave(port: number | undefined): string {
  if (port === undefined) {
    return 'no slave is connected; start the console with AMOC_MASTER_PORT=4370, then on this machine: amoc slave --master ws://127.0.0.1:4370 --name slave1; docs/distributed.md explains other machines';
  }
  return `no slave is connected; ${howToJoin(port)}`;
}

/** How to start a slave of this master. @param listening the port that was opened, where that differs */
function howToJoin(port: number, listening = port): string {
  const host = env('AMOC_MASTER_BIND') ?? '127.0.0.1';
  const isAny = host === '0.0.0.0' || host === '::';
  const dialled = isAny ? 'THIS_HOST' : bracketed(host);
  const [scheme, ca] = env('AMOC_TLS_CERT') === undefined ? ['ws', ''] : ['wss', ' --ca ca.pem'];
  const where = isLoopback(host) ? 'on this machine' : 'on each machine';
  return `${where} run: amoc slave --master ${scheme}://${dialled}:${listening}${ca} --name slave1`;
}

/** @returns the listener, or the reason why there is none */
async function listen(
  master: Master,
  port: number,
  events: ClusterEvents,
): Promise<(AsyncDisposable & { readonly port: number }) | string> {
  const host = env('AMOC_MASTER_BIND') ?? '127.0.0.1';
  try {
    // Port 0 has no journal.
    if (port !== 0) demandOwnHome();
    const tls = controlTls(processEnvironment());
    const listener = await openControlServer(master, {
      host,
      port,
      cookie: readCookie(processEnvironment()),
      clock: systemClock,
      tls,
      onRefused: refusals(events),
      onFull: onceAMinute((most) => events.notice({ level: 'error', text: whyFull(most) })),
    });
    events.notice({
      level: 'info',
      text: `slaves can join at ${tls === undefined ? 'ws' : 'wss'}://${host}:${listener.port}`,
    });
    return listener;
  } catch (error) {
    const problem = `slaves cannot join: ${messageOf(error)}`;
    events.notice({ level: 'error', text: problem });
    return problem;
  }
}

/** At most this many refused connections are reported within {@link REFUSALS_MS}; the others are counted. */
const MAX_REFUSALS = 5;
const REFUSALS_MS = 10_000;

/** Reports refused connections, and does not let a flood of them fill the screen. */
function refusals({ notice }: ClusterEvents): (text: string) => void {
  let count = 0;
  return (text) => {
    if (++count <= MAX_REFUSALS) notice({ level: 'warn', text });
    if (count > 1) return;
    const tell = (): void => {
      const more = count - MAX_REFUSALS;
      if (more > 0) notice({ level: 'warn', text: `${plural(more, 'more connection')} refused` });
      count = 0;
    };
    systemClock.schedule(REFUSALS_MS, tell, { background: true });
  };
}

function whyFull(most: number): string {
  const { openFiles } = systemLimits();
  const limit = openFiles === undefined ? '' : ` of the ${openFiles} files that it may open`;
  return `slaves are refused: ${plural(most, 'connection')} are open, and this master keeps the rest${limit} for other work; start it with a higher limit (ulimit -n 65536)`;
}

function onceAMinute<T>(tell: (value: T) => void): (value: T) => void {
  let toldAt = -Infinity;
  return (value) => {
    const now = systemClock.monotonic();
    if (now - toldAt < 60_000) return;
    toldAt = now;
    tell(value);
  };
}

/**
 * A run that a console keeps must not be lost to a master that does not know it: its slaves would end the users.
 *
 * @throws {AmocError} `BUSY` when the journal has a run
 */
function demandNoRun(journal: FileJournal | undefined, port: number): void {
  const memory = journal?.read();
  if (memory === undefined) return;
  throw new AmocError(
    'BUSY',
    `port ${port} belongs to a run of ${memory.prepare.scenario.name} that has not ended: a console has it, or resumes it when it is started again; stop that run with amocDist.stop() there, or choose another AMOC_MASTER_PORT`,
  );
}

/** Resumes the run of a master that ended without a stop(). */
function restoreRun(master: Master, journal: FileJournal, events: ClusterEvents): void {
  try {
    const memory = journal.read();
    if (memory !== undefined) master.members.restore(memory);
  } catch (error) {
    events.notice({ level: 'error', text: messageOf(error) });
  }
}

/**
 * Slaves run what a journal contains, so no other user may be able to put one there.
 *
 * @throws {AmocError} `FILE`
 */
function demandOwnHome(): void {
  try {
    demandPrivateFolder(amocHome());
  } catch (error) {
    // If the folder cannot be made, the journal reports that itself, and a run continues without it.
    if (!(error instanceof AmocError) || error.cause === undefined) throw error;
  }
}

/** One journal for each port: two masters on one machine are two clusters. */
function journalPath(port: number): string {
  return join(amocHome(), `master-${port}.journal`);
}
