/**
 * What the engine itself costs: users that only sleep, in one slave process, driven by a master in this
 * process as the console drives it. Writes bench/results/engine.json.
 */
import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { startLocalCluster } from '../src/app/local-cluster.ts';
import type { Master } from '../src/master/master.ts';
import { measureKill, measureLoop } from './failures.ts';
import { cpuMs, median, report, ROOT, rssBytes } from './harness.ts';
import type { Figure } from './harness.ts';

process.env['AMOC_LOCAL_PROCESSES'] = '1';
process.env['AMOC_PROJECT'] = ROOT;
// No embedded server: nothing here needs it.
process.env['AMOC_XMPP_HOST'] = '127.0.0.1';

const settings = { interarrival: 0, sleepTime: '1h' };
const figures: Figure[] = [];

/** Waits until `count` users run. @returns how long it took */
async function untilRunning(master: Master, count: number, began: number): Promise<number> {
  for (;;) {
    const { users } = await master.status();
    if (users.running >= count) return performance.now() - began;
    await pause(2);
  }
}

/** Starts `count` sleeping users in one process and measures what they cost. */
async function measureUsers(count: number): Promise<void> {
  await using cluster = await startLocalCluster({ notice: () => {}, logs: () => {} });
  const { master, processes } = cluster;
  // A first run, so that what the process needs only once does not count as the users'.
  await master.do('sleeper', 1, 1000, { settings });
  await untilRunning(master, 1000, 0);
  await master.stop({ force: true });
  const [pid] = processes.pids as [number];
  await pause(500);
  const before = rssBytes(pid);
  const cpuBefore = cpuMs(pid);
  const began = performance.now();
  await master.do('sleeper', 1, count, { settings });
  const placedMs = performance.now() - began;
  const startMs = await untilRunning(master, count, began + placedMs);
  const cpuPerStartUs = ((cpuMs(pid) - cpuBefore) * 1000) / count;
  await pause(2000);
  const bytes = (rssBytes(pid) - before) / count;
  const idleBefore = cpuMs(pid);
  await pause(3000);
  const idleShare = (cpuMs(pid) - idleBefore) / 3000;
  const label = `${count.toLocaleString('en-US')} users`;
  const last = count === 100_000;
  figures.push(
    {
      name: `starts, ${label}`,
      value: (count * 1000) / startMs,
      unit: '1/s',
      must: last ? '≥ 100,000' : '',
    },
    { name: `CPU of a start, ${label}`, value: cpuPerStartUs, unit: 'µs', must: '' },
    {
      name: `memory of an idle user, ${label}`,
      value: bytes / 1024,
      unit: 'KB',
      must: last ? '≤ 1.5' : '',
    },
    {
      name: `CPU of a process with idle users, ${label}`,
      value: idleShare * 100,
      unit: '% of a core',
      must: last ? '≤ 5' : '',
    },
  );
  if (last) await measureCommands(master);
}

/** Round trips of commands while 100,000 users sleep. */
async function measureCommands(master: Master): Promise<void> {
  const time = async (work: () => Promise<unknown>): Promise<number> => {
    const times: number[] = [];
    for (let round = 0; round < 21; round++) {
      const began = performance.now();
      await work();
      times.push(performance.now() - began);
      await pause(20);
    }
    return median(times);
  };
  const ownBefore = process.cpuUsage();
  const began = performance.now();
  await pause(3000);
  const own = process.cpuUsage(ownBefore);
  const share = (own.user + own.system) / 1000 / (performance.now() - began);
  figures.push(
    {
      name: 'status(), 100,000 users running',
      value: await time(() => master.status()),
      unit: 'ms',
      must: '≤ 5',
    },
    {
      name: 'add(1), 100,000 users running',
      value: await time(() => master.add(1)),
      unit: 'ms',
      must: '',
    },
    {
      name: 'remove(1), 100,000 users running',
      value: await time(() => master.remove(1, { force: true })),
      unit: 'ms',
      must: '',
    },
    {
      name: 'CPU of the idle console, 100,000 users',
      value: share * 100,
      unit: '% of a core',
      must: '≤ 5',
    },
  );
}

/** Runs `work` with the scenarios of another folder. */
async function withProject<T>(folder: string, work: () => Promise<T>): Promise<T> {
  process.env['AMOC_PROJECT'] = join(ROOT, folder);
  try {
    return await work();
  } finally {
    process.env['AMOC_PROJECT'] = ROOT;
  }
}

/** From the start of `amoc console` to its prompt, in a pseudo-terminal. */
async function measurePrompt(): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const began = performance.now();
    const env = { ...process.env, AMOC_HISTORY: '/dev/null', TERM: 'xterm', NO_COLOR: '1' };
    delete (env as Record<string, string | undefined>)['AMOC_XMPP_HOST'];
    delete (env as Record<string, string | undefined>)['AMOC_LOCAL_PROCESSES'];
    const child = spawn(
      'script',
      ['-qec', `${process.execPath} ${join(ROOT, 'bin', 'amoc.js')} console`, '/dev/null'],
      { env },
    );
    let text = '';
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (data) => {
        text += String(data);
        if (/\)1> /.test(text)) resolve();
      });
      child.once('exit', () => reject(new Error(`no prompt: ${text}`)));
    });
    times.push(performance.now() - began);
    child.stdin.write('q()\n');
    await new Promise((resolve) => child.once('exit', resolve));
  }
  figures.push({
    name: 'amoc console to its prompt',
    value: median(times),
    unit: 'ms',
    must: '≤ 700',
  });
}

for (const count of [1000, 10_000, 100_000]) await measureUsers(count);
figures.push(...(await measureKill()));
figures.push(...(await withProject('bench/fixtures', measureLoop)));
await measurePrompt();
report('engine', figures);
