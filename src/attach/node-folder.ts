import { processEnvironment } from '../lib/system/environment.ts';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { Stats } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { AmocError, messageOf, systemCode } from '../lib/errors.ts';
import { demandPrivateFolder } from '../lib/system/private-folder.ts';
import { NODE_NAME } from '../lib/text/names.ts';
import { userName } from '../lib/system/os-account.ts';

/** Longer paths of Unix sockets are cut off by the system (sockaddr_un, unix(7)). */
const MAX_SOCKET_PATH_LENGTH = 107;

const claim = z.object({
  pid: z.number().int().min(1),
  /** When the process began, as its system counts it: process ids are used again. */
  began: z.string().max(100),
  name: z.string().max(100),
  role: z.enum(['master', 'slave']),
  version: z.string().max(100),
  startedAt: z.number(),
  /** The options that it was started with, as JSON, so that `amoc restart` can use them again. */
  options: z.string().max(100_000),
  folder: z.string().max(4096),
});

/** What a node says about itself while it runs. */
export type Claim = z.infer<typeof claim>;

/** The folder in which a node of this machine keeps the files that others find it by: `AMOC_HOME/NAME`. */
export class NodeFolder {
  readonly name: string;
  readonly path: string;

  /**
   * @param home the folder of all nodes
   * @throws {AmocError} `ARGUMENT` for an invalid name, `CONFIG` when the path is too long for a socket
   */
  constructor(name: string, home: string) {
    if (!NODE_NAME.test(name)) {
      throw new AmocError(
        'ARGUMENT',
        `invalid node name '${name}'; use letters, digits, . _ and -`,
      );
    }
    this.name = name;
    this.path = join(home, name);
    const { length } = Buffer.from(this.socket);
    if (length > MAX_SOCKET_PATH_LENGTH) {
      throw new AmocError(
        'CONFIG',
        `${this.socket} is too long for a socket (${length} bytes, at most ${MAX_SOCKET_PATH_LENGTH}); set AMOC_HOME to a shorter path`,
      );
    }
  }

  get socket(): string {
    return join(this.path, 'control.sock');
  }

  get log(): string {
    return join(this.path, 'log', 'amoc.log');
  }

  get #pidFile(): string {
    return join(this.path, 'pid');
  }

  /**
   * Makes the folder, or checks the existing one: it must belong to this user, and no other user may enter it.
   *
   * @throws {AmocError} `FILE`
   */
  prepare(): void {
    // Nothing is made in a folder of another user, nor where a link in its place leads.
    if (statOf(this.path) === undefined) demandPrivateFolder(this.path, { isSecret: true });
    this.check();
    this.#make(join(this.path, 'log'));
  }

  #make(path: string): void {
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new AmocError('FILE', `${path} cannot be made: ${messageOf(error)}`, { cause: error });
    }
  }

  /**
   * Checks whose folder it is before anything in it is trusted.
   *
   * @throws {AmocError} `FILE`; `NO_RUN` when the folder does not exist.
   */
  check(): void {
    const stats = statOf(this.path);
    if (stats === undefined) throw this.notRunning();
    if (!stats.isDirectory()) {
      throw new AmocError('FILE', `${this.path} is not a folder; remove it`);
    }
    this.#checkOwner(this.path, stats);
    if ((stats.mode & 0o077) !== 0) {
      throw new AmocError(
        'FILE',
        `${this.path} can be entered by others; run: chmod 700 ${this.path}`,
      );
    }
    // A user who may write to AMOC_HOME, or to a folder above it, can put another folder in its place.
    demandPrivateFolder(this.path, { isSecret: true });
    const socket = statOf(this.socket);
    if (socket !== undefined) this.#checkOwner(this.socket, socket);
  }

  /** The claim of the running node; `undefined` when none runs, even if the last one left its claim behind. */
  running(): Claim | undefined {
    const found = this.#read();
    return found !== undefined && isAlive(found) ? found : undefined;
  }

  /**
   * Takes the name for this process.
   *
   * @returns the claim of a node that died without releasing the name
   * @throws {AmocError} `BUSY` when a node of this name runs
   */
  claim(mine: Omit<Claim, 'pid' | 'began' | 'name'>): Claim | undefined {
    const stale = this.#dropStale();
    const file = `${this.#pidFile}.${process.pid}`;
    const text = JSON.stringify({
      pid: process.pid,
      began: beganOf(process.pid) ?? '',
      name: this.name,
      ...mine,
    });
    try {
      writeFileSync(file, `${text}\n`, { mode: 0o600 });
      // When two nodes start at once, only one of them can make the link.
      linkSync(file, this.#pidFile);
    } catch (error) {
      if (systemCode(error) === 'EEXIST') throw this.taken(this.running());
      throw new AmocError('FILE', `${this.#pidFile} cannot be written: ${messageOf(error)}`, {
        cause: error,
      });
    } finally {
      rmSync(file, { force: true });
    }
    // The listener of a stale socket is gone.
    rmSync(this.socket, { force: true });
    return stale;
  }

  /** Releases the name. */
  release(): void {
    if (this.#read()?.pid !== process.pid) return;
    rmSync(this.socket, { force: true });
    rmSync(this.#pidFile, { force: true });
  }

  /** Removes what a killed node has left behind. */
  forget({ pid, began }: Claim): void {
    const found = this.#read();
    if (found?.pid !== pid || found.began !== began) return;
    rmSync(this.socket, { force: true });
    rmSync(this.#pidFile, { force: true });
  }

  /** The error for a node that does not run. */
  notRunning(): AmocError {
    return new AmocError(
      'NO_RUN',
      `node '${this.name}' is not running (${this.path}); amoc start starts it`,
    );
  }

  #dropStale(): Claim | undefined {
    const found = this.#read();
    if (found !== undefined && isAlive(found)) throw this.taken(found);
    const aside = `${this.#pidFile}.stale-${process.pid}`;
    try {
      renameSync(this.#pidFile, aside);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw new AmocError('FILE', `${this.#pidFile} cannot be removed: ${messageOf(error)}`, {
        cause: error,
      });
    }
    try {
      const moved = parse(aside);
      // Another start was faster: the moved claim is that node's.
      if (moved !== undefined && isAlive(moved)) {
        linkSync(aside, this.#pidFile);
        throw this.taken(moved);
      }
    } finally {
      rmSync(aside, { force: true });
    }
    return found;
  }

  /** The error for a name that a running node has. */
  taken(by: Claim | undefined): AmocError {
    const pid = by === undefined ? '' : ` (pid ${by.pid})`;
    return new AmocError(
      'BUSY',
      `node '${this.name}' is already running${pid}; amoc attach opens its console, --name starts another node`,
    );
  }

  #read(): Claim | undefined {
    return parse(this.#pidFile);
  }

  #checkOwner(path: string, { uid }: Stats): void {
    const me = process.getuid?.();
    if (me !== undefined && uid !== me) {
      throw new AmocError(
        'FILE',
        `${path} belongs to another user (uid ${uid}); this is ${userName()}`,
      );
    }
  }
}

/** The folder of all nodes of this user: `AMOC_HOME`, or `~/.amoc`. */
export function amocHome(): string {
  const given = processEnvironment()['AMOC_HOME'];
  return given === undefined || given === '' ? join(homedir(), '.amoc') : given;
}

/** Whether the process of a claim still runs, and is the one that made it. */
export function isAlive({ pid, began }: Pick<Claim, 'pid' | 'began'>): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: the process exists, but belongs to another user; its beginning tells whether it is the one.
    if (systemCode(error) !== 'EPERM') return false;
  }
  const now = beganOf(pid);
  return now === undefined || began === '' ? true : now === began;
}

/** When a process began, in its system's count (proc(5): starttime, after the name in brackets); Linux only. */
function beganOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie: it has died, and its parent has not waited for it.
    return state === 'Z' ? 'dead' : fields[18];
  } catch {
    return undefined;
  }
}

function parse(path: string): Claim | undefined {
  try {
    return claim.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
