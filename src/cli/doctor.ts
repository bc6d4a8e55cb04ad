import { availableParallelism } from 'node:os';
import { resolveSettings } from '../config/resolve.ts';
import { xmppVariables } from '../config/run-variables.ts';
import type { XmppSettings } from '../config/run-variables.ts';
import { paintFor, wantsColors } from '../console/paint.ts';
import { count, plural } from '../lib/words.ts';
import { readCookie } from '../lib/cookie.ts';
import { messageOf } from '../lib/errors.ts';
import { oneLine } from '../lib/foreign-text.ts';
import { systemLimits } from '../lib/limits.ts';
import { findCacheFolder } from '../scenario/cache-folder.ts';
import { localProcessCount, readSources } from './local-cluster.ts';
import { addressOf, domainOf, usualPort } from '../users/target.ts';
import { probe } from '../xmpp/probe.ts';

/** One line of the doctor's. */
interface Finding {
  ok: boolean;
  text: string;
  /** What to do about it. */
  remedy?: string;
}

/** Files that a process has open besides connections. */
const OWN_FILES = 64;
const PROBE_MS = 5000;

/**
 * `amoc doctor`: checks this machine and the target.
 *
 * @returns 0 when all is well, 1 when something is not
 */
export async function runDoctor(users: number): Promise<number> {
  const paint = paintFor(wantsColors(process.stdout, process.env));
  const findings = [
    checkNode(),
    ...checkLimits(users),
    checkCookie(),
    checkCache(),
    await checkTarget(),
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
    const remedy = `raise it before amoc starts: ulimit -n ${files}   (or use more processes: AMOC_LOCAL_PROCESSES)`;
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

async function checkTarget(): Promise<Finding> {
  const settings = resolveSettings(xmppVariables, readSources(), '') as XmppSettings;
  const { xmppHost: hosts, xmppTransport: transport, xmppTls, xmppTlsVerify } = settings;
  if (hosts === '') {
    return {
      ok: true,
      text: 'target: none is set (AMOC_XMPP_HOST), the embedded server will stand in',
    };
  }
  const { host, port: named } = addressOf(hosts, 0);
  const usual = settings.xmppPort === 0 ? usualPort(transport, xmppTls) : settings.xmppPort;
  const port = named ?? usual;
  const domain = domainOf(settings, 1);
  const where = `target: ${host}:${port}, domain ${domain}`;
  if (transport !== 'tcp') {
    return {
      ok: true,
      text: `${where}, over ${transport}; what it offers shows at the first login`,
    };
  }
  try {
    const tls = { verify: xmppTlsVerify, ca: undefined, servername: domain };
    const direct = xmppTls === 'direct' ? tls : undefined;
    const offer = await probe({ host, port, domain, direct, timeoutMs: PROBE_MS });
    const tlsWord = offer.startTls ? 'STARTTLS, ' : '';
    const logins =
      offer.mechanisms.length === 0 ? 'no login before TLS' : offer.mechanisms.join(', ');
    const register = offer.registration ? ', in-band registration' : '';
    return { ok: true, text: `${where}: reachable, offers ${tlsWord}${logins}${register}` };
  } catch (error) {
    return {
      ok: false,
      text: `${where}: ${messageOf(error)}`,
      remedy: 'is the server running there, and are AMOC_XMPP_HOST, _PORT, _DOMAIN and _TLS right?',
    };
  }
}
