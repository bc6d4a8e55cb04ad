import { processEnvironment } from '../../lib/system/environment.ts';
import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { AmocError } from '../../lib/errors.ts';

const derive = promisify(pbkdf2);

/** The inputs of a key derivation. */
export interface KeyInputs {
  password: string;
  salt: Buffer;
  rounds: number;
  bytes: number;
  hash: string;
}

/** Threads that libuv has for derivations, files and host names together. */
const THREADS = Number(processEnvironment()['UV_THREADPOOL_SIZE']) || 4;
/**
 * One thread stays free: a server that asks for many rounds must not block all users' files and host names.
 */
const MAX_AT_ONCE = Math.max(1, THREADS - 1);

let underway = 0;
/** In order of arrival. */
const waiting = new Set<() => void>();

/**
 * Derives a key (PBKDF2) on a thread of the pool, a few at a time.
 *
 * @param known checked again when its turn comes: another login may have derived the same key in the meantime
 * @param isWanted checked when its turn comes: a login that has ended by then costs nothing any more
 * @throws {AmocError} `CONNECTION` when the key is not wanted any more
 */
export async function deriveKey(
  { password, salt, rounds, bytes, hash }: KeyInputs,
  known: () => Buffer | undefined,
  isWanted: () => boolean,
): Promise<Buffer> {
  if (underway < MAX_AT_ONCE) underway++;
  else await new Promise<void>((resolve) => waiting.add(resolve));
  try {
    if (!isWanted()) throw new AmocError('CONNECTION', 'given up before its turn to derive a key');
    return known() ?? (await derive(password, salt, rounds, bytes, hash));
  } finally {
    passOn();
  }
}

function passOn(): void {
  const [next] = waiting;
  if (next === undefined) underway--;
  else {
    waiting.delete(next);
    next();
  }
}
