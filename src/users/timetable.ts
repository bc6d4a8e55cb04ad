import { AmocError } from '../lib/errors.ts';
import { toMs } from '../lib/time/duration.ts';
import type { Duration } from '../lib/time/duration.ts';
import type { Random } from '../lib/ids/random.ts';
import { quote } from '../lib/text/quote.ts';

/** Events of one kind in a timetable: `count` of them, one per interval. */
export interface TimetableEntry {
  /** Number of events. */
  count: number;
  /** Time from one event to the next. */
  every: Duration;
  /** Time before the first event. @default a random time below `every`, so that users do not act at once */
  after?: Duration;
  /**
   * What to do at each event. The next event waits until it is done.
   *
   * @param due when it should have begun, by `performance.now()`: the `since` of `user.timed` and of messages
   * @param at which of the `count` it is, from 0 on
   */
  do: (due: number, at: number) => unknown;
}

/** One event of a timetable. */
export interface TimetableEvent {
  /** Milliseconds from the beginning of the timetable. */
  readonly at: number;
  /** Which of the events of its entry it is, from 0 on. */
  readonly index: number;
  readonly entry: TimetableEntry;
}

/**
 * The events of several entries in the order of their times; at equal times in the order of the entries.
 *
 * @throws {AmocError} `ARGUMENT` for an invalid count or time, before the first event
 */
export function timetable(
  entries: readonly TimetableEntry[],
  random: Random,
): Generator<TimetableEvent, void, void> {
  const rows = entries.map((entry) => {
    const { count, every, after } = entry;
    if (!(count === Infinity || (Number.isInteger(count) && count >= 0))) {
      throw new AmocError(
        'ARGUMENT',
        `timetable: count is ${quote(count)}, not a whole number ≥ 0`,
      );
    }
    const everyMs = toMs(every);
    if (count === Infinity && everyMs === 0) {
      throw new AmocError('ARGUMENT', 'timetable: events without end need an interval above 0');
    }
    const afterMs = after === undefined ? random.float() * everyMs : toMs(after);
    return { entry, everyMs, afterMs, index: 0 };
  });
  return merged(rows);
}

interface Row {
  readonly entry: TimetableEntry;
  readonly everyMs: number;
  readonly afterMs: number;
  index: number;
}

/** One event at a time: a list of all events for each of many users would take memory. */
function* merged(rows: readonly Row[]): Generator<TimetableEvent, void, void> {
  for (;;) {
    let next: Row | undefined;
    for (const row of rows) {
      if (row.index === row.entry.count) continue;
      if (next === undefined || timeOf(row) < timeOf(next)) next = row;
    }
    if (next === undefined) return;
    yield { at: timeOf(next), index: next.index, entry: next.entry };
    next.index++;
  }
}

function timeOf({ afterMs, everyMs, index }: Row): number {
  return index === 0 ? afterMs : afterMs + everyMs * index;
}
