import { processEnvironment } from '../lib/system/environment.ts';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from '../attach/request.ts';
import { isAlive } from '../attach/node-folder.ts';
import type { Claim, NodeFolder } from '../attach/node-folder.ts';
import { renderStatus } from '../console/views/mod.ts';
import { paintFor, wantsColors } from '../console/views/paint.ts';
import type { Paint } from '../console/views/paint.ts';
import { deferred, sleep } from '../lib/time/async.ts';
import { formatMs } from '../lib/time/duration.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { jsonText, oneLine, withColours } from '../lib/text/foreign-text.ts';
import { plural } from '../lib/text/plural.ts';
import { programScript, VERSION } from '../app/installation.ts';
import type { BootMessage } from '../app/programs/node-main.ts';
import { nodeFolder, planNode } from '../app/node-options.ts';
import type { NodeOptions } from '../app/node-options.ts';
import type { NodeStatusView } from '../app/node-work.ts';

/**
 * From this size on, in bytes, glibc maps each allocation separately and returns it once it is free (mallopt(3)).
 * By default glibc raises this size after megabytes have been freed, and keeps the memory that a large frame of
 * a slave has used.
 */
const MALLOC_MMAP_THRESHOLD_ = '131072';

const BOOT_MS = 30_000;
const LOOK_MS = 50;
/** Time limit of `amoc ping`: its operator wants an answer soon. */
const PING_MS = 10_000;
/** Receives a node's standard error, which its log does not contain: crashes of V8, warnings of Node.js. */
const STDERR = 'stderr.log';
const LAST_LINES = 20;

/**
 * `amoc start`: starts a node in the background and waits until it is ready.
 *
 * @returns the text to print
 * @throws {AmocError} `BUSY` when a node of this name runs already, or the error that prevents the start
 */
export async function startNode(options: NodeOptions): Promise<string> {
  const plan = planNode(options);
  const { folder, role } = plan;
  folder.prepare();
  const running = folder.running();
  if (running !== undefined) throw folder.taken(running);
  const errors = join(folder.path, 'log', STDERR);
  const output = openSync(errors, 'w', 0o600);
  const script = programScript('node');
  const child = spawn(process.execPath, [script, JSON.stringify(options)], {
    // A session of its own, so that the node survives the terminal that it was started from.
    detached: true,
    stdio: ['ignore', output, output, 'ipc'],
    env: { MALLOC_MMAP_THRESHOLD_, ...processEnvironment() },
  });
  closeSync(output);
  const booted = new Promise<BootMessage>((resolve) => {
    child.once('message', (message) => resolve(message as BootMessage));
    child.once('error', (error) => resolve({ failed: messageOf(error) }));
    child.once('exit', (code, signal) => {
      const last = tailOf(errors);
      resolve({
        failed: `the node ended while it was starting (${signal ?? `exit code ${code}`})${last}`,
      });
    });
  });
  const late = deferred<BootMessage>();
  const timer = setTimeout(() => {
    child.kill('SIGKILL');
    late.resolve({ failed: `the node was not ready after ${BOOT_MS / 1000} s and was killed` });
  }, BOOT_MS);
  const message = await Promise.race([booted, late.promise]);
  clearTimeout(timer);
  if ('failed' in message) throw new AmocError('CONNECTION', message.failed);
  child.removeAllListeners();
  child.unref();
  const { name } = folder;
  const named = name === 'amoc' ? '' : ` --name ${name}`;
  const next =
    role === 'master'
      ? `amoc attach${named} opens its console, amoc stop${named} ends it`
      : `it dials ${plan.slave.master}; amoc status${named} shows its state`;
  return `amoc ${VERSION}: ${role} '${name}' runs in the background (pid ${child.pid})\n${next}\n`;
}

/** Options of `amoc stop`. */
export interface StopOptions {
  name?: string | undefined;
  /** Milliseconds. */
  timeout: number;
  now?: boolean | undefined;
}

/**
 * `amoc stop`: lets the node end its users, and kills the node after the time-out.
 *
 * @returns the text to print, and the exit code: 1 when the node had to be killed
 * @throws {AmocError} `NO_RUN` when no such node runs
 */
export async function stopNode(options: StopOptions): Promise<{ text: string; code: number }> {
  const limitMs = options.timeout;
  const folder = nodeFolder(options.name);
  const claim = demandRunning(folder);
  const isGone = async (forMs: number): Promise<boolean> => {
    const until = performance.now() + forMs;
    while (isAlive(claim)) {
      if (performance.now() >= until) return false;
      await sleep(LOOK_MS);
    }
    return true;
  };
  const { name } = folder;
  if (options.now !== true) {
    process.kill(claim.pid, 'SIGTERM');
    if (await isGone(limitMs)) return { text: `'${name}' has stopped\n`, code: 0 };
  }
  process.kill(claim.pid, 'SIGKILL');
  if (!(await isGone(BOOT_MS))) {
    throw new AmocError('TIMEOUT', `'${name}' (pid ${claim.pid}) did not end after SIGKILL`);
  }
  folder.forget(claim);
  return options.now === true
    ? { text: `'${name}' was killed\n`, code: 0 }
    : { text: `'${name}' had not stopped after ${formatMs(limitMs)} and was killed\n`, code: 1 };
}

/** `amoc restart`: {@link stopNode}, then a start with the same options. */
export async function restartNode(options: StopOptions): Promise<string> {
  const claim = demandRunning(nodeFolder(options.name));
  const { text } = await stopNode(options);
  process.chdir(claim.folder);
  const started = await startNode(JSON.parse(claim.options) as NodeOptions);
  return text + started;
}

/** `amoc ping`: checks whether the node answers. @throws {AmocError} when it does not */
export async function pingNode(name: string | undefined): Promise<{ text: string; code: number }> {
  const folder = nodeFolder(name);
  demandRunning(folder);
  const from = performance.now();
  const { status, body } = await ask(folder.socket, '/health', PING_MS);
  const ms = (performance.now() - from).toFixed(1);
  const said = oneLine((body as { status: string }).status);
  if (status === 200) return { text: `pong (${ms} ms)\n`, code: 0 };
  return { text: `it answers (${ms} ms), but is not ready: ${said}\n`, code: 1 };
}

/** `amoc status`: describes the node and its work. @returns exit code 1 when the node does not run */
export async function nodeStatus(options: {
  name?: string | undefined;
  json?: boolean | undefined;
}): Promise<{ text: string; code: number }> {
  const folder = nodeFolder(options.name);
  const isJson = options.json === true;
  if (folder.running() === undefined) {
    const text = isJson
      ? JSON.stringify({ name: folder.name, running: false })
      : `node '${folder.name}' is not running; amoc start starts it`;
    return { text: `${text}\n`, code: 1 };
  }
  folder.check();
  const { body } = await ask(folder.socket, '/status');
  const status = body as NodeStatusView;
  if (isJson) return { text: `${jsonText({ running: true, ...status }, 2)}\n`, code: 0 };
  const paint = paintFor(wantsColors(process.stdout, processEnvironment()));
  return { text: `${withColours(renderNode(status, paint))}\n`, code: 0 };
}

function renderNode(status: NodeStatusView, paint: Paint): string {
  const { name, role, version, pid, node, startedAt, attached, clusters, slave } = status;
  const upMs = Math.max(0, Math.floor((Date.now() - startedAt) / 1000) * 1000);
  const lines = [
    `${paint.bold(`amoc ${version}`)} · ${role} '${name}' · pid ${pid} · Node ${node} · up for ${formatMs(upMs)}`,
    ...(role === 'master'
      ? [`attached: ${attached.length === 0 ? 'no one' : attached.join(', ')}`]
      : []),
  ];
  if (slave !== undefined) {
    const many = plural(slave.processes, 'process', 'processes');
    lines.push(`${slave.joined} of ${many} joined at ${slave.master}`);
  }
  for (const [cluster, view] of Object.entries(clusters ?? {})) {
    lines.push(paint.bold(cluster), renderStatus(view, paint));
  }
  return lines.join('\n');
}

/** The claim of the running node. @throws {AmocError} `NO_RUN` if none runs, `FILE` for a folder that is not ours */
export function demandRunning(folder: NodeFolder): Claim {
  folder.check();
  const claim = folder.running();
  if (claim === undefined) throw folder.notRunning();
  return claim;
}

/** The last lines of a file, to show below an error. */
function tailOf(path: string): string {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n').slice(-LAST_LINES);
  return lines.join('') === '' ? '' : `\n${lines.map((line) => `   ${line}`).join('\n')}`;
}
