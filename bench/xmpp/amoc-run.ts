import { setTimeout as pause } from 'node:timers/promises';
import { addHistogram, decodeHistogram, newHistogram } from '../../src/metrics/histogram.ts';
import type { MetricsDelta } from '../../src/metrics/metrics.ts';
import { startLocalCluster } from '../../src/app/local-cluster.ts';
import { cpuMs } from '../harness.ts';
import { warmUpMs } from './client-program.ts';
import { onClientCore } from './cores.ts';
import type { Sink, SinkStats } from './sink.ts';

/** The figures of one run of users. */
export interface RunFigures {
  loginCpuMs: number;
  perSecond: number;
  cpuUs: number;
  /** Time to delivery, in milliseconds. */
  delivery: { p50: number; p99: number; p999: number } | undefined;
  sink: SinkStats | undefined;
}

export interface RunOptions {
  sink: Sink | undefined;
  sessions: number;
  intervalMs: number;
  settings: Readonly<Record<string, string | number | boolean>>;
  /** How long messages are counted. */
  seconds: number;
}

const WARM_UP = 500;

/** Users of the public scenario API in one slave process. */
export async function runAmoc(options: RunOptions): Promise<RunFigures> {
  const { sink, sessions, intervalMs, seconds } = options;
  process.env['AMOC_LOCAL_PROCESSES'] = '1';
  await using cluster = await startLocalCluster({
    notice: () => {},
    logs: () => {},
  });
  const { master, processes } = cluster;
  const [pid] = processes.pids as [number];
  onClientCore(pid);
  const base = {
    interarrival: 1,
    xmppPassword: 'p',
    xmppDomain: 'localhost',
    xmppTls: 'none',
    xmppMechanism: 'PLAIN',
    ...options.settings,
    interval: intervalMs,
  };
  const connections = async (): Promise<number> =>
    (await master.metrics()).counters['connections'] ?? 0;
  const until = async (done: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; !(await done()); tries++) {
      if (tries > 3000) throw new Error(`gave up: ${JSON.stringify(await master.status())}`);
      await pause(20);
    }
  };
  // A first run: code is compiled once, not for each user.
  const never = Date.now() + 3_600_000;
  await master.do('xmpp_chat', 1, WARM_UP, {
    settings: { ...base, count: WARM_UP, talkAt: never },
  });
  await until(async () => (await connections()) === WARM_UP);
  await master.stop({ force: true });
  await pause(5000);

  const cpuBefore = cpuMs(pid);
  const talkAt = Date.now() + sessions * 1.3 + 8000;
  await master.do('xmpp_chat', 1, sessions, { settings: { ...base, count: sessions, talkAt } });
  await until(async () => (await connections()) === sessions);
  const loginCpuMs = (cpuMs(pid) - cpuBefore) / sessions;
  // Until then not all users talk: their first messages are spread over the interval.
  const allTalkMs = Math.max(0, talkAt - Date.now()) + intervalMs;
  await pause(allTalkMs + warmUpMs(sessions, intervalMs));

  sink?.reset();
  const before = await master.rawMetrics();
  const talkCpu = cpuMs(pid);
  const began = performance.now();
  await pause(seconds * 1000);
  const cpu = cpuMs(pid) - talkCpu;
  const after = await master.rawMetrics();
  const took = performance.now() - began;
  const stats = await sink?.stats();
  const received =
    (after.counters['bench_received'] ?? 0) - (before.counters['bench_received'] ?? 0);
  await master.stop({ force: true });
  return {
    loginCpuMs,
    perSecond: (received * 1000) / took,
    cpuUs: (cpu * 1000) / received,
    delivery: deliveryBetween(before, after),
    sink: stats,
  };
}

/** Time to delivery in the same seconds as the sink's: without the messages before them. */
function deliveryBetween(before: MetricsDelta, after: MetricsDelta): RunFigures['delivery'] {
  const name = 'message_ttd';
  const [early, all] = [before.histograms[name], after.histograms[name]];
  if (early === undefined || all === undefined) return undefined;
  const times = newHistogram();
  addHistogram(times, decodeHistogram(all));
  addHistogram(times, decodeHistogram(early), -1);
  const at = (percentile: number): number => times.getValueAtPercentile(percentile) / 1000;
  return { p50: at(50), p99: at(99), p999: at(99.9) };
}
