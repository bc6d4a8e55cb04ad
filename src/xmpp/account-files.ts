import { escapeXml } from './element.ts';

/** An account that a server is to have. */
export interface Account {
  username: string;
  password: string;
}

/** A file to write: its path below the folder that was named, and what is in it. */
export interface AccountFile {
  path: string;
  text: string;
}

/** Servers that files can be made for. */
export const accountServers = ['ejabberd', 'prosody', 'mongooseim'] as const;
export type AccountServer = (typeof accountServers)[number];

/**
 * Accounts in the form that a server imports, which takes seconds where registering each takes minutes.
 *
 * - ejabberd: one file of XEP-0227, for `ejabberdctl import_piefxis FILE`
 * - MongooseIM: CSV, for `mongooseimctl account importUsers --file FILE`
 * - prosody: its own data files (authentication `internal_plain`), to be put into its `data_path`
 */
export function accountFiles(
  server: AccountServer,
  domain: string,
  accounts: readonly Account[],
): AccountFile[] {
  switch (server) {
    case 'ejabberd':
      return [{ path: `${domain}.xml`, text: portable(domain, accounts) }];
    case 'mongooseim':
      return [{ path: `${domain}.csv`, text: csv(domain, accounts) }];
    case 'prosody':
      return accounts.map(({ username, password }) => ({
        path: `${encodeName(domain)}/accounts/${encodeName(username)}.dat`,
        text: `return {\n\t["password"] = ${JSON.stringify(password)};\n};\n`,
      }));
  }
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

function csv(domain: string, accounts: readonly Account[]): string {
  return accounts.map(({ username, password }) => `${username},${domain},${password}\n`).join('');
}

/** As prosody names files: all but letters and digits as `%xx`. */
function encodeName(name: string): string {
  return Array.from(Buffer.from(name), (byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9]/.test(char) ? char : `%${byte.toString(16).padStart(2, '0')}`;
  }).join('');
}
