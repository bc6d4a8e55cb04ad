import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** How much is kept. The oldest runs are deleted first, when a new one begins. */
export interface RunLimits {
  /** How many runs, the new one included. */
  runs: number;
  bytes: number;
}

/** The limits unless `AMOC_RUNS_KEEP` or `AMOC_RUNS_MB` set others. */
export const defaultLimits: RunLimits = { runs: 100, bytes: 2 * 1024 ** 3 };

/** Makes room for one more run. @returns the folders that were deleted */
export function pruneRuns(folder: string, { runs, bytes }: RunLimits): string[] {
  const known = listFolders(folder).sort((a, b) => b.at - a.at);
  const gone: string[] = [];
  let kept = 0;
  let size = 0;
  for (const each of known) {
    kept++;
    size += each.bytes;
    if (kept < runs && size <= bytes) continue;
    rmSync(each.path, { recursive: true, force: true });
    gone.push(each.path);
  }
  return gone;
}

/** The folders with a `run.json`: nothing else in there may be deleted. */
function listFolders(folder: string): { path: string; at: number; bytes: number }[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const path = join(folder, name);
    try {
      const at = statSync(join(path, 'run.json')).mtimeMs;
      const bytes = readdirSync(path).reduce(
        (sum, file) => sum + statSync(join(path, file)).size,
        0,
      );
      return [{ path, at, bytes }];
    } catch {
      return [];
    }
  });
}
