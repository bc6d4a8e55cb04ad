import { existsSync, mkdirSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AmocError, messageOf } from '../lib/errors.ts';
import { jsonText } from '../lib/text/foreign-text.ts';
import { encodeDelta } from '../metrics/totals.ts';
import { AppendFile } from './append-file.ts';
import { pruneRuns } from './run-pruning.ts';
import type { RunLimits } from './run-pruning.ts';
import type { RunDefinition } from './definition.ts';
import type { RunEvent } from './event.ts';
import type { RunObserver } from './observer.ts';
import type { RunRecord, RunResult } from './result.ts';
import type { RecordedSecond, SecondRow } from './second.ts';

/** The files of a run's folder. */
export const runFiles = {
  definition: 'run.json',
  events: 'events.ndjson',
  seconds: 'seconds.ndjson',
  result: 'result.json',
} as const;

/** Beyond this, a run's record gets no more seconds: some days of a run with fifty metrics. */
const MAX_BYTES = 512 * 1024 * 1024;

/** The open files of the current run. */
interface OpenRun {
  id: string;
  folder: string;
  events: AppendFile;
  seconds: AppendFile;
  bytes: number;
  /** The time up to which nothing is missing, in epoch milliseconds. */
  until: number;
}

/**
 * Keeps runs on disk, each in a folder of its own that only its owner can read: plain JSON, appended as it
 * happens, so that the figures of one second are on disk when the process is killed in the next. Foreign
 * text is escaped: a file that is shown by `cat` does not steer the terminal. A failure to write is reported
 * at once, and once per run; the run continues.
 */
export class RunRecorder implements RunObserver {
  readonly #folder: string;
  readonly #limits: RunLimits;
  #open: OpenRun | undefined;
  #record: RunRecord = { kept: 'none' };

  /** @param folder where the runs' folders are; it is created at the first run */
  constructor(folder: string, limits: RunLimits) {
    this.#folder = folder;
    this.#limits = limits;
  }

  started(definition: RunDefinition): void {
    this.#close();
    const folder = join(this.#folder, definition.id);
    const file = join(folder, runFiles.definition);
    // A resumed run: the previous master has written its definition.
    const isKnown = existsSync(file);
    const unpruned = attemptTo(() => pruneRuns(this.#folder, this.#limits));
    try {
      makeFolder(folder);
      if (!isKnown) writeJson(file, definition);
      this.#open = {
        id: definition.id,
        folder,
        events: new AppendFile(join(folder, runFiles.events)),
        seconds: new AppendFile(join(folder, runFiles.seconds)),
        bytes: 0,
        until: definition.startedAt,
      };
      this.#record = { kept: 'all' };
    } catch (cause) {
      const why = messageOf(cause);
      this.#record = isKnown
        ? { kept: 'part', why, until: statSync(file).mtimeMs }
        : { kept: 'none', why };
      // A folder with only a partial definition would be taken for a run.
      if (!isKnown) attemptTo(() => forget(folder));
      throw new AmocError(
        'FILE',
        `the record of the run cannot be written in ${this.#folder}: ${why}; the run continues without it`,
        { cause },
      );
    }
    if (unpruned !== undefined) {
      throw new AmocError('FILE', `old runs cannot be removed from ${this.#folder}: ${unpruned}`);
    }
  }

  second(row: SecondRow): void {
    const open = this.#open;
    if (open === undefined || open.bytes > MAX_BYTES) return;
    const recorded: RecordedSecond = { ...row, delta: encodeDelta(row.delta) };
    const line = jsonText(recorded);
    this.#write(open, () => open.seconds.append(line));
    if (this.#record.kept === 'all') open.until = row.at;
    open.bytes += line.length + 1;
    if (open.bytes <= MAX_BYTES) return;
    const why = `the record of ${open.id} is full (${MAX_BYTES / 1048576} MB)`;
    this.#lose(open, why);
    throw new AmocError('FILE', `${why}: the run continues, but no more seconds are recorded`);
  }

  event(event: RunEvent): void {
    const open = this.#open;
    if (open !== undefined) this.#write(open, () => open.events.append(jsonText(event)));
  }

  ended(result: RunResult): void {
    const open = this.#open;
    if (open === undefined) return;
    const record = this.#record;
    try {
      this.#write(open, () => {
        const whole = record.kept === 'all' ? result : { ...result, record };
        writeJson(join(open.folder, runFiles.result), whole);
      });
    } finally {
      this.#close();
    }
  }

  /** How much is on disk of the current run, or of the last one. */
  record(): RunRecord {
    return this.#record;
  }

  #close(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    attemptTo(() => open.events.close());
    attemptTo(() => open.seconds.close());
  }

  /** Writes; the first failure of a run is thrown, later ones are ignored. */
  #write(open: OpenRun, write: () => void): void {
    try {
      write();
    } catch (cause) {
      const why = messageOf(cause);
      if (!this.#lose(open, why)) return;
      throw new AmocError(
        'FILE',
        `the record of the run cannot be written in ${this.#folder}: ${why}; the run continues`,
        { cause },
      );
    }
  }

  /** @returns whether it is the first loss of the run */
  #lose({ until }: OpenRun, why: string): boolean {
    if (this.#record.kept !== 'all') return false;
    this.#record = { kept: 'part', until, why };
    return true;
  }
}

/** Creates a folder and its parents. Node.js itself reports ENOENT for a file system that is read-only. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

/** Writes a complete file, or leaves none. */
function writeJson(file: string, value: object): void {
  try {
    writeFileSync(file, `${jsonText(value, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    attemptTo(() => rmSync(file, { force: true }));
    throw error;
  }
}

function forget(folder: string): void {
  for (const file of Object.values(runFiles)) rmSync(join(folder, file), { force: true });
  rmdirSync(folder);
}

/** Does work that may fail without harm to the record. @returns why it failed, if it did */
function attemptTo(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
