import type { IdRange } from '../lib/id-set.ts';
import { rangeSize } from '../lib/id-set.ts';
import { count, plural } from '../lib/words.ts';
import type { SlaveMessage } from '../protocol/messages.ts';

type Report = Omit<Extract<SlaveMessage, { type: 'report' }>, 'type'>;

/**
 * Looks for what a process cannot have to report, before any set of ids is expanded: more users than it
 * was ever given, or one that ended twice.
 *
 * @param most users that the process may have, and report the end of, in all
 * @returns what cannot be, as in `it …`; `undefined` when all of it can
 */
export function implausibility(report: Report, most: number): string | undefined {
  const { users, ended, digest } = report;
  const present = users.starting + users.running + users.waiting + users.leaving + users.moving;
  const started = report.delta.counters['users_started'] ?? 0;
  if (started > most) {
    return `it reports ${count(started)} starts of users, and has ${count(most)} at most`;
  }
  if (present > most)
    return `it reports ${plural(present, 'user')}, and has ${count(most)} at most`;
  if ((digest?.count ?? 0) > most) {
    return `it reports a sum over ${plural(digest?.count ?? 0, 'user')}, and has ${count(most)} at most`;
  }
  const gone = [...ended.finished, ...ended.crashed, ...ended.removed, ...ended.moved];
  const ends = sizeOf(gone);
  if (ends > most)
    return `it reports the end of ${plural(ends, 'user')}, and had ${count(most)} at most`;
  if (present + ends > most) {
    return `it reports ${plural(present, 'user')} and the end of ${count(ends)}, and had ${count(most)} at most`;
  }
  if (sizeOf(ended.back) > ends) return 'it reports more users that are back than ended';
  if (hasRepeated(gone, ends) || hasRepeated(ended.back, sizeOf(ended.back))) {
    return 'it reports the end of one user twice';
  }
  return undefined;
}

function sizeOf(ranges: readonly IdRange[]): number {
  return ranges.reduce((sum, range) => sum + rangeSize(range), 0);
}

/** Costs O(ids), of which there are as many as the process has users. */
function hasRepeated(ranges: readonly IdRange[], size: number): boolean {
  if (ranges.length < 2) return false;
  const seen = new Set<number>();
  for (const { from, to, step } of ranges) {
    for (let id = from; id <= to; id += step) seen.add(id);
  }
  return seen.size < size;
}
