import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { resolveSettings } from '../config/resolve.ts';
import { xmppVariables } from '../config/run-variables.ts';
import type { XmppSettings } from '../config/run-variables.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { didYouMean } from '../lib/nearest.ts';
import { count } from '../lib/words.ts';
import { fill } from '../users/target.ts';
import { accountFiles, accountServers } from '../xmpp/account-files.ts';
import type { AccountServer } from '../xmpp/account-files.ts';
import { readSources } from './local-cluster.ts';

const MOST_ACCOUNTS = 1_000_000;

const hints: Record<AccountServer, string> = {
  ejabberd: 'import it with: ejabberdctl import_piefxis FILE',
  prosody: "copy it into prosody's data_path (authentication = internal_plain)",
  mongooseim: 'import it with: mongooseimctl account importUsers --file FILE',
};

/**
 * `amoc accounts SERVER FROM TO --out FOLDER`: files with the accounts of the users, for a server to import.
 *
 * @returns what to say about it
 * @throws {AmocError} `ARGUMENT`, `CONFIG`, or `FILE` when something cannot be written
 */
export function writeAccounts(
  server: string,
  { from: first, to: last }: { from: number; to: number },
  out: string,
): string {
  if (!accountServers.includes(server as AccountServer)) {
    throw new AmocError(
      'ARGUMENT',
      `accounts: there are no files for '${server}', only for ${accountServers.join(', ')}${didYouMean(server, accountServers)}`,
    );
  }
  if (last - first >= MOST_ACCOUNTS) {
    throw new AmocError(
      'ARGUMENT',
      `accounts: ${first} to ${last} are ${count(last - first + 1)} users; at most ${count(MOST_ACCOUNTS)} go into one call`,
    );
  }
  const settings = resolveSettings(xmppVariables, readSources(), '') as XmppSettings;
  const domain = settings.xmppDomain === '' ? settings.xmppHost : settings.xmppDomain;
  if (domain === '') {
    throw new AmocError('CONFIG', 'accounts: the domain is not known; set AMOC_XMPP_DOMAIN');
  }
  const accounts = Array.from({ length: last - first + 1 }, (_, at) => ({
    username: fill(settings.xmppUser, first + at),
    password: fill(settings.xmppPassword, first + at),
  }));
  const files = accountFiles(server as AccountServer, domain, accounts);
  try {
    for (const { path, text } of files) {
      const file = join(out, path);
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      // They hold passwords.
      writeFileSync(file, text, { mode: 0o600 });
    }
  } catch (cause) {
    throw new AmocError('FILE', `${out} cannot be written: ${messageOf(cause)}`, { cause });
  }
  return `${count(accounts.length)} accounts of ${domain} are in ${out}; ${hints[server as AccountServer]}\n`;
}
