import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AmocError, messageOf, systemCode } from './errors.ts';

/** Where the cookie is kept when `AMOC_COOKIE` does not give it. */
export function cookieFile(): string {
  return join(homedir(), '.amoc.cookie');
}

/** A new secret of 256 bits. */
export function newCookie(): string {
  return randomBytes(32).toString('hex');
}

/**
 * The secret that master and slaves share: `AMOC_COOKIE`, or `~/.amoc.cookie`, which is made at
 * first use, readable by its owner alone.
 *
 * @throws {AmocError} `FILE` when others can read the file, or it cannot be read or made.
 */
export function readCookie(environment: Readonly<Record<string, string | undefined>>): string {
  const given = environment['AMOC_COOKIE'];
  if (given !== undefined && given !== '') return given;
  const path = cookieFile();
  try {
    if ((statSync(path).mode & 0o077) !== 0) {
      throw new AmocError('FILE', `${path} can be read by others; run: chmod 600 ${path}`);
    }
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (error instanceof AmocError) throw error;
    if (systemCode(error) !== 'ENOENT') {
      throw new AmocError('FILE', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
    }
  }
  const cookie = newCookie();
  try {
    writeFileSync(path, `${cookie}\n`, { mode: 0o600, flag: 'wx' });
    chmodSync(path, 0o600);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return readFileSync(path, 'utf8').trim();
    throw new AmocError('FILE', `${path} cannot be made: ${messageOf(error)}; set AMOC_COOKIE`, {
      cause: error,
    });
  }
  return cookie;
}
