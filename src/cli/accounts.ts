import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { resolveSettings } from '../config/resolve.ts';
import {
  accountFiles,
  accountServers,
  domainOf,
  nameOf,
  passwordOf,
  xmppVariables,
} from '../xmpp/mod.ts';
import type { AccountServer, XmppSettings } from '../xmpp/mod.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { didYouMean } from '../lib/text/nearest.ts';
import { quoted } from '../lib/text/shell-quote.ts';
import { count, plural } from '../lib/text/plural.ts';
import { readSources } from '../app/local-cluster.ts';

const MAX_ACCOUNTS = 1_000_000;

/** At most this many folders or files are named one by one in a command; with more, it names their folder. */
const MAX_NAMED = 3;

/** The command to type on the server's machine to import the files. */
const imports: Record<AccountServer, (folder: string, names: readonly string[]) => string> = {
  ejabberd: (folder, names) =>
    names.length <= MAX_NAMED
      ? names.map((name) => `ejabberdctl import_piefxis ${quoted(join(folder, name))}`).join(' && ')
      : `for file in ${quoted(folder)}/*.xml; do ejabberdctl import_piefxis "$file"; done`,
  prosody: (folder, names) => {
    const from = names.length <= MAX_NAMED ? names : ['.'];
    return `cp -r ${from.map((name) => quoted(`${folder}/${name}`)).join(' ')} /var/lib/prosody/`;
  },
  mongooseim: (folder, names) =>
    names
      .map((name) => `mongooseimctl account importUsers --file ${quoted(join(folder, name))}`)
      .join(' && '),
};

const notes: Partial<Record<AccountServer, string>> = {
  prosody:
    "/var/lib/prosody is Prosody's usual data_path; the files must belong to its user, and authentication must be internal_plain",
};

/** Options of `amoc accounts`. */
export interface AccountOptions {
  /** The folder to write the files to. */
  out: string;
  /** Overrides the setting `xmppDomain`. */
  domain?: string;
}

/**
 * `amoc accounts SERVER FROM TO --out FOLDER`: files with the accounts of the users, for a server to import.
 *
 * @returns the text to print
 * @throws {AmocError} `ARGUMENT`, `CONFIG`, or `FILE` when something cannot be written
 */
export function writeAccounts(
  server: string,
  { from: first, to: last }: { from: number; to: number },
  { out, domain }: AccountOptions,
): string {
  if (!accountServers.includes(server as AccountServer)) {
    throw new AmocError(
      'ARGUMENT',
      `accounts: amoc writes no files for '${server}', only for ${accountServers.join(', ')}${didYouMean(server, accountServers)}`,
    );
  }
  if (last - first >= MAX_ACCOUNTS) {
    throw new AmocError(
      'ARGUMENT',
      `accounts: ${first} to ${last} are ${count(last - first + 1)} users; at most ${count(MAX_ACCOUNTS)} are allowed in one call`,
    );
  }
  const sources = readSources();
  const call = domain === undefined ? {} : { call: { xmppDomain: domain } };
  const settings = resolveSettings(xmppVariables, { ...sources, ...call }, '') as XmppSettings;
  if (domainOf(settings, first) === '') {
    throw new AmocError(
      'CONFIG',
      'accounts: the domain is not known; give it with --domain, or set AMOC_XMPP_DOMAIN',
    );
  }
  const accounts = Array.from({ length: last - first + 1 }, (_, at) => ({
    username: nameOf(settings, first + at),
    password: passwordOf(settings, first + at),
    domain: domainOf(settings, first + at),
  }));
  const files = accountFiles(server as AccountServer, accounts);
  try {
    for (const { path, text } of files) {
      const file = join(out, path);
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      // The files hold passwords.
      writeFileSync(file, text, { mode: 0o600 });
    }
  } catch (cause) {
    throw new AmocError('FILE', `${out} cannot be written: ${messageOf(cause)}`, { cause });
  }
  const domains = new Set(accounts.map((each) => each.domain));
  const whose = domains.size === 1 ? [...domains].join() : plural(domains.size, 'domain');
  const names = [...new Set(files.map(({ path }) => path.split('/')[0] as string))];
  const command = imports[server as AccountServer](resolve(out), names);
  const note = notes[server as AccountServer];
  return `${plural(accounts.length, 'account')} of ${whose} ${accounts.length === 1 ? 'is' : 'are'} in ${out}; import with:
  ${command}
${note === undefined ? '' : `${note}\n`}`;
}
