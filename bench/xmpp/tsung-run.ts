import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuMs, rssBytes } from '../harness.ts';
import { onEveryCoreCommand } from './cores.ts';
import type { Sink } from './sink.ts';

export interface TsungFigures {
  perSecond: number;
  cpuUs: number;
  loadedKb: number;
}

/** Memory of Tsung's VM before it has users. */
const EMPTY_BYTES = 60 * 1024 * 1024;

/** The same work, done by Debian's Tsung; `undefined` when it is not installed. */
export async function runTsung(
  sink: Sink,
  sessions: number,
  intervalMs: number,
  seconds: number,
): Promise<TsungFigures | undefined> {
  try {
    execFileSync('which', ['tsung'], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'amoc-tsung-'));
  const file = join(folder, 'tsung.xml');
  writeFileSync(file, configuration(sink.port, sessions, intervalMs));
  // By default its schedulers spin while they are idle, which would be counted.
  const env = {
    ...process.env,
    HOME: folder,
    ERL_FLAGS: '+sbwt none +sbwtdcpu none +sbwtdio none',
  };
  // On one core, like the others, it does not manage 8,000 messages a second.
  const options = ['-f', file, '-l', join(folder, 'log'), '-I', '127.0.0.1', '-F', 'start'];
  const child = spawn(...onEveryCoreCommand('tsung', options), {
    env,
    stdio: 'ignore',
    detached: true,
  });
  try {
    for (let tries = 0; (await sink.stats()).connections < sessions; tries++) {
      if (tries > 300) throw new Error('Tsung has not logged all users in');
      await pause(200);
    }
    await pause(5000);
    const pids = descendants(child.pid as number);
    const cpu = (): number => pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
    sink.reset();
    const cpuBefore = cpu();
    const began = performance.now();
    await pause(seconds * 1000);
    const used = cpu() - cpuBefore;
    const took = performance.now() - began;
    const { messages } = await sink.stats();
    const bytes = pids.reduce((sum, pid) => sum + rssBytes(pid), 0);
    return {
      perSecond: (messages * 1000) / took,
      cpuUs: (used * 1000) / messages,
      loadedKb: (bytes - EMPTY_BYTES) / 1024 / sessions,
    };
  } finally {
    for (const pid of descendants(child.pid as number)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** A process and all its descendants. */
function descendants(pid: number): number[] {
  const lines = execFileSync('ps', ['-e', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n');
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number));
  const below = (of: number): number[] =>
    pairs.flatMap(([each, parent]) =>
      parent === of ? [each as number, ...below(each as number)] : [],
    );
  return [pid, ...below(pid)];
}

function configuration(port: number, sessions: number, intervalMs: number): string {
  return `<?xml version="1.0"?>
<!DOCTYPE tsung SYSTEM "/usr/share/tsung/tsung-1.0.dtd">
<tsung loglevel="critical" version="1.0">
  <clients><client host="localhost" use_controller_vm="true" maxusers="${sessions + 100}"/></clients>
  <servers><server host="127.0.0.1" port="${port}" type="tcp"/></servers>
  <load><arrivalphase phase="1" duration="10" unit="minute"><users maxnumber="${sessions}" interarrival="0.004" unit="second"/></arrivalphase></load>
  <options>
    <option type="ts_jabber" name="global_number" value="${sessions}"/>
    <option type="ts_jabber" name="userid_max" value="${sessions}"/>
    <option type="ts_jabber" name="domain" value="localhost"/>
    <option type="ts_jabber" name="username" value="user_"/>
    <option type="ts_jabber" name="passwd" value="p"/>
  </options>
  <sessions><session probability="100" name="chat" type="ts_jabber">
    <request><jabber type="connect" ack="local"/></request>
    <request><jabber type="auth_sasl" ack="local"/></request>
    <request><jabber type="connect" ack="local"/></request>
    <request><jabber type="auth_sasl_bind" ack="local"/></request>
    <request><jabber type="auth_sasl_session" ack="local"/></request>
    <request><jabber type="presence:initial" ack="no_ack"/></request>
    <thinktime value="10"/>
    <for from="1" to="100000" var="i">
      <request><jabber type="chat" ack="no_ack" size="64" destination="online"/></request>
      <thinktime value="${intervalMs / 1000}"/>
    </for>
  </session></sessions>
</tsung>
`;
}
