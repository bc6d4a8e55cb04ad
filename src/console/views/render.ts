import Table from 'cli-table3';
import { formatMs } from '../../lib/time/duration.ts';
import { legible, oneLine } from '../../lib/text/foreign-text.ts';
import { count } from '../../lib/text/plural.ts';
import { saturationOf } from '../../record/saturation.ts';
import { sayHeadline } from '../../record/headlines.ts';
import { sayLosses } from '../../record/losses.ts';
import { sayVerdict, showValue } from '../../record/thresholds.ts';
import type { Verdict } from '../../record/verdict.ts';
import type { UserListing } from '../../control/views.ts';
import type { TimeSummary, NodeView, StatusView, UsersView } from '../../control/views.ts';
import type { Paint } from './paint.ts';

/** A cell of a {@link table}: its text, and the colour that it gets once it has been cleaned. */
export type Cell = string | { text: string; colour: (text: string) => string };

/**
 * A table without lines: two spaces before and between the columns, aligned by the width on a terminal.
 * Each cell is one line of foreign text ({@link oneLine}), so none can steer the terminal or look like a row.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  paint: Paint,
  rightAligned: readonly number[] = [],
): string {
  const none = '';
  const grid = new Table({
    head: head.map((title) => paint.bold(title)),
    colAligns: head.map((_, column) => (rightAligned.includes(column) ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 2, 'padding-right': 0 },
    chars: {
      top: none,
      'top-mid': none,
      'top-left': none,
      'top-right': none,
      bottom: none,
      'bottom-mid': none,
      'bottom-left': none,
      'bottom-right': none,
      left: none,
      'left-mid': none,
      mid: none,
      'mid-mid': none,
      right: none,
      'right-mid': none,
      middle: none,
    },
  });
  for (const row of rows) grid.push(row.map(cellText));
  return grid.toString().replace(/[ ]+$/gm, '');
}

function cellText(cell: Cell): string {
  return typeof cell === 'string' ? oneLine(cell) : cell.colour(oneLine(cell.text));
}

/** `status()`. */
export function renderStatus(view: StatusView, paint: Paint): string {
  const status = legible(view);
  const lines = [headline(status, paint)];
  if (status.scenario !== undefined && status.state !== 'idle') {
    lines.push(`  ${'users'.padEnd(12)}  ${renderUsers(status.users, paint)}`);
    lines.push(`  ${'starts'.padEnd(12)}  ${renderStarts(status)}`);
    for (const each of status.headlines) {
      lines.push(
        `  ${each.title.padEnd(12)}  ${sayHeadline(each)}; ${each.perSecond.toFixed(1)}/s`,
      );
    }
  }
  if (status.losses !== undefined) {
    const lost = sayLosses(Object.entries(status.losses));
    lines.push(`  ${'lost'.padEnd(12)}  ${paint.yellow(lost)}`);
  }
  for (const verdict of status.verdicts ?? []) {
    const text = renderVerdict(verdict);
    lines.push(`  ${'threshold'.padEnd(12)}  ${verdict.passed ? text : paint.yellow(text)}`);
  }
  if (status.nodes.length > 0) lines.push(renderNodes(status.nodes, paint));
  const slow = status.nodes.filter((node) => saturationOf(node) !== undefined);
  if (slow.length > 0) {
    const names = slow.map(({ name }) => name).join(', ');
    lines.push(
      paint.yellow(`  ${names}: saturated; the results reflect the load generator, not the server`),
    );
  }
  return lines.join('\n');
}

/** A verdict while the run continues: with the value of the last window, where the threshold has one. */
function renderVerdict(verdict: Verdict): string {
  const { window, unit } = verdict;
  const said = sayVerdict(verdict);
  if (window?.last === undefined || window.judged === 0) return said;
  return `${said}; now ${showValue(window.last, unit)}`;
}

function headline(status: StatusView, paint: Paint): string {
  const { state, scenario, reason, paused, runningForMs = 0, ids, comment } = status;
  if (state === 'idle' || scenario === undefined) return '  idle: no scenario is running';
  const name = paint.bold(scenario.padEnd(12));
  if (state === 'failed') return `  ${name}  ${paint.red('failed')}: ${reason ?? ''}`;
  const time =
    state === 'running' ? ` for ${formatMs(Math.round(runningForMs / 1000) * 1000)}` : '';
  const range = ids === undefined || ids === '' ? '' : `, ids ${ids}`;
  const pause = paused === true ? paint.yellow(', new starts are paused') : '';
  const word = comment === undefined ? '' : ` (${comment})`;
  return `  ${name}  ${state}${time}${range}${pause}${word}`;
}

function renderUsers(users: UsersView, paint: Paint): string {
  const { running, starting, waiting, crashed, moving } = users;
  const always = [
    `${count(running)} running${moving > 0 ? ` (${count(moving)} of them to move)` : ''}`,
    `${count(starting)} starting`,
    `${count(waiting)} waiting`,
    crashed > 0 ? paint.red(`${count(crashed)} crashed`) : '0 crashed',
  ];
  const sometimes = (['leaving', 'finished', 'removed', 'lost'] as const)
    .filter((state) => users[state] > 0)
    .map((state) => `${count(users[state])} ${state}`);
  if (users.away > 0) sometimes.push(paint.red(`${count(users.away)} out of reach`));
  return [...always, ...sometimes].join(', ');
}

function renderStarts({ startRate, users }: StatusView): string {
  const wanted = Number.isFinite(startRate.wanted)
    ? `${startRate.wanted.toFixed(1)}/s`
    : 'no limit';
  const achieved = `${startRate.achieved.toFixed(1)}/s achieved`;
  return users.starting > 0 ? `${wanted} wanted, ${achieved}` : `${wanted} wanted; none waiting`;
}

/** `nodes()`. */
export function renderNodes(nodes: readonly NodeView[], paint: Paint): string {
  if (nodes.length === 0) return '  no processes connected';
  const isOneHost = new Set(nodes.map(({ host }) => host)).size === 1;
  const rows = nodes.map(({ name, users, cpu, loopDelayMs, rssBytes, status, ...node }) => [
    name,
    count(users),
    `${Math.round(cpu * 100)} %`,
    `${loopDelayMs < 10 ? loopDelayMs.toFixed(1) : Math.round(loopDelayMs)} ms`,
    `${Math.round(rssBytes / 1048576)} MB`,
    // For one machine, these columns say nothing.
    ...(isOneHost
      ? []
      : [
          node.host,
          node.roundTripMs === undefined ? '' : formatMs(node.roundTripMs),
          node.clockOffsetMs === undefined
            ? ''
            : clockText(node.clockOffsetMs, node.roundTripMs ?? 0),
        ]),
    status === 'ready' || status === 'connected' ? status : { text: status, colour: paint.red },
  ]);
  return table(
    [
      ...['process', 'users', 'CPU', 'loop delay', 'memory'],
      ...(isOneHost ? [] : ['host', 'round trip', 'clock']),
      'state',
    ],
    rows,
    paint,
    isOneHost ? [1, 2, 3, 4] : [1, 2, 3, 4, 6, 7],
  );
}

/** How far a clock is off, and how well that is known: half of the round trip. */
function clockText(offsetMs: number, roundTripMs: number): string {
  const sign = offsetMs < 0 ? '-' : '+';
  return `${sign}${formatMs(Math.abs(offsetMs))} ± ${formatMs(roundTripMs / 2)}`;
}

/** Kinds of errors with their counts, at most twenty. */
export function errorTable(errors: UserListing['errors'], paint: Paint): string {
  const rows = errors
    .slice(0, 20)
    .map(({ error, message, count: times }) => [count(times), error, brief(message, 200)]);
  return table(['errors', 'name', 'message'], rows, paint, [0]);
}

/** A table of everything that was timed. */
export function timeTable(times: Readonly<Record<string, TimeSummary>>, paint: Paint): string {
  const rows = Object.entries(times).map(([name, time]) => [
    name,
    count(time.count),
    ...[time.mean, time.p50, time.p95, time.p99, time.max].map((value) => formatMs(value)),
  ]);
  const head = ['time', 'count', 'mean', 'p50', 'p95', 'p99', 'max'];
  return table(head, rows, paint, [1, 2, 3, 4, 5, 6]);
}

/** The first line of a text, cut to a length that fits into a table. */
export function brief(text: string, most = 60): string {
  const [line = ''] = text.split('\n', 1);
  return oneLine(line.trimEnd(), most);
}
