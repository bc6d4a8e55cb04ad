import { processEnvironment } from '../lib/system/environment.ts';
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { LogView } from '../console/views/mod.ts';
import type { LogLine } from '../console/views/mod.ts';
import { wantsColors } from '../console/views/paint.ts';
import { sleep } from '../lib/time/async.ts';
import { systemClock } from '../lib/time/clock.ts';
import { AmocError, messageOf, systemCode } from '../lib/errors.ts';
import { escapeJson } from '../lib/text/foreign-text.ts';
import { nodeFolder } from '../app/node-options.ts';

const LOOK_MS = 200;
const MAX_CHUNK_BYTES = 1024 * 1024;

/** How `amoc logs` shows a log. */
export interface LogsOptions {
  name?: string | undefined;
  follow?: boolean | undefined;
  /** How many of the last lines to show. */
  lines: number;
  json?: boolean | undefined;
}

/**
 * `amoc logs`: shows the last lines of a node's log, and with `follow` also the new ones, across rotations.
 *
 * @throws {AmocError} `FILE` when there is no log
 */
export async function showLogs({ name, follow, lines: count, json }: LogsOptions): Promise<void> {
  const folder = nodeFolder(name);
  const { stdout } = process;
  stdout.on('error', () => process.exit(0));
  using view = new LogView({
    clock: systemClock,
    colors: wantsColors(stdout, processEnvironment()),
    write: (text) => stdout.write(text),
    mostPerSecond: Infinity,
  });
  const show = (text: string): void => {
    if (json === true) stdout.write(`${escapeJson(text)}\n`);
    else view.add([parse(text)]);
  };
  const first = read(folder.log).split('\n').slice(0, -1);
  // After a rotation a moment ago the last lines begin in the file before.
  const before =
    first.length < count ? readIfThere(`${folder.log}.1`).split('\n').slice(0, -1) : [];
  for (const line of [...before, ...first].slice(count === 0 ? Infinity : -count)) show(line);
  view.flush();
  if (follow === true) await followFile(folder.log, show);
}

/** Reads what is appended, forever; starts at the beginning again when another file is in its place. */
async function followFile(path: string, show: (line: string) => void): Promise<void> {
  let { ino, size: at } = statSync(path);
  let rest = '';
  for (;;) {
    await sleep(LOOK_MS);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    if (stats.ino !== ino || stats.size < at) {
      rest = '';
      at = 0;
      ino = stats.ino;
    }
    while (at < stats.size) {
      const text = rest + readPart(path, at, Math.min(stats.size - at, MAX_CHUNK_BYTES));
      at += Math.min(stats.size - at, MAX_CHUNK_BYTES);
      const lines = text.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) show(line);
    }
  }
}

function readPart(path: string, at: number, length: number): string {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(length);
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, length, at));
  } finally {
    closeSync(file);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const why =
      systemCode(error) === 'ENOENT' ? 'does not exist' : `cannot be read: ${messageOf(error)}`;
    throw new AmocError('FILE', `${path} ${why}; a node in the background writes it (amoc start)`, {
      cause: error,
    });
  }
}

function readIfThere(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? '' : read(path);
}

function parse(text: string): LogLine {
  const plain = { level: 30, time: 0, msg: text };
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === 'object' && line !== null ? (line as LogLine) : plain;
  } catch {
    return plain;
  }
}
