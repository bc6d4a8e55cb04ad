import { legible } from '../lib/foreign-text.ts';
import type { RunRecord, RunResult } from './types.ts';

/** Where a run is kept, as a person is told: the command that shows it, or why there is less to show. */
export function sayRecord(result: Pick<RunResult, 'run' | 'record'>): {
  words: string;
  isWhole: boolean;
} {
  const { run, record } = legible({ run: result.run, record: result.record });
  if (record === undefined || record.kept === 'all') {
    return { words: `amoc report ${run}`, isWhole: true };
  }
  const why = record.why === undefined ? '' : ` (${record.why})`;
  if (record.kept === 'none') return { words: `the run was not recorded${why}`, isWhole: false };
  const until = new Date(record.until ?? 0).toISOString().replace(/\.\d+/, '');
  return {
    // The page would go where there is no room, unless it is told where else.
    words: `recorded in part, up to ${until}${why}; amoc report ${run} --out FILE shows it`,
    isWhole: false,
  };
}

/** What is missing in a record that is read: nothing when it says nothing. */
export function sayHoles(record: RunRecord | undefined): string | undefined {
  if (record === undefined) return undefined;
  const { until = 0, why = 'it could not be written' } = record;
  return `the record has holes from ${new Date(until).toISOString()} on (${why})`;
}
