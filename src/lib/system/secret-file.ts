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
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { AmocError, messageOf, systemCode } from '../errors.ts';
import { userName } from './os-account.ts';

/**
 * Reads a file that must be a regular file, belong to this user, and be readable by no other user. The checked
 * file is the one that is read, even if its name is given to another file; a pipe in its place is not waited for.
 *
 * @param mostBytes a longer file is cut at this size
 * @returns its text; `undefined` when there is no such file
 * @throws {AmocError} `FILE` that says what is wrong with it, and what to do
 */
export function readSecretFile(path: string, mostBytes: number): string | undefined {
  let file: number;
  try {
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
    demandPrivate(path, file);
    const bytes = Buffer.alloc(mostBytes);
    let length = 0;
    for (let got = -1; got !== 0; length += got) {
      got = readSync(file, bytes, length, bytes.length - length, null);
    }
    return bytes.toString('utf8', 0, length);
  } catch (cause) {
    throw cause instanceof AmocError ? cause : unreadable(path, cause);
  } finally {
    closeSync(file);
  }
}

/**
 * Makes a file for its owner alone. It is written to the disk under another name before it gets its own name: no
 * process ever reads half of it, and a full disk leaves nothing.
 *
 * @returns whether the file was made; `false` when a file of this name exists already, which stays
 * @throws {AmocError} `FILE`
 */
export function makeSecretFile(path: string, text: string): boolean {
  const temporary = temporaryOf(path);
  try {
    write(temporary, text, 0o600);
    linkSync(temporary, path);
    return true;
  } catch (cause) {
    if (systemCode(cause) === 'EEXIST') return false;
    throw unmakeable(path, cause);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/**
 * Writes files that belong together, and replaces existing ones: all of them are on the disk before the first
 * one takes its place.
 *
 * @throws {AmocError} `FILE`
 */
export function replaceFiles(
  files: readonly { readonly path: string; readonly text: string; readonly mode: number }[],
): void {
  const written: [temporary: string, path: string][] = [];
  try {
    for (const { path, text, mode } of files) {
      const temporary = temporaryOf(path);
      written.push([temporary, path]);
      attempt(path, () => write(temporary, text, mode));
    }
    for (const [temporary, path] of written) attempt(path, () => renameSync(temporary, path));
  } finally {
    for (const [temporary] of written) rmSync(temporary, { force: true });
  }
}

function temporaryOf(path: string): string {
  return `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
}

function write(path: string, text: string, mode: number): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    // Sets the bits that the umask took away.
    fchmodSync(file, mode);
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function attempt(path: string, step: () => void): void {
  try {
    step();
  } catch (cause) {
    throw unmakeable(path, cause);
  }
}

function unmakeable(path: string, cause: unknown): AmocError {
  return new AmocError('FILE', `${path} cannot be made: ${messageOf(cause)}`, { cause });
}

function demandPrivate(path: string, file: number): void {
  const stats = fstatSync(file);
  if (!stats.isFile()) throw new AmocError('FILE', `${path} is not a file; remove it`);
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
