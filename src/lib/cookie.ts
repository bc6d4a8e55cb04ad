import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AmocError, messageOf, systemCode } from './errors.ts';
import { userName } from './user-name.ts';
import { plural } from './words.ts';

/** The shortest cookie that master and slaves take, in characters: 128 bits in hexadecimal. */
export const SHORTEST_COOKIE = 32;
/** A longer one is another file by mistake. */
const LONGEST_COOKIE = 4096;
/** Others may remove the file between two looks at it; more often is no chance. */
const MOST_LOOKS = 5;
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
 * @returns {@link SHORTEST_COOKIE} to 4,096 characters
 * @throws {AmocError} `CONFIG` for an `AMOC_COOKIE` that is too short or no line of text; `FILE` when the file
 * has such a one, belongs to another user, can be read by others, or cannot be read or made.
 */
export function readCookie(environment: Readonly<Record<string, string | undefined>>): string {
  const given = environment['AMOC_COOKIE'];
  if (given === undefined || given === '') return cookieOf(cookieFile());
  const cookie = given.trim();
  const fault = faultOf(cookie);
  if (fault === undefined) return cookie;
  throw new AmocError(
    'CONFIG',
    `AMOC_COOKIE (of the environment, or of the file that AMOC_CONFIG names) ${fault}; set it to another one, the same on all machines, or unset it: then ~/.amoc.cookie is read`,
  );
}

/**
 * The cookie of a file, which is made when there is none. Processes that make it at the same time all get
 * the same.
 *
 * @throws {AmocError} `FILE`, as {@link readCookie}
 */
export function cookieOf(path: string): string {
  for (let look = 1; look <= MOST_LOOKS; look++) {
    const found = read(path);
    if (found !== undefined) return found;
    const cookie = newCookie();
    if (make(path, cookie)) return cookie;
  }
  throw new AmocError(
    'FILE',
    `${path} is made and removed again by another program; stop that one`,
  );
}

/**
 * Checks a cookie that did not come by {@link readCookie}.
 *
 * @throws {AmocError} `CONFIG` when it is too short, too long or no line of text
 */
export function demandCookie(cookie: string): void {
  const fault = faultOf(cookie);
  if (fault !== undefined) throw new AmocError('CONFIG', `the cookie ${fault}`);
}

/** What a cookie lacks, as the end of a sentence. */
function faultOf(cookie: string): string | undefined {
  const { length } = cookie;
  if (length < SHORTEST_COOKIE) {
    return `has ${plural(length, 'character')}, and a cookie has at least ${SHORTEST_COOKIE}`;
  }
  if (length > LONGEST_COOKIE) return `has more than ${LONGEST_COOKIE} characters`;
  if (CONTROL_CHARACTER.test(cookie)) return 'is not one line of text';
  return undefined;
}

/** @returns `undefined` when there is no such file */
function read(path: string): string | undefined {
  let file: number;
  try {
    // Without O_NONBLOCK a pipe in its place would be waited for.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw unreadable(path, cause);
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return undefined;
    throw new AmocError(
      'FILE',
      `${path} is a symbolic link to a file that does not exist; run: rm ${path}`,
    );
  }
  try {
    // Of the file that is open: another one may have its name by now.
    demandPrivate(path, file);
    const bytes = Buffer.alloc(4 * (LONGEST_COOKIE + 1));
    let length = 0;
    for (let got = -1; got !== 0; length += got) {
      got = readSync(file, bytes, length, bytes.length - length, null);
    }
    const cookie = bytes.toString('utf8', 0, length).trim();
    const fault = faultOf(cookie);
    if (fault === undefined) return cookie;
    throw new AmocError(
      'FILE',
      `${path} ${fault}; run: rm ${path} (the next start makes a new one; slaves need a copy of it)`,
    );
  } catch (cause) {
    throw cause instanceof AmocError ? cause : unreadable(path, cause);
  } finally {
    closeSync(file);
  }
}

function demandPrivate(path: string, file: number): void {
  const stats = fstatSync(file);
  if (!stats.isFile()) {
    throw new AmocError('FILE', `${path} is not a file; remove it (then a new one is made)`);
  }
  const me = process.getuid?.();
  if (me === undefined) return;
  if (stats.uid !== me) {
    throw new AmocError(
      'FILE',
      `${path} belongs to another user (uid ${stats.uid}); this is ${userName()}`,
    );
  }
  if ((stats.mode & 0o077) !== 0) {
    throw new AmocError('FILE', `${path} can be read by others; run: chmod 600 ${path}`);
  }
}

function unreadable(path: string, cause: unknown): AmocError {
  return new AmocError('FILE', `${path} cannot be read: ${messageOf(cause)}`, { cause });
}

/**
 * Writes the whole file under another name before it gets its own: no process ever sees half of it.
 *
 * @returns whether it was this process that made it
 */
function make(path: string, cookie: string): boolean {
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    const file = openSync(temporary, 'wx', 0o600);
    try {
      // What the umask took away.
      fchmodSync(file, 0o600);
      writeFileSync(file, `${cookie}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    linkSync(temporary, path);
    return true;
  } catch (cause) {
    if (systemCode(cause) === 'EEXIST') return false;
    throw new AmocError('FILE', `${path} cannot be made: ${messageOf(cause)}; set AMOC_COOKIE`, {
      cause,
    });
  } finally {
    rmSync(temporary, { force: true });
  }
}
