import { createPrivateKey, X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { bracketed } from '../lib/text/bracketed.ts';
import { AmocError } from '../lib/errors.ts';
import { dnsNameOf } from '../lib/text/dns-name.ts';
import { quoted } from '../lib/text/shell-quote.ts';
import { isLoopback } from '../lib/system/loopback.ts';
import { demandPrivateFolder } from '../lib/system/private-folder.ts';
import { readSecretFile, replaceFiles } from '../lib/system/secret-file.ts';
import { makeAuthority, makeCertificate } from './certificates.ts';
import type { KeyPair, Purpose } from './certificates.ts';

const MAX_HOSTS = 100;
const MAX_SLAVES = 1000;
const MAX_BYTES = 65_536;
const SLAVE_NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const DAY_MS = 24 * 3600 * 1000;
/** `--keep` replaces a certificate this long before it expires. */
const RENEWAL_MS = 30 * DAY_MS;
/** The master's certificate always has these names, because its machine may run slaves too. */
const always = ['localhost', '127.0.0.1', '::1'];

/** The options of `amoc certs`. */
export interface CertsOptions {
  /** Names and addresses by which slaves dial the master. */
  host?: readonly string[] | undefined;
  /** Names of slaves that get a certificate. */
  slave?: readonly string[] | undefined;
  /** @default ~/.amoc.tls */
  out?: string | undefined;
  /** Whether to keep certificates that fit and are valid for at least 30 more days. */
  keep?: boolean | undefined;
}

/**
 * `amoc certs`: makes a CA, and certificates that it signs, as PEM files in a folder that only its owner can enter.
 *
 * @returns a text that says what was made, and what to do with it
 * @throws {AmocError} `ARGUMENT` for an invalid name, `FILE` for a folder or files that are not private,
 * do not fit each other, or cannot be made
 */
export async function makeCertificates(options: CertsOptions): Promise<string> {
  const given = namesOf(options.host ?? [], '--host', MAX_HOSTS, hostOf);
  const slaves = namesOf(options.slave ?? [], '--slave', MAX_SLAVES, slaveOf);
  const folder = resolve(options.out ?? join(homedir(), '.amoc.tls'));
  const keeps = options.keep === true;
  demandOwnFolder(folder);
  const { pair: authority, isNew } = await authorityOf(folder);
  const before = given.length === 0 ? hostsOf(folder) : [];
  const own = before.length > 0 ? before : [ownName()];
  const asked = given.length > 0 ? given : own;
  const hosts = [...new Set([...asked.filter((host) => host !== undefined), ...always])];
  const made = [
    `The CA ${isNew ? 'is new' : 'is unchanged'}: ${join(folder, 'ca.pem')}, ${validity(authority.cert)}`,
  ];
  const purposes: [file: string, purpose: Purpose][] = [
    ['master', { role: 'master', hosts }],
    ...slaves.map((name) => [name, { role: 'slave', name }] as [string, Purpose]),
  ];
  for (const [file, purpose] of purposes) {
    const found = keeps ? fitting(folder, file, authority, purpose) : undefined;
    const pair = found ?? (await makeCertificate(authority, purpose));
    if (found === undefined) write(folder, file, pair);
    const who = purpose.role === 'master' ? 'the master' : `the slave ${purpose.name}`;
    const names = purpose.role === 'master' ? `, for ${hosts.join(', ')}` : '';
    made.push(
      `The certificate of ${who} ${found === undefined ? 'is new' : 'is unchanged'}: ${join(folder, `${file}.pem`)}, ${validity(pair.cert)}${names}`,
    );
  }
  return `${made.join('\n')}\n\n${sayUse(folder, hosts, slaves)}`;
}

/** Says what to set on each machine, and what to copy there. */
function sayUse(folder: string, hosts: readonly string[], slaves: readonly string[]): string {
  const path = (name: string): string => quoted(join(folder, name));
  const dialled = hosts.find((host) => !isLoopback(host) && !host.startsWith('*')) ?? 'localhost';
  const address = bracketed(dialled);
  const [slave = 'slave1'] = slaves;
  const isMutual = slaves.length > 0;
  const onMaster = `export AMOC_TLS_CERT=${path('master.pem')} AMOC_TLS_KEY=${path('master.key')}`;
  const onSlave = 'export AMOC_TLS_CA=ca.pem';
  return `On the master's machine, before amoc starts there:
  ${onMaster}${isMutual ? ` AMOC_TLS_CA=${path('ca.pem')}` : ''}
${isMutual ? 'With AMOC_TLS_CA the master accepts only slaves that show a certificate.\n' : ''}
On each slave's machine, with a copy of ${isMutual ? `ca.pem, ${slave}.pem and ${slave}.key (of its own name)` : 'ca.pem'}:
  ${onSlave}${isMutual ? ` AMOC_TLS_CERT=${slave}.pem AMOC_TLS_KEY=${slave}.key` : ''}
  amoc slave --master wss://${address}:4370 --name ${slave}

ca.pem is not secret. ca.key signs further certificates: do not copy it anywhere.
`;
}

function demandOwnFolder(folder: string): void {
  const stats = statSync(folder, { throwIfNoEntry: false });
  // No chmod: other users may need this folder.
  if (stats?.isDirectory() === true && (stats.mode & 0o077) !== 0) {
    throw new AmocError(
      'FILE',
      `--out: other users can enter ${folder}, and keys must be private; name a folder that is for the keys alone, as in ${join(folder, 'amoc.tls')}`,
    );
  }
  demandPrivateFolder(folder, { isSecret: true });
}

/** The CA of a folder; a new one when the folder has none. */
async function authorityOf(folder: string): Promise<{ pair: KeyPair; isNew: boolean }> {
  const found = read(folder, 'ca');
  if (found === undefined) {
    const pair = await makeAuthority();
    write(folder, 'ca', pair);
    return { pair, isNew: true };
  }
  const path = join(folder, 'ca.pem');
  const otherwise = `move ${folder} away and run amoc certs again; the slaves then need the new ca.pem`;
  const cert = parse(found.cert);
  if (cert === undefined || !cert.ca || !isPair(cert, found.key)) {
    throw new AmocError(
      'FILE',
      `${path} and ca.key are not the certificate and key of a CA; ${otherwise}`,
    );
  }
  const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(found.key);
  if (asymmetricKeyType !== 'ec' || asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new AmocError(
      'FILE',
      `${path} has a key that is not of the kind that amoc certs makes (EC P-256); ${otherwise}`,
    );
  }
  if (Date.parse(cert.validTo) <= Date.now()) {
    throw new AmocError('FILE', `${path} was ${validity(found.cert)}; ${otherwise}`);
  }
  return { pair: found, isNew: false };
}

/** The names in the existing certificate of the master. */
function hostsOf(folder: string): string[] {
  const cert = parse(readSecretFile(join(folder, 'master.pem'), MAX_BYTES) ?? '');
  const names = (cert?.subjectAltName ?? '').split(', ').map((name) => name.replace(/^.*?:/, ''));
  return names.map((name) => dnsNameOf(name)).filter((name) => name !== undefined);
}

/** The existing certificate, if it need not be replaced. */
function fitting(
  folder: string,
  file: string,
  authority: KeyPair,
  purpose: Purpose,
): KeyPair | undefined {
  const found = read(folder, file);
  const cert = parse(found?.cert ?? '');
  if (found === undefined || cert === undefined || !isPair(cert, found.key)) return undefined;
  const issuer = new X509Certificate(authority.cert);
  const isOurs = cert.checkIssued(issuer) && cert.verify(issuer.publicKey);
  if (!isOurs || Date.parse(cert.validTo) - Date.now() < RENEWAL_MS) return undefined;
  if (purpose.role === 'slave') return found;
  const names = new Set(hostsOf(folder));
  return purpose.hosts.every((host) => names.has(host)) ? found : undefined;
}

/** @returns `undefined` when neither of the two files exists */
function read(folder: string, name: string): KeyPair | undefined {
  const [cert, key] = ['pem', 'key'].map((kind) =>
    readSecretFile(join(folder, `${name}.${kind}`), MAX_BYTES),
  );
  if (cert === undefined && key === undefined) return undefined;
  if (cert !== undefined && key !== undefined) return { cert, key };
  const [there, missing] = cert === undefined ? ['key', 'pem'] : ['pem', 'key'];
  throw new AmocError(
    'FILE',
    `${join(folder, `${name}.${there}`)} exists, but ${name}.${missing}, which belongs to it, is missing; put the missing file back, or remove the other one`,
  );
}

function write(folder: string, name: string, { cert, key }: KeyPair): void {
  replaceFiles([
    { path: join(folder, `${name}.key`), text: key, mode: 0o600 },
    { path: join(folder, `${name}.pem`), text: cert, mode: 0o600 },
  ]);
}

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function isPair(cert: X509Certificate, key: string): boolean {
  try {
    return cert.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

function validity(pem: string): string {
  return `valid until ${new Date(new X509Certificate(pem).validTo).toISOString().slice(0, 10)}`;
}

function ownName(): string | undefined {
  return dnsNameOf(hostname());
}

function namesOf(
  given: readonly string[],
  option: string,
  most: number,
  check: (name: string) => string,
): string[] {
  if (given.length > most) {
    throw new AmocError(
      'ARGUMENT',
      `${option}: ${given.length} names given; at most ${most} are allowed`,
    );
  }
  return [...new Set(given.map(check))];
}

function hostOf(given: string): string {
  const host = dnsNameOf(given);
  if (host === undefined) {
    throw new AmocError(
      'ARGUMENT',
      `--host: '${given}' is not the name or address of a machine; write it alone, as in master.example.org or 10.0.0.1`,
    );
  }
  if (host === '0.0.0.0' || host === '::') {
    throw new AmocError(
      'ARGUMENT',
      `--host: a master can listen on ${host}, but a slave cannot dial it; name the machine or its address`,
    );
  }
  return host;
}

function slaveOf(name: string): string {
  if (!SLAVE_NAME.test(name)) {
    throw new AmocError(
      'ARGUMENT',
      `--slave: invalid node name '${name}'; use letters, digits, . _ and -`,
    );
  }
  if (/^(ca|master)$/i.test(name)) {
    throw new AmocError(
      'ARGUMENT',
      `--slave: another file here is already named ${name}.pem; choose another name`,
    );
  }
  return name;
}
