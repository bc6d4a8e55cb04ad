import { availableParallelism } from 'node:os';
import { resolveSettings } from '../config/resolve.ts';
import { xmppVariables } from '../config/run-variables.ts';
import type { XmppSettings } from '../config/run-variables.ts';
import { paintFor, wantsColors } from '../console/views/paint.ts';
import { count, plural } from '../lib/text/plural.ts';
import { readCookie } from '../protocol/cookie.ts';
import { messageOf } from '../lib/errors.ts';
import { oneLine } from '../lib/text/foreign-text.ts';
import { systemLimits } from '../lib/system/limits.ts';
import { findCacheFolder } from '../scenario/cache-folder.ts';
import { checkLogin, checkTarget } from './doctor-login.ts';
import type { Finding } from './finding.ts';
import { systemClock } from '../lib/time/clock.ts';
import { outputs } from '../outputs/index.ts';
import { VERSION } from '../app/installation.ts';
import { localProcessCount, readSources } from '../app/local-cluster.ts';

/** Files that a process has open in addition to its connections. */
const OWN_FILES = 64;

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
  const paint = paintFor(wantsColors(process.stdout, process.env));
  const settings = resolveSettings(xmppVariables, readSources(), '') as XmppSettings;
  const findings: Finding[] = [
    checkNode(),
    ...checkLimits(users),
    checkCookie(),
    checkCache(),
    ...(await checkOutputs()),
    ...(await (login === undefined ? checkTarget(settings) : checkLogin(settings, login))),
  ];
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
  const files = Math.ceil(users / processes) + OWN_FILES;
  const findings: Finding[] = [];
  if (openFiles !== undefined) {
    const text = `open files: ${count(openFiles)} a process; ${count(users)} users on ${plural(processes, 'process', 'processes')} need ${count(files)}`;
    const remedy = `raise the limit before amoc starts: ulimit -n ${files}   (or use more processes: AMOC_LOCAL_PROCESSES)`;
    findings.push(openFiles >= files ? { ok: true, text } : { ok: false, text, remedy });
  }
  if (localPorts !== undefined) {
    const text = `local ports: ${count(localPorts)} to one address; ${count(users)} users need as many`;
    const remedy = 'widen the range: sysctl -w net.ipv4.ip_local_port_range="1024 65535"';
    findings.push(localPorts >= users ? { ok: true, text } : { ok: false, text, remedy });
  }
  return findings;
}

function checkCookie(): Finding {
  try {
    return { ok: true, text: `cookie: ${readCookie(process.env).length} characters` };
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
