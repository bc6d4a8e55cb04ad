import { setTimeout as pause } from 'node:timers/promises';
import { startLocalCluster } from '../../src/cli/local-cluster.ts';
import { rssBytes } from '../harness.ts';
import { Sink } from './sink.ts';

export interface HeldFigures {
  held: number;
  lost: number;
  kbPerSession: number;
}

/** Sessions of one server process at most: the file limit, less what the process needs itself. */
const PER_SINK = 19_000;
const HOLD_MS = 60_000;
const EMPTY_MB = 62;

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
  const settings = {
    interarrival: 0.4,
    xmppHost: all.map(({ port }) => `127.0.0.1:${port}`).join(','),
    xmppLocalAddresses: Array.from({ length: 8 }, (_, at) => `127.0.0.${at + 2}`).join(','),
    xmppDomain: 'localhost',
    xmppTls: 'none',
    xmppMechanism: 'PLAIN',
    xmppPassword: 'p',
    talkAt: Date.now() + 3_600_000,
    count: sessions,
    checkLimits: false,
  };
  await master.do('xmpp_chat', 1, sessions, { settings });
  const counters = async (): Promise<Record<string, number>> => (await master.metrics()).counters;
  const deadline = performance.now() + 300_000;
  while (((await counters())['connections'] ?? 0) < sessions) {
    if (performance.now() > deadline) break;
    await pause(500);
  }
  await pause(HOLD_MS);
  const open = await Promise.all(all.map(async (sink) => (await sink.stats()).connections));
  const bytes = cluster.processes.pids.reduce((sum, pid) => sum + rssBytes(pid), 0);
  const { connections = 0, connections_lost: lost = 0 } = await counters();
  await master.stop({ force: true });
  return {
    held: Math.min(
      open.reduce((sum, each) => sum + each, 0),
      connections,
    ),
    lost,
    kbPerSession: (bytes / 1024 - processes * EMPTY_MB * 1024) / sessions,
  };
}
