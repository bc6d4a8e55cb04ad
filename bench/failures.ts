/**
 * How soon the console reports that a process died or is blocked, and how soon its users run again; with
 * real processes, as `amocLocal` forks them.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { startLocalCluster } from '../src/app/local-cluster.ts';
import type { Figure } from './harness.ts';

/** Waits until `done`. @returns how long it took, in seconds */
async function seconds(done: () => boolean | Promise<boolean>): Promise<number> {
  const began = performance.now();
  while (!(await done())) await pause(5);
  return (performance.now() - began) / 1000;
}

/** `kill -9` of one of two processes with 500 users each. */
export async function measureKill(): Promise<Figure[]> {
  process.env['AMOC_LOCAL_PROCESSES'] = '2';
  const notices: string[] = [];
  await using cluster = await startLocalCluster({
    notice: ({ text }) => notices.push(text),
    logs: () => {},
  });
  const { master, processes } = cluster;
  const said = (words: string): number => notices.filter((text) => text.includes(words)).length;
  await master.do('sleeper', 1, 1000, { settings: { interarrival: 0, sleepTime: '1h' } });
  await seconds(() => said('all 1000 users are running') === 1);
  process.kill(processes.pids[0] as number, 'SIGKILL');
  const told = await seconds(() => said('is gone') === 1);
  const again = told + (await seconds(() => said('all 1000 users are running') === 2));
  await master.stop({ force: true });
  return [
    { name: 'kill -9 of a process: said after', value: told, unit: 's', must: '≤ 2' },
    {
      name: 'kill -9 of a process: 1,000 users run again after',
      value: again,
      unit: 's',
      must: '≤ 10',
    },
  ];
}

/** An endless loop in both of two processes. */
export async function measureLoop(): Promise<Figure[]> {
  process.env['AMOC_LOCAL_PROCESSES'] = '2';
  const notices: string[] = [];
  await using cluster = await startLocalCluster({
    notice: ({ text }) => notices.push(text),
    logs: () => {},
  });
  const { master } = cluster;
  await master.do('spins', 1, 2, { settings: { interarrival: 0 } });
  const named = await seconds(
    () => notices.filter((text) => /blocked .*spins\.ts:\d+/.test(text)).length === 2,
  );
  const began = performance.now();
  await master.status();
  const statusMs = performance.now() - began;
  const stopping = performance.now();
  await master.stop({ force: true });
  const stopped = (performance.now() - stopping) / 1000;
  return [
    {
      name: 'endless loop in both processes: file and line said after',
      value: named,
      unit: 's',
      must: '≤ 5',
    },
    { name: 'status() meanwhile', value: statusMs / 1000, unit: 's', must: '≤ 1' },
    { name: 'forced stop: idle again after', value: stopped, unit: 's', must: '≤ 10' },
  ];
}
