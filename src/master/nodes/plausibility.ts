import type { IdRange } from '../../lib/ids/id-set.ts';
import { rangeSize } from '../../lib/ids/id-set.ts';
import { count, plural } from '../../lib/text/plural.ts';
import type { SlaveMessage } from '../../protocol/messages.ts';

type Report = Omit<Extract<SlaveMessage, { type: 'report' }>, 'type'>;

/**
 * Looks for claims in a report that cannot be true, before any set of ids is expanded: more users than the
 * process was ever given, or a user that ended twice.
 *
 * @param most how many users the process may have, and report the end of, in total
 * @returns what cannot be true, as in `it …`; `undefined` when all of it can
 */
export function implausibility(report: Report, most: number): string | undefined {
  const { users, ended, digest } = report;
  const present = users.starting + users.running + users.waiting + users.leaving + users.moving;
  const started = report.delta.counters['users_started'] ?? 0;
  if (started > most) {
    return `it reports ${count(started)} starts of users, but has at most ${count(most)}`;
  }
  if (present > most)
    return `it reports ${plural(present, 'user')}, but has at most ${count(most)}`;
  if ((digest?.count ?? 0) > most) {
    return `it reports a sum over ${plural(digest?.count ?? 0, 'user')}, but has at most ${count(most)}`;
  }
  const gone = [...ended.finished, ...ended.crashed, ...ended.removed, ...ended.moved];
  const ends = sizeOf(gone);
  if (ends > most)
    return `it reports the end of ${plural(ends, 'user')}, but had at most ${count(most)}`;
  if (present + ends > most) {
    return `it reports ${plural(present, 'user')} and the end of ${count(ends)}, but had at most ${count(most)}`;
  }
  if (sizeOf(ended.back) > ends) return 'it reports more users that came back than ended';
  if (hasRepeated(gone, ends) || hasRepeated(ended.back, sizeOf(ended.back))) {
    return 'it reports the end of one user twice';
  }
  return undefined;
}

function sizeOf(ranges: readonly IdRange[]): number {
  return ranges.reduce((sum, range) => sum + rangeSize(range), 0);
}

/** Costs O(ids): as many as the process has users. */
function hasRepeated(ranges: readonly IdRange[], size: number): boolean {
  if (ranges.length < 2) return false;
  const seen = new Set<number>();
  for (const { from, to, step } of ranges) {
    for (let id = from; id <= to; id += step) seen.add(id);
  }
  return seen.size < size;
}
