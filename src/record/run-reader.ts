import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AmocError } from '../lib/errors.ts';
import { didYouMean } from '../lib/text/nearest.ts';
import { MetricsTotals } from '../metrics/totals.ts';
import { runFiles } from './run-recorder.ts';
import type { RunDefinition } from './definition.ts';
import type { RunEvent } from './event.ts';
import type { RunResult } from './result.ts';
import type { RecordedSecond } from './second.ts';

/** A run as read from its folder. */
export interface RecordedRun {
  definition: RunDefinition;
  events: RunEvent[];
  seconds: RecordedSecond[];
  /** `undefined` when the master ended before it could write the result. */
  result: RunResult | undefined;
  /** Sums over all seconds. */
  totals: MetricsTotals;
}

/** A line of `amoc runs`. */
export interface RunEntry {
  definition: RunDefinition;
  result: RunResult | undefined;
}

/** The recorded runs, the newest last. Folders without a run are left out. */
export function listRuns(folder: string): RunEntry[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((id) => {
      const definition = readJson(join(folder, id, runFiles.definition)) as
        RunDefinition | undefined;
      if (definition === undefined) return [];
      return [
        {
          definition,
          result: readResult(join(folder, id)),
        },
      ];
    })
    .sort((a, b) => a.definition.startedAt - b.definition.startedAt);
}

/**
 * The folder of a run by its id, by a part of it that only one run has, or `last`.
 *
 * @throws {AmocError} `ARGUMENT` when no run fits, or more than one
 */
export function findRun(folder: string, wanted: string): string {
  const ids = listRuns(folder).map(({ definition }) => definition.id);
  if (ids.includes(wanted)) return wanted;
  const last = ids.at(-1);
  if (wanted === 'last' && last !== undefined) return last;
  const fitting = ids.filter((id) => id.includes(wanted));
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return only;
  if (fitting.length > 1) {
    throw new AmocError(
      'ARGUMENT',
      `${fitting.length} runs have '${wanted}' in their names: ${fitting.slice(-5).join(', ')}`,
    );
  }
  const none = ids.length === 0 ? `; there are no runs in ${folder}` : '; amoc runs lists them';
  throw new AmocError('ARGUMENT', `there is no run '${wanted}'${didYouMean(wanted, ids)}${none}`);
}

/**
 * Reads a run. A line that was half written when the master died is left out.
 *
 * @throws {AmocError} `ARGUMENT` when the folder is not a run
 */
export async function readRun(folder: string, id: string): Promise<RecordedRun> {
  const path = join(folder, id);
  const definition = readJson(join(path, runFiles.definition)) as RunDefinition | undefined;
  if (definition === undefined) {
    throw new AmocError('ARGUMENT', `${path} has no ${runFiles.definition} that can be read`);
  }
  const totals = new MetricsTotals();
  const seconds = (await readLines(join(path, runFiles.seconds))) as RecordedSecond[];
  for (const { delta } of seconds) totals.add(delta);
  return {
    definition,
    events: (await readLines(join(path, runFiles.events))) as RunEvent[],
    seconds,
    result: readResult(path),
    totals,
  };
}

/** A result; one from an older amoc gets defaults for fields that have been added since. */
function readResult(path: string): RunResult | undefined {
  const result = readJson(join(path, runFiles.result)) as RunResult | undefined;
  return result === undefined ? undefined : { ...added, ...result };
}

const added = { problems: [], stoppingForMs: 0 } satisfies Partial<RunResult>;

async function readLines(file: string): Promise<unknown[]> {
  if (!existsSync(file)) return [];
  const lines: unknown[] = [];
  const input = createReadStream(file, 'utf8');
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    try {
      if (line !== '') lines.push(JSON.parse(line));
    } catch {
      // An incomplete line: the process was killed while it was writing.
    }
  }
  return lines;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
