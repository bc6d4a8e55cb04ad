import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { AmocError, messageOf } from '../lib/errors.ts';
import { utf8Text } from '../lib/text/utf8-text.ts';
import { plainRelative } from './import-resolver.ts';
import type { DataFile } from './bundle.ts';

/** The largest size of all files of data of one scenario together, in bytes. */
export const MAX_DATA_BYTES = 8 * 1024 * 1024;
/** The most files of data that a scenario may have. */
export const MAX_DATA_FILES = 500;

const NAMED = 5;

/**
 * Checks, before anything is read, that files can travel together.
 *
 * @param folder the scenarios
 * @param files absolute
 * @throws {AmocError} `COMPILE` that names the largest files and their sizes
 */
export function demandSmall(folder: string, files: readonly string[]): void {
  if (files.length > MAX_DATA_FILES) {
    throw new AmocError(
      'COMPILE',
      `the scenario has ${files.length} files of data; at most ${MAX_DATA_FILES} travel with it`,
    );
  }
  const sizes = files.map((file) => ({ file, size: sizeOf(folder, file) }));
  const total = sizes.reduce((sum, { size }) => sum + size, 0);
  if (total <= MAX_DATA_BYTES) return;
  const largest = sizes.sort((a, b) => b.size - a.size).slice(0, NAMED);
  const list = largest.map(({ file, size }) => `${shown(folder, file)} has ${mebibytes(size)}`);
  const more = sizes.length > NAMED ? ', …' : '';
  throw new AmocError(
    'COMPILE',
    `the files of data are too large: ${list.join(', ')}${more}; at most ${mebibytes(MAX_DATA_BYTES)} travel with a scenario`,
  );
}

/**
 * Reads files that travel.
 *
 * @param folder the scenarios
 * @param files absolute
 * @throws {AmocError} `COMPILE`; `FILE` for a file that is not UTF-8
 */
export function readData(folder: string, files: readonly string[]): DataFile[] {
  demandSmall(folder, files);
  return files.map((file) => ({
    path: plainRelative(folder, file),
    text: utf8Text(bytesOf(folder, file), shown(folder, file)),
  }));
}

function sizeOf(folder: string, file: string): number {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) throw unreadable(folder, file, 'does not exist');
  if (stats.isDirectory()) throw unreadable(folder, file, 'is a folder; name the files in it');
  // The size of a pipe or a device says nothing.
  if (!stats.isFile()) throw unreadable(folder, file, 'is not a file');
  return stats.size;
}

/** The contents of a file, up to its size at the beginning: it may grow while it is read. */
function bytesOf(folder: string, file: string): Uint8Array {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(Math.min(fstatSync(descriptor).size, MAX_DATA_BYTES));
      let length = 0;
      for (let read = -1; read !== 0 && length < bytes.length; length += read) {
        read = readSync(descriptor, bytes, length, bytes.length - length, null);
      }
      return bytes.subarray(0, length);
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    throw unreadable(folder, file, `cannot be read: ${messageOf(cause)}`);
  }
}

function unreadable(folder: string, file: string, why: string): AmocError {
  return new AmocError('COMPILE', `${shown(folder, file)} ${why}`);
}

function shown(folder: string, file: string): string {
  return `scenarios/${plainRelative(folder, file)}`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
