import { closeSync, existsSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { AmocError, messageOf } from '../lib/errors.ts';
import { pruneRuns } from './run-pruning.ts';
import type { RunLimits } from './run-pruning.ts';
import type { RunDefinition, RunEvent, RunObserver, RunResult, SecondRow } from './types.ts';

/** The files of a run's folder. */
export const runFiles = {
  definition: 'run.json',
  events: 'events.ndjson',
  seconds: 'seconds.ndjson',
  result: 'result.json',
} as const;

/** Past that a run's record tells no more seconds: some days of a run with fifty metrics. */
const MOST_BYTES = 512 * 1024 * 1024;

/** What is open of the run at hand. */
interface OpenRun {
  id: string;
  folder: string;
  events: number;
  seconds: number;
  bytes: number;
}

/**
 * Keeps runs on disk, each in a folder of its own: plain JSON, appended as it happens, so that what a
 * second brought is there when the process is killed in the next one.
 */
export class RunRecorder implements RunObserver {
  readonly #folder: string;
  readonly #limits: RunLimits;
  #open: OpenRun | undefined;

  /** @param folder where the runs' folders are; it is made at the first run */
  constructor(folder: string, limits: RunLimits) {
    this.#folder = folder;
    this.#limits = limits;
  }

  started(definition: RunDefinition): void {
    this.#close();
    const folder = join(this.#folder, definition.id);
    this.#guard(() => {
      pruneRuns(this.#folder, this.#limits);
      mkdirSync(folder, { recursive: true });
      const isKnown = existsSync(join(folder, runFiles.definition));
      // A run that a master goes on with: what it is has been written by the one before.
      if (!isKnown) writeJson(join(folder, runFiles.definition), definition);
      this.#open = {
        id: definition.id,
        folder,
        events: openSync(join(folder, runFiles.events), 'a', 0o644),
        seconds: openSync(join(folder, runFiles.seconds), 'a', 0o644),
        bytes: 0,
      };
    });
  }

  second(row: SecondRow): void {
    const open = this.#open;
    if (open === undefined || open.bytes > MOST_BYTES) return;
    const line = `${JSON.stringify(row)}\n`;
    this.#guard(() => writeSync(open.seconds, line));
    open.bytes += line.length;
    if (open.bytes > MOST_BYTES) {
      throw new AmocError(
        'FILE',
        `the record of ${open.id} is full (${MOST_BYTES / 1048576} MB): the run goes on, its seconds are kept no more`,
      );
    }
  }

  event(event: RunEvent): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#guard(() => writeSync(open.events, `${JSON.stringify(event)}\n`));
  }

  ended(result: RunResult): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#guard(() => writeJson(join(open.folder, runFiles.result), result));
    this.#close();
  }

  #close(): void {
    if (this.#open === undefined) return;
    closeSync(this.#open.events);
    closeSync(this.#open.seconds);
    this.#open = undefined;
  }

  #guard(write: () => unknown): void {
    try {
      write();
    } catch (cause) {
      throw new AmocError(
        'FILE',
        `the record of the run cannot be written in ${this.#folder}: ${messageOf(cause)}`,
        { cause },
      );
    }
  }
}

function writeJson(file: string, value: object): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}
