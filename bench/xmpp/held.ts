import { setTimeout as pause } from 'node:timers/promises';
import { startLocalCluster } from '../../src/app/local-cluster.ts';
import { rssBytes } from '../harness.ts';
import { Sink } from './sink.ts';

export interface HeldFigures {
  held: number;
  lost: number;
  /** Memory of a session that does nothing. */
  idleKb: number;
  /** The same while all write to their neighbours, 8,000 messages a second in total. */
  loadedKb: number;
}

/** The most sessions of one server process: the file limit, less what the process needs itself. */
const PER_SINK = 19_000;
/** Sessions that are not logged in by then are missing from `held`. */
const LOGINS_MS = 90_000;
const HOLD_MS = 60_000;
/** Memory of a slave process before its first user. */
const EMPTY_MB = 62;
const LOADED_PER_SECOND = 8000;
const LOADED_MS = 15_000;

/** Logs `sessions` in over `processes` and several local addresses, and holds them for a minute. */
export async function holdSessions(sessions: number, processes: number): Promise<HeldFigures> {
  const all: Sink[] = [];
  try {
    for (let left = sessions; left > 0; left -= PER_SINK) all.push(await Sink.start());
    return await hold(all, sessions, processes);
  } finally {
    for (const sink of all) await sink[Symbol.asyncDispose]();
  }
}

async function hold(
  all: readonly Sink[],
  sessions: number,
  processes: number,
): Promise<HeldFigures> {
  process.env['AMOC_LOCAL_PROCESSES'] = String(processes);
  await using cluster = await startLocalCluster({ notice: () => {}, logs: () => {} });
  const { master } = cluster;
  const interval = (sessions * 1000) / LOADED_PER_SECOND;
  const deadline = Date.now() + LOGINS_MS;
  const talkAt = deadline + HOLD_MS + 5000;
  const settings = {
    interarrival: 0.4,
    xmppHost: all.map(({ port }) => `127.0.0.1:${port}`).join(','),
    xmppLocalAddresses: Array.from({ length: 8 }, (_, at) => `127.0.0.${at + 2}`).join(','),
    xmppDomain: 'localhost',
    xmppTls: 'none',
    xmppMechanism: 'PLAIN',
    xmppPassword: 'p',
    talkAt,
    interval,
    count: sessions,
    checkLimits: false,
  };
  await master.do('xmpp_chat', 1, sessions, { settings });
  const counters = async (): Promise<Record<string, number>> => (await master.metrics()).counters;
  while (((await counters())['connections'] ?? 0) < sessions) {
    if (Date.now() > deadline) break;
    await pause(500);
  }
  await pause(HOLD_MS);
  const open = await Promise.all(all.map(async (sink) => (await sink.stats()).connections));
  const kbPerSession = (): number => {
    const bytes = cluster.processes.pids.reduce((sum, pid) => sum + rssBytes(pid), 0);
    return (bytes / 1024 - processes * EMPTY_MB * 1024) / sessions;
  };
  const idleKb = kbPerSession();
  const { connections = 0, connections_lost: lost = 0 } = await counters();
  await pause(talkAt - Date.now() + interval + LOADED_MS);
  const loadedKb = kbPerSession();
  await master.stop({ force: true });
  return {
    held: Math.min(
      open.reduce((sum, each) => sum + each, 0),
      connections,
    ),
    lost,
    idleKb,
    loadedKb,
  };
}
