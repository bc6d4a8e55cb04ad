import { join, resolve } from 'node:path';
import { env, wholeNumber } from '../config/environment.ts';
import { systemClock } from '../lib/time/clock.ts';
import { defaultLimits } from '../record/run-pruning.ts';
import type { RunLimits } from '../record/run-pruning.ts';
import { RunRecorder } from '../record/run-recorder.ts';
import type { RunObserver } from '../record/observer.ts';
import type { Notice } from '../control/notice.ts';
import { outputs } from '../outputs/index.ts';
import type { Output } from '../outputs/output.ts';
import { projectFolder, VERSION } from './installation.ts';

/** Where runs are kept: `AMOC_RUNS`, or `runs/` of the project. */
export function runsFolder(): string {
  const given = env('AMOC_RUNS');
  return given === undefined ? join(projectFolder(), 'runs') : resolve(given);
}

/** The observers of runs, and their connections; to be disposed of after the clusters. */
export interface Observers extends AsyncDisposable {
  /** Those of one cluster: `amocLocal`, `amocDist`. */
  of(cluster: string): RunObserver[];
  /** Opens listeners. A port that cannot be opened is reported, and has no other effect. */
  listen(): Promise<void>;
}

/**
 * Makes the observers of runs: always the record on disk, and those outputs that the environment names.
 *
 * @throws {AmocError} `CONFIG` when a variable is wrong
 */
export async function makeObservers(
  clusters: readonly string[],
  notice: (notice: Notice) => void,
): Promise<Observers> {
  const limits = runLimits();
  const byCluster = new Map<string, RunObserver[]>(
    clusters.map((name) => [name, [new RunRecorder(runsFolder(), limits)]]),
  );
  const opened: Output[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((output) => output[Symbol.asyncDispose]()));
  };
  const host = {
    tell: (level: Notice['level'], text: string) => notice({ level, text }),
    clock: systemClock,
    version: VERSION,
  };
  try {
    for (const spec of outputs) {
      const output = await spec.create(host);
      if (output === undefined) continue;
      opened.push(output);
      for (const [cluster, observers] of byCluster) observers.push(output.observer(cluster));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    of: (name) => byCluster.get(name) ?? [],
    listen: async () => {
      for (const output of opened) await output.listen?.();
    },
    [Symbol.asyncDispose]: close,
  };
}

/** `AMOC_RUNS_KEEP` and `AMOC_RUNS_MB`: how many runs are kept, and how many megabytes of them. */
function runLimits(): RunLimits {
  return {
    runs: wholeNumber('AMOC_RUNS_KEEP', 1) ?? defaultLimits.runs,
    bytes: (wholeNumber('AMOC_RUNS_MB', 1) ?? defaultLimits.bytes / 1048576) * 1048576,
  };
}
