import { randomInt } from 'node:crypto';
import { systemClock } from '../lib/clock.ts';
import { readCookie } from '../lib/cookie.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import type { MasterParts } from '../master/cluster.ts';
import { openControlServer } from '../master/control-server.ts';
import { Master } from '../master/master.ts';
import { readSources } from './local-cluster.ts';
import type { ClusterEvents } from './local-cluster.ts';

/** `amocDist`: a master over the slaves that have dialled in. */
export interface DistributedCluster extends AsyncDisposable {
  readonly master: Master;
}

/**
 * Makes the master of `amocDist`. It listens for slaves when `AMOC_MASTER_PORT` names a port, on
 * `AMOC_MASTER_BIND` (loopback when left out). A port that cannot be had is said, and costs nothing else.
 */
export async function startDistributedMaster(
  events: ClusterEvents,
  compile: MasterParts['compile'],
): Promise<DistributedCluster> {
  const port = masterPort();
  const master = new Master({
    name: 'amocDist',
    clock: systemClock,
    compile,
    readSources: () => readSources(),
    expected: () => 1,
    joinMs: 0,
    whenNoNodes:
      port === undefined
        ? 'no slave is connected; start the console with AMOC_MASTER_PORT=4370, and on each machine: amoc slave --master ws://THIS_HOST:4370 --name slave1'
        : `no slave is connected; on each machine run: amoc slave --master ws://THIS_HOST:${port} --name slave1`,
    kill: () => {},
    randomSeed: () => randomInt(1, 2 ** 31),
    ...events,
  });
  const listener = port === undefined ? undefined : await listen(master, port, events);
  return { master, [Symbol.asyncDispose]: async () => listener?.[Symbol.asyncDispose]() };
}

async function listen(
  master: Master,
  port: number,
  events: ClusterEvents,
): Promise<AsyncDisposable | undefined> {
  const host = process.env['AMOC_MASTER_BIND'] ?? '127.0.0.1';
  try {
    const listener = await openControlServer(master, {
      host,
      port,
      cookie: readCookie(process.env),
      clock: systemClock,
      link: { liveness: true },
      onRefused: (text) => events.notice({ level: 'warn', text }),
    });
    events.notice({ level: 'info', text: `slaves can join at ws://${host}:${listener.port}` });
    return listener;
  } catch (error) {
    events.notice({ level: 'error', text: `slaves cannot join: ${messageOf(error)}` });
    return undefined;
  }
}

function masterPort(): number | undefined {
  const given = process.env['AMOC_MASTER_PORT'];
  if (given === undefined || given === '') return undefined;
  const port = Number(given);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new AmocError('CONFIG', `AMOC_MASTER_PORT: ${JSON.stringify(given)} is not a port`);
}
