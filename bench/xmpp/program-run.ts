import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuMs, ROOT } from '../harness.ts';
import { onClientCore } from './cores.ts';
import { warmUpMs } from './client-program.ts';
import type { ProgramOrder, ProgramReport } from './client-program.ts';
import type { Sink } from './sink.ts';

export interface ProgramFigures {
  loginCpuMs: number;
  /** One entry for each requested interval. */
  rates: { intervalMs: number; perSecond: number; cpuUs: number }[];
}

/** Lets a client program of the bench do the same work. */
export async function runOther(
  program: 'bare-program' | 'plain-program',
  sink: Sink,
  sessions: number,
  intervals: readonly number[],
  seconds: number,
): Promise<ProgramFigures> {
  const file = join(ROOT, 'dist', 'bench', 'xmpp', `${program}.js`);
  const child = fork(file, [String(sink.port), String(sessions)]);
  const pid = child.pid as number;
  onClientCore(pid);
  await pause(600);
  await once(child, 'message');
  const loginCpuMs = cpuMs(pid) / sessions;
  await pause(4000);
  const ask = async (): Promise<ProgramReport> => {
    const answer = once(child, 'message');
    child.send({ type: 'report' } satisfies ProgramOrder);
    const [report] = (await answer) as [ProgramReport];
    return report;
  };
  const rates = [];
  for (const intervalMs of intervals) {
    child.send({ type: 'talk', intervalMs } satisfies ProgramOrder);
    await pause(warmUpMs(sessions, intervalMs));
    await ask();
    const cpuBefore = cpuMs(pid);
    const began = performance.now();
    await pause(seconds * 1000);
    const cpu = cpuMs(pid) - cpuBefore;
    const took = performance.now() - began;
    const { received } = await ask();
    rates.push({
      intervalMs,
      perSecond: (received * 1000) / took,
      cpuUs: (cpu * 1000) / received,
    });
  }
  const gone = once(child, 'exit');
  child.disconnect();
  await gone;
  return { loginCpuMs, rates };
}
