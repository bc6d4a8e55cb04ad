import type { StopResult } from '../../control/results.ts';
import { count } from '../../lib/text/plural.ts';
import { formatMs } from '../../lib/time/duration.ts';
import { ownCounters } from '../../record/own-counters.ts';
import { sayRecord } from '../../record/record-words.ts';
import { sayVerdict } from '../../record/thresholds.ts';
import type { Paint } from './paint.ts';

/** How many counters of a scenario `stop()` names. */
const MAX_COUNTERS = 6;

/** `stop()`. */
export function sayStop(result: StopResult, paint: Paint): string {
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
  const { counters, more } = ownCounters(result, MAX_COUNTERS);
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
