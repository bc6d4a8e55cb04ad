import { attempt } from '../lib/time/async.ts';
import { formatMs } from '../lib/time/duration.ts';
import { AmocError } from '../lib/errors.ts';
import type { IdSet } from '../lib/ids/id-set.ts';
import { didYouMean } from '../lib/text/nearest.ts';
import type { Master } from '../master/master.ts';
import { ownCounters } from '../record/own-counters.ts';
import { sayRecord } from '../record/record-words.ts';
import { sayVerdict } from '../record/thresholds.ts';
import type { ChangeResult, StopResult, TraceResult } from '../master/results.ts';
import type { DoResult } from '../master/run/run-start.ts';
import { clusterCommands } from './command-table.ts';
import type { ClusterCommand } from './command-table.ts';
import { document } from './views/help.ts';
import { renderLog } from './views/log-view.ts';
import type { Paint } from './views/paint.ts';
import { count, plural } from '../lib/text/plural.ts';
import { renderEvents } from './views/events-view.ts';
import { renderMetrics } from './views/metrics-view.ts';
import { brief, errorTable, renderNodes, renderStatus, table } from './views/render.ts';
import { shown } from './views/shown.ts';
import { renderWatch } from './views/watch.ts';
import type { Watched } from './views/watch.ts';
import { notTorn } from './shell/not-torn.ts';
import { callingShell } from './shell/calling-shell.ts';

/** How many counters of a scenario `stop()` names. */
const MOST_COUNTERS = 6;

type Command = (...values: unknown[]) => Promise<object> | object;

/**
 * `amocLocal` or `amocDist` as it is typed: commands that check their arguments and answer with plain
 * objects that print as sentences and tables. The error for an unknown name suggests a similar one.
 */
export function makeClusterObject(name: string, master: Master): object {
  const { user, ...others } = makeCommands(master);
  const whole = Object.entries(others).map(([key, command]) => [key, notTorn(command)] as const);
  const commands = { user, ...Object.fromEntries(whole) } as Record<ClusterCommand, Command>;
  for (const doc of clusterCommands) document(commands[doc.name], doc);
  const target = Object.freeze({ ...commands });
  return new Proxy(target, {
    get(object, key): unknown {
      if (typeof key === 'symbol' || key in object) return Reflect.get(object, key);
      // JavaScript looks these up in every value that is awaited or printed.
      if (key === 'then' || key === 'toJSON' || key === 'constructor') return undefined;
      const names = Object.keys(object);
      throw new AmocError('ARGUMENT', `${name} has no '${key}'${didYouMean(key, names)}`);
    },
  });
}

function makeCommands(master: Master): Record<ClusterCommand, Command> {
  const look = async (): Promise<Watched> => ({
    status: await master.status(),
    metrics: await master.metrics(),
    trend: master.trend,
    events: master.events,
  });
  return {
    do: async (...values) => {
      const [scenario, from, to, options] = values;
      const result = await master.do(scenario, from, to, options);
      return shown(result, () => sayDo(result));
    },
    add: async (number) => sayChange(await master.add(number), 'add'),
    remove: async (what, options) => sayChange(await master.remove(what, options), 'remove'),
    stop: async (options) => {
      const result = await master.stop(options);
      return shown(result, (paint) => sayStop(result, paint));
    },
    status: async () => {
      const status = await master.status();
      return shown(status, (paint) => renderStatus(status, paint));
    },
    nodes: async () => {
      const nodes = await master.listNodes();
      return shown(nodes, (paint) => renderNodes(nodes, paint));
    },
    users: async (options) => {
      const listing = await master.users(options);
      return shown(listing, (paint) => sayUsers(listing, paint));
    },
    user: (id) => ({
      trace: notTorn(async (on?: unknown) => {
        const result = await master.trace(id, typeof on === 'boolean' ? on : undefined);
        return shown(result, () => sayTrace(result));
      }),
    }),
    metrics: async () => {
      const metrics = await master.metrics();
      return shown(metrics, (paint) => renderMetrics(metrics, paint));
    },
    watch: async () => {
      const lend = callingShell()?.person.lend;
      if (lend !== undefined) {
        await lend(async (columns, paint) => renderWatch(await look(), columns, paint));
      }
      const seen = await look();
      return shown(seen.status, (theirs) =>
        lend === undefined ? renderWatch(seen, 100, theirs) : renderStatus(seen.status, theirs),
      );
    },
    events: () => {
      const events = [...master.events];
      return shown(events, (paint) => renderEvents(events, paint));
    },
    settings: () => {
      const settings = master.settings();
      return shown(settings, (paint) => saySettings(settings, paint));
    },
    update: async (change) => {
      const settings = await master.update(change);
      const words = Object.entries(settings).map(([key, value]) => `${key} = ${String(value)}`);
      return shown(settings, () => `ok: ${words.join(', ')}`);
    },
    pause: () => {
      master.pause();
      return shown({ paused: true }, () => 'ok: new starts are paused until resume()');
    },
    resume: () => {
      master.resume();
      return shown({ paused: false }, () => 'ok: users start again');
    },
    log: async (node) => {
      const lines = await attempt(() => master.members.log(node));
      return shown(lines, (paint) =>
        lines.length === 0 ? '  no log lines' : renderLog(lines, paint),
      );
    },
    rebalance: () => {
      const result = master.members.rebalance();
      return shown(result, () =>
        result.moving === 0 ? 'ok: the users are already balanced' : `ok: ${sayMoving(result)}`,
      );
    },
    drain: async (node) => {
      const result = await attempt(() => master.members.drain(node));
      return shown(
        result,
        () =>
          `ok: ${result.nodes.join(', ')} ${result.nodes.length === 1 ? 'takes' : 'take'} no more users; ${sayMoving(result)}`,
      );
    },
    undrain: async (node) => {
      const result = await attempt(() => master.members.undrain(node));
      return shown(result, () => {
        const verb = result.nodes.length === 1 ? 'takes' : 'take';
        return `ok: ${result.nodes.join(', ')} ${verb} users again; rebalance() evens out the users`;
      });
    },
    evict: async (node) => {
      const result = await master.members.evict(node);
      return shown(
        result,
        () =>
          `ok: evicted ${result.nodes.join(', ')}; ${plural(result.users, 'user')} will run elsewhere`,
      );
    },
    ping: async () => {
      const answers = await master.ping();
      return shown(answers, (paint) => sayPing(answers, paint));
    },
  };
}

/** How many users move, and when. */
function sayMoving({ moving, withinMs }: { moving: number; withinMs: number }): string {
  const users = `${plural(moving, 'user')} ${moving === 1 ? 'moves' : 'move'}`;
  return `${users} when start() ends, or after ${formatMs(withinMs)}`;
}

function sayDo({ scenario, from, to, processes, interarrival, rate }: DoResult): string {
  const ids = from === to ? `user ${from}` : `users ${from}..${to}`;
  return `ok: ${scenario}, ${ids} on ${plural(processes, 'process', 'processes')}, ${sayPace(interarrival, rate)}`;
}

function sayPace(interarrival: number, rate: number | undefined): string {
  if (rate !== undefined) return `${count(rate)} a second in the whole cluster`;
  return interarrival === 0 ? 'as fast as possible' : `one every ${formatMs(interarrival)}`;
}

/** The value of `add` and `remove`, for code to use. */
function sayChange(result: ChangeResult, command: 'add' | 'remove'): object {
  const { ids, users, wanted, remain, force, interarrival, rate } = result;
  const value = {
    users,
    ids: idPairs(ids),
    remain,
    ...(force === undefined ? {} : { force }),
  };
  return shown(value, () => {
    if (command === 'add') return `ok: ${nameIds(ids)}, ${sayPace(interarrival ?? 0, rate)}`;
    if (users === 0) return 'ok: no matching users; nothing removed';
    const short = users < wanted ? ` (all that were present; ${count(wanted)} were requested)` : '';
    const how = force === true ? 'removed at once' : 'will stop when their current start() returns';
    return `ok: ${nameIds(ids)} ${how}${short}, ${count(remain)} remain`;
  });
}

function nameIds(ids: IdSet): string {
  return `${ids.size === 1 ? 'user' : 'users'} ${ids.toString()}`;
}

/** Ids as `remove({ ids })` takes them. */
function idPairs(ids: IdSet): (number | [number, number])[] {
  return ids.consecutive().map(([from, to]) => (from === to ? from : [from, to]));
}

function sayStop(result: StopResult, paint: Paint): string {
  const { scenario, users, forced, ranForMs, verdicts, problems } = result;
  const { finished, removed, crashed, lost } = users;
  const ends = [
    ...(finished > 0 ? [`${count(finished)} finished`] : []),
    `${count(removed)} removed${forced > 0 ? ` (${count(forced)} by force)` : ''}`,
    `${count(crashed)} crashed`,
    ...(lost > 0 ? [`${count(lost)} lost with their process`] : []),
  ];
  const seconds = formatMs(Math.round(ranForMs / 1000) * 1000);
  const missed = verdicts.filter(({ passed }) => !passed);
  const { counters, more } = ownCounters(result, MOST_COUNTERS);
  const counted = counters.map(([name, value]) => `${name} ${count(value)}`);
  if (more > 0) counted.push(`and ${count(more)} more, which metrics() shows`);
  const record = sayRecord(result);
  return [
    `ok: ${scenario} has stopped after ${seconds}; users: ${ends.join(', ')}`,
    ...problems.map((problem) => paint.red(`** error: ${problem}`)),
    ...missed.map((verdict) => `   threshold missed: ${sayVerdict(verdict)}`),
    ...(counters.length === 0 ? [] : [`   counted: ${counted.join(', ')}`]),
    record.isWhole ? `   ${record.words} shows it` : paint.yellow(`   ${record.words}`),
  ].join('\n');
}

function sayUsers({ users, errors }: Awaited<ReturnType<Master['users']>>, paint: Paint): string {
  if (users.length === 0 && errors.length === 0) return '  no users';
  const rows = users.map(({ id, node, state, repetitions, error = '' }) => [
    String(id),
    node,
    state,
    String(repetitions),
    brief(error),
  ]);
  const parts: string[] = [];
  if (rows.length > 0) {
    parts.push(table(['user', 'process', 'state', 'repetitions', 'error'], rows, paint, [0, 3]));
  }
  if (errors.length > 0) parts.push(errorTable(errors, paint));
  return parts.join('\n');
}

function saySettings(settings: ReturnType<Master['settings']>, paint: Paint): string {
  const rows = Object.entries(settings).map(([name, { value, description, update }]) => [
    name,
    value === '' ? "''" : String(value),
    update ? 'yes' : '',
    description,
  ]);
  return table(['setting', 'value', 'update', 'meaning (times in ms)'], rows, paint, [1]);
}

function sayPing(answers: Awaited<ReturnType<Master['ping']>>, paint: Paint): string {
  if (answers.length === 0) return '  no processes connected';
  const rows = answers.map(({ name, ms }) => [
    name,
    ms === undefined ? { text: 'no answer', colour: paint.red } : formatMs(ms),
  ]);
  return table(['process', 'round trip'], rows, paint, [1]);
}

function sayTrace({ id, on, waits }: TraceResult): string {
  if (!on) return `ok: the traffic of user ${id} is no longer shown`;
  return waits
    ? `ok: user ${id} is not running; its traffic will be shown from its start on, including the login; user(${id}).trace() cancels that`
    : `ok: the traffic of user ${id} is shown; user(${id}).trace() stops it`;
}
