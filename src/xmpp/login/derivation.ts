import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { AmocError } from '../../lib/errors.ts';

const derive = promisify(pbkdf2);

/** What a key is made of. */
export interface KeyParts {
  password: string;
  salt: Buffer;
  rounds: number;
  bytes: number;
  hash: string;
}

/** Threads that libuv has for derivations, files and names of hosts together. */
const THREADS = Number(process.env['UV_THREADPOOL_SIZE']) || 4;
/** One thread stays free: a server that asks for many rounds must not stop files and names of all users. */
const MOST_AT_ONCE = Math.max(1, THREADS - 1);

let underway = 0;
/** In the order in which they came. */
const waiting = new Set<() => void>();

/**
 * Derives a key (PBKDF2) on a thread of the pool, a few at a time.
 *
 * @param known asked again when its turn comes: another login may have made the same key meanwhile
 * @param isWanted asked when its turn comes: a login that is over meanwhile costs nothing any more
 * @throws {AmocError} `CONNECTION` when it is not wanted any more
 */
export async function deriveKey(
  { password, salt, rounds, bytes, hash }: KeyParts,
  known: () => Buffer | undefined,
  isWanted: () => boolean,
): Promise<Buffer> {
  if (underway < MOST_AT_ONCE) underway++;
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
