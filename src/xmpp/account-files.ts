import { escapeXml } from './element.ts';

/** An account to create on a server. */
export interface Account {
  username: string;
  password: string;
  domain: string;
}

/** A file to write: its path below the folder that the user named, and its content. */
export interface AccountFile {
  path: string;
  text: string;
}

/** Servers that account files can be made for. */
export const accountServers = ['ejabberd', 'prosody', 'mongooseim'] as const;
export type AccountServer = (typeof accountServers)[number];

/**
 * Accounts in the server's import format. An import takes seconds; registering each account takes minutes.
 *
 * - ejabberd: a file of XEP-0227 for each domain, for `ejabberdctl import_piefxis FILE`
 * - MongooseIM: CSV, for `mongooseimctl account importUsers --file FILE`
 * - prosody: its own data files (authentication `internal_plain`), to be put into its `data_path`
 */
export function accountFiles(server: AccountServer, accounts: readonly Account[]): AccountFile[] {
  switch (server) {
    case 'ejabberd':
      return [...byDomain(accounts)].map(([domain, theirs]) => ({
        path: `${encodeFile(domain)}.xml`,
        text: portable(domain, theirs),
      }));
    case 'mongooseim': {
      const [domain = '', ...more] = byDomain(accounts).keys();
      const path = more.length === 0 ? `${encodeFile(domain)}.csv` : 'accounts.csv';
      return [{ path, text: csv(accounts) }];
    }
    case 'prosody':
      return accounts.map(({ username, password, domain }) => ({
        path: `${encodeName(domain)}/accounts/${encodeName(username)}.dat`,
        text: `return {\n\t["password"] = ${JSON.stringify(password)};\n};\n`,
      }));
  }
}

function byDomain(accounts: readonly Account[]): Map<string, Account[]> {
  const domains = new Map<string, Account[]>();
  for (const account of accounts) {
    const known = domains.get(account.domain);
    if (known === undefined) domains.set(account.domain, [account]);
    else known.push(account);
  }
  return domains;
}

function portable(domain: string, accounts: readonly Account[]): string {
  const users = accounts.map(({ username, password }) => {
    return `    <user name='${escapeXml(username)}' password='${escapeXml(password)}'/>\n`;
  });
  return `<?xml version='1.0' encoding='UTF-8'?>
<server-data xmlns='urn:xmpp:pie:0' xmlns:xi='http://www.w3.org/2001/XInclude'>
  <host jid='${escapeXml(domain)}'>
${users.join('')}  </host>
</server-data>
`;
}

function csv(accounts: readonly Account[]): string {
  return accounts
    .map(({ username, password, domain }) => `${username},${domain},${password}\n`)
    .join('');
}

/** A file directly in the folder that the user named, whatever the domain contains. */
function encodeFile(domain: string): string {
  return domain.replaceAll('/', '%2f');
}

/** Prosody's file names: each byte other than a letter or digit becomes `%xx`. */
function encodeName(name: string): string {
  return Array.from(Buffer.from(name), (byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9]/.test(char) ? char : `%${byte.toString(16).padStart(2, '0')}`;
  }).join('');
}
