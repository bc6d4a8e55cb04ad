import { processEnvironment } from '../lib/system/environment.ts';
import { availableParallelism } from 'node:os';
import { resolveSettings } from '../config/resolve.ts';
import type { AnyDriver, Finding } from '../drivers/mod.ts';
import { paintFor, wantsColors } from '../console/views/paint.ts';
import { count, plural } from '../lib/text/plural.ts';
import { readCookie } from '../protocol/cookie.ts';
import { messageOf } from '../lib/errors.ts';
import { oneLine } from '../lib/text/foreign-text.ts';
import { checkFiles, checkPorts } from '../lib/system/limit-check.ts';
import type { LimitCheck } from '../lib/system/limit-check.ts';
import { systemLimits } from '../lib/system/limits.ts';
import { findCacheFolder } from '../scenario/cache-folder.ts';
import { systemClock } from '../lib/time/clock.ts';
import { outputs } from '../outputs/index.ts';
import { drivers } from '../app/drivers.ts';
import { VERSION } from '../app/installation.ts';
import { localProcessCount, readSources } from '../app/local-cluster.ts';

/** Options of `amoc doctor`. */
export interface DoctorOptions {
  /** How many users this machine is to run. */
  users: number;
  /** The id of the user to log in. */
  login?: number;
}

/**
 * `amoc doctor`: checks this machine and the target, or, when an id is given, that user's login.
 *
 * @returns 0 when every check has passed, otherwise 1
 */
export async function runDoctor({ users, login }: DoctorOptions): Promise<number> {
  const paint = paintFor(wantsColors(process.stdout, processEnvironment()));
  const sources = readSources();
  const findings: Finding[] = [
    checkNode(),
    ...checkLimits(users),
    checkCookie(),
    checkCache(),
    ...(await checkOutputs()),
  ];
  for (const driver of drivers as readonly AnyDriver[]) {
    const settings = resolveSettings(driver.settings, sources, '');
    findings.push(...((await driver.check?.(settings, login)) ?? []));
  }
  for (const { ok, text, remedy } of findings) {
    process.stdout.write(`${ok ? paint.green(' ok ') : paint.red(' !! ')} ${oneLine(text)}\n`);
    if (remedy !== undefined) process.stdout.write(`     ${remedy}\n`);
  }
  return findings.every(({ ok }) => ok) ? 0 : 1;
}

function checkNode(): Finding {
  const cores = plural(availableParallelism(), 'core');
  return { ok: true, text: `Node.js ${process.versions.node}, ${cores}` };
}

function checkLimits(users: number): Finding[] {
  const { openFiles, localPorts } = systemLimits();
  const processes = localProcessCount();
  const findings: Finding[] = [];
  const finding = (text: string, { isEnough, remedy }: LimitCheck): void => {
    findings.push(isEnough ? { ok: true, text } : { ok: false, text, remedy });
  };
  if (openFiles !== undefined) {
    const files = checkFiles(users / processes, openFiles);
    const need = `${count(users)} users on ${plural(processes, 'process', 'processes')} need ${count(files.needed)}`;
    finding(`open files: ${count(openFiles)} a process; ${need}`, files);
  }
  if (localPorts !== undefined) {
    const text = `local ports: ${count(localPorts)} to one address; ${count(users)} users need as many`;
    finding(text, checkPorts(users, localPorts));
  }
  return findings;
}

function checkCookie(): Finding {
  try {
    return { ok: true, text: `cookie: ${readCookie(processEnvironment()).length} characters` };
  } catch (error) {
    return { ok: false, text: `cookie: ${messageOf(error)}` };
  }
}

/** Outputs that the environment asks for; a wrong variable would keep every command from starting. */
async function checkOutputs(): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const spec of outputs) {
    try {
      const output = await spec.create({ tell: () => {}, clock: systemClock, version: VERSION });
      if (output === undefined) continue;
      await output[Symbol.asyncDispose]();
      findings.push({ ok: true, text: `output: ${spec.name}` });
    } catch (error) {
      findings.push({ ok: false, text: `output: ${messageOf(error)}` });
    }
  }
  return findings;
}

function checkCache(): Finding {
  try {
    const { folder, fault } = findCacheFolder('scenarios');
    if (fault === undefined) return { ok: true, text: `cache: ${folder}` };
    return {
      ok: true,
      text: `cache: ${folder}, because ${fault}`,
      remedy: 'XDG_CACHE_HOME can name another folder',
    };
  } catch (error) {
    return { ok: false, text: `cache: ${messageOf(error)}` };
  }
}
