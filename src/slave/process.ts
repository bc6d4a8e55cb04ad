import { hostname } from 'node:os';
import { sleep } from '../lib/abort.ts';
import { backoffMs } from '../lib/backoff.ts';
import { systemClock } from '../lib/clock.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { systemLimits } from '../lib/limits.ts';
import { offerHandshake } from '../protocol/handshake.ts';
import type { NodeInfo } from '../protocol/messages.ts';
import { dialMaster } from '../protocol/websocket-transport.ts';
import { loadBundle } from '../scenario/loader.ts';
import type { LoaderPlaces } from '../scenario/loader.ts';
import { LoadMeter } from './load-meter.ts';
import { LogShipper } from './log-shipper.ts';
import { Slave } from './slave.ts';
import { startWatchdog } from './watchdog.ts';

/** Taken before {@link protectProcess} puts its own in place. */
const exitProcess = process.exit.bind(process);

const REDIAL = { firstMs: 200, mostMs: 30_000 };

/** What a slave process is started with. */
export interface SlaveProcessOptions {
  /** The master's address: `ws://host:port`. */
  master: string;
  name: string;
  cookie: string;
  version: string;
  places: LoaderPlaces;
  logLevel: string;
  /** A child of the console: ends with the connection, and when its parent is gone. */
  child: boolean;
  /** What to do with words for whoever started it; lost for a child. */
  tell: (line: string) => void;
}

/**
 * The life of a slave process: dials the master, serves, and dials again. A child ends with its
 * connection, whatever its scenario left behind.
 *
 * @throws {AmocError} `AUTHENTICATION` when the master refuses: dialling again would not help.
 */
export async function runSlaveProcess(options: SlaveProcessOptions): Promise<never> {
  const { master, cookie, name, tell, child } = options;
  const info: NodeInfo = {
    name,
    host: hostname(),
    pid: process.pid,
    version: options.version,
    node: process.versions.node,
    ...definedLimits(),
  };
  process.setSourceMapsEnabled(true);
  // Ctrl+C in the console reaches the whole foreground group; the master decides, not the terminal.
  if (child) process.on('SIGINT', () => {});
  let send: ((records: never[], dropped: number) => void) | undefined;
  using meter = new LoadMeter();
  using logs = new LogShipper(name, options.logLevel, systemClock, (records, dropped) => {
    send?.(records as never[], dropped);
  });
  using slave = new Slave({
    name,
    clock: systemClock,
    logger: logs.logger,
    load: (bundle) => loadBundle(bundle, options.places),
    readLoad: () => meter.read(),
  });
  protectProcess(slave);
  using _watchdog = startWatchdog({
    master,
    cookie,
    info,
    parentPid: child ? process.ppid : undefined,
  });
  for (let attempt = 0; ; attempt++) {
    try {
      const transport = await dialMaster(master, { liveness: !child });
      await offerHandshake(transport, cookie, 'slave', info, systemClock);
      attempt = 0;
      tell(`${name} serves ${master}`);
      const peer = slave.serve(transport);
      send = (records, dropped) => peer.send({ type: 'logs', records, dropped });
      const reason = await new Promise<string>((resolve) => (peer.onClose = resolve));
      tell(`the connection to ${master} is gone (${reason})`);
    } catch (error) {
      if (error instanceof AmocError && error.code === 'AUTHENTICATION') throw error;
      tell(messageOf(error));
    }
    if (child) exitProcess(0);
    await sleep(backoffMs(attempt, REDIAL, Math.random()));
  }
}

function definedLimits(): Pick<NodeInfo, 'openFiles' | 'localPorts'> {
  const { openFiles, localPorts } = systemLimits();
  return {
    ...(openFiles === undefined ? {} : { openFiles }),
    ...(localPorts === undefined ? {} : { localPorts }),
  };
}

/** A scenario must not take the process and thousands of other users with it. */
function protectProcess(slave: Slave): void {
  process.on('uncaughtException', (error) => slave.strayError(error));
  process.on('unhandledRejection', (reason) => slave.strayError(reason));
  process.exit = (code): never => {
    throw new AmocError(
      'SCENARIO',
      `process.exit(${code ?? ''}) would end the users of the whole process; throw an error, or return`,
    );
  };
}
