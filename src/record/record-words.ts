import { legible } from '../lib/text/foreign-text.ts';
import type { RunRecord, RunResult } from './result.ts';

/** Says where a run is recorded: the command that shows it, or why the record is incomplete. */
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
    // Without --out the page would be written where there is no room.
    words: `recorded in part, up to ${until}${why}; amoc report ${run} --out FILE shows it`,
    isWhole: false,
  };
}

/** Says what is missing in a record; `undefined` when the result says nothing about it. */
export function sayHoles(record: RunRecord | undefined): string | undefined {
  if (record === undefined) return undefined;
  const { until = 0, why = 'it could not be written' } = record;
  return `the record has holes from ${new Date(until).toISOString()} on (${why})`;
}
