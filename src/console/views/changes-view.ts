import type { Call } from '../../commands/call.ts';
import type {
  AddResult,
  DoResult,
  RateResult,
  RemoveResult,
  TargetResult,
  TraceResult,
} from '../../control/results.ts';
import { sayIdPairs } from '../../lib/ids/id-pairs.ts';
import type { IdPairs } from '../../lib/ids/id-pairs.ts';
import { IdSet } from '../../lib/ids/id-set.ts';
import { count, plural } from '../../lib/text/plural.ts';
import { formatMs } from '../../lib/time/duration.ts';
import type { Paint } from './paint.ts';

/** `do()`. */
export function sayDo({ scenario, from, to, processes, interarrival, rate }: DoResult): string {
  const ids = from === to ? `user ${from}` : `users ${from}..${to}`;
  return `ok: ${scenario}, ${ids} on ${plural(processes, 'process', 'processes')}, ${sayPace(interarrival, rate)}`;
}

/** `add()`. */
export function sayAdd({ users, ids, interarrival, rate }: AddResult): string {
  return `ok: ${nameIds(users, ids)}, ${sayPace(interarrival, rate)}`;
}

/** `remove()`. */
export function sayRemove(result: RemoveResult, _paint: Paint, { args, options }: Call): string {
  const { users, ids, remain, force } = result;
  if (users === 0) return 'ok: no matching users; nothing removed';
  const wanted =
    options['ids'] === undefined ? Number(args['users']) : IdSet.parse(options['ids']).size;
  const short = users < wanted ? ` (all that were present; ${count(wanted)} were requested)` : '';
  const how = force ? 'removed at once' : 'will stop when their current start() returns';
  return `ok: ${nameIds(users, ids)} ${how}${short}, ${count(remain)} remain`;
}

/** `target()`. */
export function sayTarget({ users, added, removed, rate }: TargetResult): string {
  const pace = rate === undefined ? '' : `, ${sayPace(0, rate)}`;
  const reached = plural(users, 'user');
  if (added.length > 0) return `ok: ${reached}: ${sayIdPairs(added)} will start${pace}`;
  if (removed.length > 0) {
    return `ok: ${reached}: ${sayIdPairs(removed)} will stop when their current start() returns`;
  }
  return `ok: the run already has ${reached}${pace}`;
}

/** `rate()`. */
export function sayRate({ rate, before }: RateResult): string {
  if (rate === before) return `ok: the rate is already ${count(rate)} users per second`;
  const was = before === undefined ? '' : `; it was ${count(before)}`;
  return `ok: ${count(rate)} users start per second in the whole cluster${was}`;
}

/** How many users move, and when. */
export function sayMoving({ moving, withinMs }: { moving: number; withinMs: number }): string {
  const users = `${plural(moving, 'user')} ${moving === 1 ? 'moves' : 'move'}`;
  return `${users} when start() ends, or after ${formatMs(withinMs)}`;
}

/** `user(7).trace()`. */
export function sayTrace({ id, on, waits }: TraceResult): string {
  if (!on) return `ok: the traffic of user ${id} is no longer shown`;
  return waits
    ? `ok: user ${id} is not running; its traffic will be shown from its start on, including the login; user(${id}).trace() cancels that`
    : `ok: the traffic of user ${id} is shown; user(${id}).trace() stops it`;
}

function sayPace(interarrival: number, rate: number | undefined): string {
  if (rate !== undefined) return `${count(rate)} a second in the whole cluster`;
  return interarrival === 0 ? 'as fast as possible' : `one every ${formatMs(interarrival)}`;
}

function nameIds(users: number, ids: IdPairs): string {
  return `${users === 1 ? 'user' : 'users'} ${sayIdPairs(ids)}`;
}
