import { formatMs } from '../../lib/time/duration.ts';
import { legible, oneLine } from '../../lib/text/foreign-text.ts';
import type { StopResult } from '../../control/results.ts';
import { sayVerdict } from '../../record/thresholds.ts';
import type { StatusView } from '../../control/views.ts';
import type { Paint } from './paint.ts';
import { count, plural } from '../../lib/text/plural.ts';
import { ownCounters } from '../../record/own-counters.ts';
import { loginsIn, sayLogins } from '../../record/logins.ts';
import { lossesIn, sayLosses } from '../../record/losses.ts';
import { headlinesOf, sayHeadline } from '../../record/headlines.ts';
import { sayRecord } from '../../record/record-words.ts';
import { errorTable, table, timeTable } from './render.ts';

/** Counters of a scenario that a summary shows. */
const MAX_COUNTERS = 12;

/** One line about a run in progress. */
export function renderProgress({
  runningForMs = 0,
  users,
  headlines,
  startRate,
}: StatusView): string {
  const parts = [
    formatMs(Math.round(runningForMs / 1000) * 1000),
    `${count(users.running)} running, ${count(users.waiting)} waiting, ${count(users.crashed)} crashed`,
  ];
  if (users.starting > 0) {
    parts.push(`${count(users.starting)} to start at ${startRate.achieved.toFixed(1)}/s`);
  }
  for (const { title, sent, perSecond } of headlines) {
    if (sent > 0) parts.push(`${perSecond.toFixed(1)} ${oneLine(title)}/s`);
  }
  return parts.join('; ');
}

/** The summary of a run that has ended. */
export function renderSummary(result: StopResult, started: number, paint: Paint): string {
  const { users, forced, ranForMs, metrics, errors, counts, stoppingForMs } = result;
  const { scenario, saturated, verdicts, problems } = legible({
    scenario: result.scenario,
    saturated: result.saturated,
    verdicts: result.verdicts,
    problems: result.problems,
  });
  const figures = headlinesOf(result);
  const headlines = legible(figures);
  const crashed = users.crashed > 0 ? paint.red(`${count(users.crashed)} crashed`) : '0 crashed';
  const lost = users.lost > 0 ? paint.red(`, ${count(users.lost)} lost with their process`) : '';
  const total = errors.reduce((sum, each) => sum + each.count, 0);
  const lines = [
    `  ${paint.bold(scenario)}  ran for ${seconds(ranForMs)}${stoppingForMs < 1000 ? '' : `, including ${seconds(stoppingForMs)} to stop`}`,
    `  users     ${plural(started, 'user')}, ${count(users.finished)} finished, ${count(users.removed)} stopped${forced > 0 ? ` (${count(forced)} by force)` : ''}, ${crashed}${lost}`,
    ...headlines.map((each) => `  ${each.title.padEnd(8)}  ${sayHeadline(each)}`),
    `  errors    ${total === 0 ? '0' : paint.red(count(total))}`,
  ];
  if (errors.length > 0) lines.push(errorTable(errors, paint));
  const logins = loginsIn(Object.entries(legible(metrics.times)));
  if (logins.length > 1) lines.push(`  logins    ${sayLogins(logins)}`);
  const losses = lossesIn(Object.entries(legible(metrics.counters)));
  if (losses.length > 0) lines.push(paint.yellow(`  lost      ${sayLosses(losses)}`));
  for (const problem of problems) lines.push(paint.red(`  failed    ${problem}`));
  if (saturated.length > 0) {
    const who = saturated.map((each) => `${each.node} for ${each.seconds} s`).join(', ');
    const what = 'the results of that time reflect the load generator, not the server';
    lines.push(paint.yellow(`  saturated ${who}: ${what}`));
  }
  // The latencies of headlines are shown already; GC pauses are those of the load generator.
  const isShown = new Set(['gc_pause', ...figures.map(({ latencyMetric }) => latencyMetric)]);
  const times = Object.fromEntries(
    Object.entries(metrics.times).filter(([name]) => !isShown.has(name)),
  );
  if (Object.keys(times).length > 0) lines.push(timeTable(times, paint));
  lines.push(...counterLines(result, paint));
  if (counts.arrived !== counts.recorded) {
    const missing = counts.recorded - counts.arrived;
    lines.push(
      paint.yellow(
        `  counts    ${count(missing)} of ${count(counts.recorded)} values that the processes recorded did not arrive here`,
      ),
    );
  }
  if (counts.lostNodes > 0) {
    const what = 'what they recorded in their last second is not in the figures';
    lines.push(
      paint.yellow(`  counts    ${plural(counts.lostNodes, 'process', 'processes')} died: ${what}`),
    );
  }
  for (const verdict of verdicts) {
    const mark = verdict.passed ? paint.green('passed') : paint.red('MISSED');
    lines.push(`  ${mark}    ${sayVerdict(verdict)}`);
  }
  const { words, isWhole } = sayRecord(result);
  lines.push(isWhole ? `  record    ${words}` : paint.yellow(`  record    ${words}`));
  return lines.join('\n');
}

/** The scenario's own counters; how many more there are. */
function counterLines(result: StopResult, paint: Paint): string[] {
  const { counters, more } = ownCounters(result, MAX_COUNTERS);
  if (counters.length === 0) return [];
  const rows = counters.map(([name, value]) => [name, count(value)]);
  const where = sayRecord(result).isWhole ? `; ${sayRecord(result).words} shows them` : '';
  return [
    table(['counter', 'total'], rows, paint, [1]),
    ...(more > 0 ? [`  and ${count(more)} more${where}`] : []),
  ];
}

/** A time as whole seconds. */
function seconds(ms: number): string {
  return formatMs(Math.round(ms / 1000) * 1000);
}
