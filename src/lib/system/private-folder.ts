import { lstatSync, mkdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname, join, parse, resolve, sep } from 'node:path';
import { AmocError, messageOf, systemCode } from '../errors.ts';
import { userName } from './os-account.ts';

/** The most symbolic links that are followed on one path: Linux' own bound. */
const MAX_LINKS = 40;
const STICKY = 0o1000;
const WRITABLE_BY_OTHERS = 0o002;
const WRITABLE_BY_GROUP = 0o020;

/** See {@link demandPrivateFolder}. */
export interface PrivateFolderOptions {
  /** Whether others may not even enter it. @default false */
  isSecret?: boolean;
}

/**
 * Makes a folder, or checks the existing one: it must belong to this user, and no other user may write to it
 * or put another folder in its place. So each folder above it must belong to this user and not be writable by
 * others, or belong to root; a sticky folder (`/tmp`) may be writable. Nothing is made before the path is checked.
 *
 * A folder of the user that its group may write to counts as private when the group has the number of the user:
 * on most systems such a group has no other member.
 *
 * @param path absolute, or from the current folder
 * @throws {AmocError} `FILE` that names the folder which is not private, and the command that makes it so
 */
export function demandPrivateFolder(
  path: string,
  { isSecret = false }: PrivateFolderOptions = {},
): void {
  const folder = resolve(path);
  const me = process.getuid?.();
  if (me !== undefined) checkWay(folder, me, MAX_LINKS);
  make(folder);
  if (me === undefined) return;
  // Again, because another process may have made a folder in the meantime.
  checkWay(folder, me, MAX_LINKS);
  const stats = statSync(folder);
  if (stats.uid !== me) throw foreign(folder, stats.uid);
  if (isSecret && (stats.mode & 0o077) !== 0) {
    throw new AmocError('FILE', `${folder} can be entered by others; run: chmod 700 ${folder}`);
  }
  if ((stats.mode & (WRITABLE_BY_OTHERS | WRITABLE_BY_GROUP)) !== 0) throw writable(folder);
}

/**
 * Folder by folder: the option `recursive` of Node.js never ends where the system answers that the parent of a new
 * folder is missing although it exists, as `/proc` and automounted homes do.
 */
function make(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false }) !== undefined) return;
  if (dirname(folder) !== folder) make(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (cause) {
    // Another process may have made it in the meantime.
    if (systemCode(cause) === 'EEXIST') return;
    throw new AmocError('FILE', `${folder} cannot be made: ${messageOf(cause)}`, { cause });
  }
}

/** Checks the existing part of `path`, and of the paths that its links lead to. */
function checkWay(path: string, me: number, links: number): void {
  const { root } = parse(path);
  const parts = path.slice(root.length).split(sep);
  let at = root;
  for (const [index, part] of parts.entries()) {
    at = join(at, part);
    const stats = lstatSync(at, { throwIfNoEntry: false });
    if (stats === undefined) return;
    if (stats.isSymbolicLink()) {
      // The owner of a link can point it elsewhere.
      if (stats.uid !== me && !isOfRoot(stats.uid)) throw foreign(at, stats.uid);
      if (links === 0) throw new AmocError('FILE', `${path} leads through too many links`);
      const target = resolve(dirname(at), readlinkSync(at));
      checkWay(join(target, ...parts.slice(index + 1)), me, links - 1);
      return;
    }
    if (!stats.isDirectory()) throw new AmocError('FILE', `${at} is not a folder; remove it`);
    checkParent(at, stats, me);
  }
}

function checkParent(folder: string, { uid, gid, mode }: Stats, me: number): void {
  if (uid !== me) {
    if (isOfRoot(uid)) return;
    // A sticky folder too: its owner can rename what other users have in it.
    throw foreign(folder, uid);
  }
  if ((mode & STICKY) !== 0) return;
  const isOwnGroup = gid === uid;
  const isWritable =
    (mode & WRITABLE_BY_OTHERS) !== 0 || ((mode & WRITABLE_BY_GROUP) !== 0 && !isOwnGroup);
  if (isWritable) throw writable(folder);
}

/** Root, or the overflow uid, which replaces root in a user namespace that does not have it. */
function isOfRoot(uid: number): boolean {
  return uid === 0 || uid === overflowUid();
}

function overflowUid(): number | undefined {
  try {
    const isWhole = /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
    if (isWhole) return undefined;
    return Number(readFileSync('/proc/sys/kernel/overflowuid', 'utf8'));
  } catch {
    return undefined;
  }
}

function foreign(path: string, uid: number): AmocError {
  return new AmocError(
    'FILE',
    `${path} belongs to another user (uid ${uid}); this is ${userName()}`,
  );
}

function writable(path: string): AmocError {
  return new AmocError('FILE', `${path} can be written to by others; run: chmod go-w ${path}`);
}
