/**
 * `make deploy`: makes what proves the machines of a cluster to each other, at the first time, and keeps it: the
 * cookie, a CA, and a certificate for the master's address in `hosts`. The certificate is made again when that
 * address changes, or 30 days before it expires.
 */
import { readFileSync } from 'node:fs';
import { makeCertificates } from '../src/cli/certs.ts';
import { cookieOf } from '../src/protocol/cookie.ts';
import { AmocError } from '../src/lib/errors.ts';
import { readInventory } from './inventory.ts';

const [, , hosts = 'hosts', cookie = '.amoc.cookie', tls = '.amoc.tls'] = process.argv;
try {
  cookieOf(cookie);
  const { master_address: address = '' } = readInventory(readFileSync(hosts, 'utf8')).variables;
  const said = await makeCertificates({ out: tls, host: [address], keep: true });
  // Not the advice on what to copy where: the deployment does that.
  process.stdout.write(`${said.split('\n\n')[0] ?? ''}\n`);
} catch (error) {
  if (!(error instanceof AmocError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
