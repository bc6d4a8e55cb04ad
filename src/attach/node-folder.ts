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
import { demandPrivateFolder } from '../lib/private-folder.ts';
import { userName } from '../lib/user-name.ts';

/** Longer paths of Unix sockets are cut off by the system (sockaddr_un, unix(7)). */
const LONGEST_SOCKET_PATH = 107;
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

const claim = z.object({
  pid: z.number().int().min(1),
  /** When the process began, as its system counts: a process id comes again. */
  began: z.string().max(100),
  name: z.string().max(100),
  role: z.enum(['master', 'slave']),
  version: z.string().max(100),
  startedAt: z.number(),
  /** What it was started with, as JSON, so that `amoc restart` starts the same. */
  options: z.string().max(100_000),
  folder: z.string().max(4096),
});

/** What a node says about itself as long as it runs. */
export type Claim = z.infer<typeof claim>;

/** Where a node of this machine keeps what others find it by: `AMOC_HOME/NAME`. */
export class NodeFolder {
  readonly name: string;
  readonly path: string;

  /**
   * @param home the folder of all nodes
   * @throws {AmocError} `ARGUMENT` for a name that is none, `CONFIG` when the path is too long for a socket
   */
  constructor(name: string, home: string) {
    if (!NAME.test(name) || /^\.+$/.test(name)) {
      throw new AmocError(
        'ARGUMENT',
        `'${name}' is no name for a node; use letters, digits, . _ and -`,
      );
    }
    this.name = name;
    this.path = join(home, name);
    const { length } = Buffer.from(this.socket);
    if (length > LONGEST_SOCKET_PATH) {
      throw new AmocError(
        'CONFIG',
        `${this.socket} is too long for a socket (${length} bytes, at most ${LONGEST_SOCKET_PATH}); set AMOC_HOME to a shorter path`,
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
   * Makes the folder, or checks the one there: it must be this user's, and nobody else's to enter.
   *
   * @throws {AmocError} `FILE`
   */
  prepare(): void {
    // Nothing is made in a folder that is another user's, nor where a link in its place leads.
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
   * @throws {AmocError} `FILE`; `NO_RUN` when there is none.
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
    // Who may write to AMOC_HOME, or to what is above it, can put another folder in its place.
    demandPrivateFolder(this.path, { isSecret: true });
    const socket = statOf(this.socket);
    if (socket !== undefined) this.#checkOwner(this.socket, socket);
  }

  /** What the node that runs says; `undefined` when none does, whatever its last one left behind. */
  running(): Claim | undefined {
    const found = this.#read();
    return found !== undefined && isAlive(found) ? found : undefined;
  }

  /**
   * Takes the name for this process.
   *
   * @returns the claim of a node that has died without giving it back
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
      // Two that start at once: a link is made by one of them only.
      linkSync(file, this.#pidFile);
    } catch (error) {
      if (systemCode(error) === 'EEXIST') throw this.taken(this.running());
      throw new AmocError('FILE', `${this.#pidFile} cannot be written: ${messageOf(error)}`, {
        cause: error,
      });
    } finally {
      rmSync(file, { force: true });
    }
    // Its listener is gone with it.
    rmSync(this.socket, { force: true });
    return stale;
  }

  /** Gives the name back. */
  release(): void {
    if (this.#read()?.pid !== process.pid) return;
    rmSync(this.socket, { force: true });
    rmSync(this.#pidFile, { force: true });
  }

  /** Removes what a node has left behind that was ended by force. */
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
      `no node '${this.name}' runs here (${this.path}); amoc start starts it`,
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
      // Another start was faster: what was moved is its own.
      if (moved !== undefined && isAlive(moved)) {
        linkSync(aside, this.#pidFile);
        throw this.taken(moved);
      }
    } finally {
      rmSync(aside, { force: true });
    }
    return found;
  }

  /** The error for a name that a node has. */
  taken(by: Claim | undefined): AmocError {
    const pid = by === undefined ? '' : ` (pid ${by.pid})`;
    return new AmocError(
      'BUSY',
      `a node '${this.name}' runs already${pid}; amoc attach opens its console, --name gives another one a name`,
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
  const given = process.env['AMOC_HOME'];
  return given === undefined || given === '' ? join(homedir(), '.amoc') : given;
}

/** Whether the process of a claim still runs, and is the one that made it. */
export function isAlive({ pid, began }: Pick<Claim, 'pid' | 'began'>): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // It is there, but not ours: then it is none of our nodes.
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
    // One that has died and was not waited for.
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
