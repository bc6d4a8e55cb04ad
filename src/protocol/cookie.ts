import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AmocError, messageOf } from '../lib/errors.ts';
import { makeSecretFile, readSecretFile } from '../lib/system/secret-file.ts';
import { plural } from '../lib/text/plural.ts';

/** The shortest cookie that master and slaves accept, in characters: 128 bits in hexadecimal. */
export const MIN_COOKIE_LENGTH = 32;
/** A longer text is another file by mistake. */
const MAX_COOKIE_LENGTH = 4096;
/** How much of the file is read: enough to see that the cookie, in UTF-8, is too long. */
const MAX_BYTES = 4 * (MAX_COOKIE_LENGTH + 1);
/** Another program may remove the file between two looks at it; more often than this is not by chance. */
const MAX_LOOKS = 5;
const CONTROL_CHARACTER = /\p{Cc}/u;

/** Where the cookie is kept when `AMOC_COOKIE` does not give it. */
export function cookieFile(): string {
  return join(homedir(), '.amoc.cookie');
}

/** A new secret of 256 bits. */
export function newCookie(): string {
  return randomBytes(32).toString('hex');
}

/**
 * The secret that master and slaves share: `AMOC_COOKIE`, or `~/.amoc.cookie`, which is made at first use,
 * readable by its owner alone. A byte order mark and white space around it do not count.
 *
 * @returns {@link MIN_COOKIE_LENGTH} to 4,096 characters
 * @throws {AmocError} `CONFIG` for an `AMOC_COOKIE` that is too short or not one line of text; `FILE` when the
 * file has such a cookie, belongs to another user, can be read by others, or cannot be read or made.
 */
export function readCookie(environment: Readonly<Record<string, string | undefined>>): string {
  const given = environment['AMOC_COOKIE'];
  if (given === undefined || given === '') return cookieOf(cookieFile());
  const cookie = given.trim();
  const fault = faultOf(cookie);
  if (fault === undefined) return cookie;
  throw new AmocError(
    'CONFIG',
    `AMOC_COOKIE (of the environment, or of the file that AMOC_CONFIG names) ${fault}; set another cookie, the same on all machines, or unset it to use ~/.amoc.cookie`,
  );
}

/**
 * The cookie of a file, which is made when it does not exist. Processes that make it at the same time all get
 * the same cookie.
 *
 * @throws {AmocError} `FILE`, as {@link readCookie}
 */
export function cookieOf(path: string): string {
  for (let look = 1; look <= MAX_LOOKS; look++) {
    const found = readSecretFile(path, MAX_BYTES)?.trim();
    if (found !== undefined) {
      const fault = faultOf(found);
      if (fault === undefined) return found;
      throw new AmocError(
        'FILE',
        `${path} ${fault}; run: rm ${path} (the next start makes a new one; slaves need a copy of it)`,
      );
    }
    const cookie = newCookie();
    if (make(path, cookie)) return cookie;
  }
  throw new AmocError(
    'FILE',
    `${path} is made and removed repeatedly by another program; stop that program`,
  );
}

/**
 * Checks a cookie that did not come from {@link readCookie}.
 *
 * @throws {AmocError} `CONFIG` when it is too short, too long or not one line of text
 */
export function demandCookie(cookie: string): void {
  const fault = faultOf(cookie);
  if (fault !== undefined) throw new AmocError('CONFIG', `the cookie ${fault}`);
}

/** What is wrong with a cookie, as the end of a sentence. */
function faultOf(cookie: string): string | undefined {
  const { length } = cookie;
  if (length < MIN_COOKIE_LENGTH) {
    return `has ${plural(length, 'character')}, but a cookie needs at least ${MIN_COOKIE_LENGTH}`;
  }
  if (length > MAX_COOKIE_LENGTH) return `has more than ${MAX_COOKIE_LENGTH} characters`;
  if (CONTROL_CHARACTER.test(cookie)) return 'is not one line of text';
  return undefined;
}

/** @returns whether the file has this cookie: of processes that make it at the same time, one succeeds */
function make(path: string, cookie: string): boolean {
  try {
    return makeSecretFile(path, `${cookie}\n`);
  } catch (cause) {
    throw new AmocError('FILE', `${messageOf(cause)}; set AMOC_COOKIE`, { cause });
  }
}
