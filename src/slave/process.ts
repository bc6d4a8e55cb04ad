import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { LoadedDriver } from '../drivers/mod.ts';
import { sleep } from '../lib/time/async.ts';
import { backoffMs } from '../lib/time/backoff.ts';
import { systemClock } from '../lib/time/clock.ts';
import type { Feature } from '../features/feature.ts';
import { setClusterOffset } from '../lib/time/cluster-clock.ts';
import { collectGarbage, collectOnOneThread } from '../lib/system/collect-garbage.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { newIdentity } from '../lib/ids/identity.ts';
import { systemLimits } from '../lib/system/limits.ts';
import { guardServing } from '../lib/system/serving-guard.ts';
import { sha256 } from '../lib/ids/sha256.ts';
import { SILENT_MS } from '../protocol/lease.ts';
import { offerHandshake } from '../protocol/handshake.ts';
import type { NodeInfo, ShippedRecord } from '../protocol/messages.ts';
import type { ControlTls } from '../protocol/control-tls.ts';
import { dialMaster } from '../protocol/websocket-transport.ts';
import { loadBundle } from '../scenario/loader.ts';
import type { LoaderPlaces } from '../scenario/loader.ts';
import { MetricsRegistry } from '../metrics/metrics.ts';
import { wasRefused } from './dial-failure.ts';
import { LoadMeter } from './load-meter.ts';
import { LogShipper } from './log-shipper.ts';
import { Slave } from './slave.ts';
import type { ProcessMessage } from './supervision.ts';
import { startWatchdog } from './watchdog.ts';

/** Saved before {@link protectProcess} replaces it. */
const exitProcess = process.exit.bind(process);

const REDIAL = { firstMs: 200, mostMs: 10_000 };
/** A process that uses less of a core than this has time to compact its memory. */
const QUIET_CPU = 0.1;
const QUICK_REDIAL = { firstMs: 200, mostMs: 1000 };
/** A connection that lasted this long counts as a success. */
const STEADY_MS = 5000;
/**
 * A taken name is tried again for this long: its process may have died, and the master not noticed it yet.
 */
const TAKEN_MS = SILENT_MS + 1500;
const PARENT_CHECK_MS = 250;
/** The time that the last message of a process has to reach the master. */
const LAST_WORDS_MS = 200;

/** Options of a slave process. */
export interface SlaveProcessOptions {
  /** The master's address: `ws://host:port`. */
  master: string;
  name: string;
  cookie: string;
  version: string;
  places: LoaderPlaces;
  /** The protocols that users can speak. */
  drivers: readonly LoadedDriver[];
  logLevel: string;
  /** A child of the console: it ends with the connection. */
  child: boolean;
  /** The process ends when this is no longer its parent. */
  parentPid?: number | undefined;
  /** Created when left out. */
  identity?: string | undefined;
  /** The identity of the previous process, which has ended; `ended` says why. */
  replaces?: string | undefined;
  ended?: string | undefined;
  labels?: Readonly<Record<string, string>> | undefined;
  tls?: ControlTls | undefined;
  /** What the users of a run can do together. */
  features: readonly Feature[];
  /** Receives lines for the person who started the process; for a child they are lost. */
  tell: (line: string) => void;
  /** Receives messages for the supervisor. */
  report: (message: ProcessMessage) => void;
}

/**
 * The life of a slave process: it dials the master, serves, and dials again. A child ends with its
 * connection, whatever its scenario left behind.
 *
 * @throws {AmocError} `AUTHENTICATION`, `EVICTED` or `NAME_TAKEN` when the master refuses: dialling again would
 * not help.
 */
export async function runSlaveProcess(options: SlaveProcessOptions): Promise<never> {
  const { master, cookie, name, child } = options;
  let told = '';
  // A master that stays away is reported once, not at each attempt.
  const tell = (line: string): void => {
    if (line !== told) options.tell(line);
    told = line;
  };
  const watchdogKey = randomBytes(32).toString('hex');
  const info: NodeInfo = {
    name,
    host: hostname(),
    pid: process.pid,
    version: options.version,
    node: process.versions.node,
    identity: options.identity ?? newIdentity(),
    watchdog: sha256(watchdogKey),
    ...(options.replaces === undefined ? {} : { replaces: options.replaces }),
    ...(options.ended === undefined ? {} : { ended: options.ended }),
    ...(options.labels === undefined ? {} : { labels: { ...options.labels } }),
    ...definedLimits(),
  };
  collectOnOneThread();
  process.setSourceMapsEnabled(true);
  let send: ((records: ShippedRecord[], dropped: number) => void) | undefined;
  const metrics = new MetricsRegistry();
  using meter = new LoadMeter(metrics.histogram('gc_pause'));
  using logs = new LogShipper(options.logLevel, systemClock, (records, dropped) => {
    send?.(records, dropped);
    return send !== undefined;
  });
  using slave = new Slave({
    name,
    clock: systemClock,
    drivers: options.drivers,
    logger: logs.logger,
    shipLogs: () => logs.flush(),
    load: (bundle) => loadBundle(bundle, options.places),
    readLoad: () => meter.read(),
    metrics,
    features: options.features,
    // Compaction pauses the process for about 0.3 s and would distort the latency of active users.
    collectGarbage: () => collectGarbage({ compact: meter.cpu < QUIET_CPU }),
    leased: !child,
    // The processes of one machine have the same clock.
    onClock: ({ offsetMs, roundTripMs }) => {
      if (!child && Math.abs(offsetMs) > roundTripMs / 2) setClusterOffset(offsetMs);
    },
    onLease: (until) => watchdog.lease(until),
    keptUntil: () => watchdog.keptUntil,
  });
  guardServing(() => slave.mayServe());
  protectProcess(slave);
  process.on('SIGUSR2', () => void leave(slave));
  using watchdog = startWatchdog({
    master,
    cookie,
    info,
    key: watchdogKey,
    parentPid: options.parentPid,
    tellsOfParent: !child,
    tls: options.tls,
  });
  const orphaned = endWithParent(slave, child ? undefined : options.parentPid);
  let takenSince: number | undefined;
  for (let attempt = 0; ; attempt++) {
    const dialledAt = systemClock.monotonic();
    try {
      const transport = await dialMaster(master, options.tls);
      await offerHandshake(transport, cookie, 'slave', info, systemClock);
      const joinedAt = systemClock.monotonic();
      takenSince = undefined;
      tell(`${name} serves ${master}`);
      options.report({ type: 'joined' });
      const peer = slave.serve(transport);
      send = (records, dropped) => peer.send({ type: 'logs', records, dropped });
      const reason = await new Promise<string>((resolve) => (peer.onClose = resolve));
      slave.disconnected();
      send = undefined;
      // A master that accepts the process and disconnects it at once is not dialled without a pause.
      if (systemClock.monotonic() - joinedAt > STEADY_MS) attempt = 0;
      tell(`the connection to ${master} is gone (${reason})`);
      options.report({ type: 'disconnected' });
    } catch (error) {
      if (error instanceof AmocError) {
        const { code } = error;
        if (code === 'EVICTED') throw error;
        // Without a proof, anyone may have taken the master's address: the users run on until their lease
        // ends.
        if (code === 'AUTHENTICATION' && !slave.hasUsers) throw error;
        if (code === 'NAME_TAKEN') {
          takenSince ??= dialledAt;
          if (dialledAt - takenSince > TAKEN_MS) throw error;
        }
      }
      if (wasRefused(error)) slave.refused(dialledAt);
      tell(messageOf(error));
    }
    if (child) exitProcess(0);
    // The master knows that this process ends: it must not join once more.
    if (orphaned.aborted) await forever();
    // Users that run on a lease cannot wait.
    const pace = slave.hasUsers ? QUICK_REDIAL : REDIAL;
    await sleep(backoffMs(attempt, pace, Math.random()));
  }
}

/** Ends when its users are elsewhere; SIGTERM ends it sooner. */
async function leave(slave: Slave): Promise<void> {
  await slave.leave();
  exitProcess(0);
}

/**
 * Ends this process when its parent has gone, as nothing would restart it: its users run elsewhere.
 *
 * @returns a signal that is aborted as soon as the process ends
 */
function endWithParent(slave: Slave, parentPid: number | undefined): AbortSignal {
  const ending = new AbortController();
  if (parentPid === undefined) return ending.signal;
  const timer = setInterval(() => {
    if (process.ppid === parentPid) return;
    clearInterval(timer);
    ending.abort();
    slave.abandon('its amoc slave has ended');
    setTimeout(() => exitProcess(1), LAST_WORDS_MS);
  }, PARENT_CHECK_MS);
  timer.unref();
  return ending.signal;
}

function forever(): Promise<never> {
  return new Promise(() => {});
}

function definedLimits(): Pick<NodeInfo, 'openFiles' | 'localPorts'> {
  const { openFiles, localPorts } = systemLimits();
  return {
    ...(openFiles === undefined ? {} : { openFiles }),
    ...(localPorts === undefined ? {} : { localPorts }),
  };
}

/** A scenario must not end the process with its thousands of other users. */
function protectProcess(slave: Slave): void {
  // An error that is thrown in here ends the process, and anything may have been thrown.
  const stray = (error: unknown): void => {
    try {
      slave.strayError(error);
    } catch {
      slave.strayError(new Error('an error that throws when it is looked at'));
    }
  };
  process.on('uncaughtException', stray);
  process.on('unhandledRejection', stray);
  process.exit = (code): never => {
    throw new AmocError(
      'SCENARIO',
      `process.exit(${code ?? ''}) would end all users of this process; throw an error, or return`,
    );
  };
}
