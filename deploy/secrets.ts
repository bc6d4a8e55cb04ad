/**
 * `make deploy`: what proves the machines of a cluster to each other, made at the first time and kept: the cookie, a
 * CA, and a certificate for the master's address in `hosts`. Its certificate is made again when that address
 * changes, or 30 days before its end.
 */
import { readFileSync } from 'node:fs';
import { makeCertificates } from '../src/cli/certs.ts';
import { cookieOf } from '../src/lib/cookie.ts';
import { AmocError } from '../src/lib/errors.ts';
import { readInventory } from './inventory.ts';

const [, , hosts = 'hosts', cookie = '.amoc.cookie', tls = '.amoc.tls'] = process.argv;
try {
  cookieOf(cookie);
  const { master_address: address = '' } = readInventory(readFileSync(hosts, 'utf8')).variables;
  const said = await makeCertificates({ out: tls, host: [address], keep: true });
  // What to copy where is the deployment's to do.
  process.stdout.write(`${said.split('\n\n')[0] ?? ''}\n`);
} catch (error) {
  if (!(error instanceof AmocError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
