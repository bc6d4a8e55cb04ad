import { processEnvironment } from '../lib/system/environment.ts';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { paintFor, wantsColors } from '../console/views/paint.ts';
import type { Paint } from '../console/views/paint.ts';
import { renderMetrics, table } from '../console/views/mod.ts';
import { formatMs } from '../lib/time/duration.ts';
import { AmocError, messageOf } from '../lib/errors.ts';
import { jsonText, oneLine, severalLines } from '../lib/text/foreign-text.ts';
import { count } from '../lib/text/plural.ts';
import { exitCodes, judgeRun } from '../record/outcome.ts';
import { sayHoles } from '../record/record-words.ts';
import { findRun, listRuns, readRun } from '../record/run-reader.ts';
import type { RecordedRun, RunEntry } from '../record/run-reader.ts';
import { headlinesOf } from '../record/headlines.ts';
import { compareRuns, sayDifference } from '../report/compare.ts';
import type { Comparison } from '../report/compare.ts';
import { renderCsv } from '../report/csv.ts';
import { renderReport } from '../report/html.ts';
import { PACKAGE_ROOT } from '../app/installation.ts';
import { runsFolder } from '../app/observers.ts';

/** `amoc runs`: lists the runs that are kept, the newest last. */
export function sayRuns({ json }: { json?: boolean }): string {
  const runs = listRuns(runsFolder());
  if (json === true) return `${jsonText(runs, 2)}\n`;
  if (runs.length === 0) return `  no runs in ${oneLine(runsFolder())}\n`;
  const head = ['run', 'began', 'users', 'lasted', 'sent', 'p99', 'outcome', 'comment'];
  return `${table(head, runs.map(runRow), ourPaint(), [2, 3, 4, 5])}\n`;
}

function runRow({ definition, result }: RunEntry): string[] {
  const { id, startedAt, from, to, comment = '' } = definition;
  const began = new Date(startedAt).toISOString().slice(0, 19).replace('T', ' ');
  if (result === undefined) {
    return [id, began, count(to - from + 1), '', '', '', 'no result', comment];
  }
  const { metrics, ranForMs } = result;
  const headlines = headlinesOf(result);
  const times = headlines.flatMap(({ latency }) => (latency === undefined ? [] : [latency.p99]));
  return [
    id,
    began,
    count(metrics.counters['users_started'] ?? 0),
    formatMs(Math.round(ranForMs / 1000) * 1000),
    headlines.map(({ title, sent }) => `${count(sent)} ${title}`).join(', '),
    times.map((p99) => formatMs(p99)).join(', '),
    judgeRun(result).outcome,
    comment,
  ];
}

/** Options of `amoc report`. */
export interface ReportOptions {
  out?: string;
  json?: boolean;
  csv?: boolean;
}

/** `amoc report RUN`: writes the page, and returns a summary; or returns the run as JSON or CSV. */
export async function report(wanted: string, options: ReportOptions): Promise<string> {
  const folder = runsFolder();
  const id = findRun(folder, wanted);
  const run = await readRun(folder, id);
  if (options.csv === true) {
    const csv = renderCsv(run.seconds);
    // In a file or a pipe it is exactly what was recorded.
    return process.stdout.isTTY ? severalLines(csv, Infinity) : csv;
  }
  const { definition, events, result, seconds, totals } = run;
  if (options.json === true) {
    const metrics = totals.summary();
    return `${jsonText({ definition, result, metrics, events, seconds: seconds.length }, 2)}\n`;
  }
  const file = options.out === undefined ? join(folder, id, 'report.html') : resolve(options.out);
  try {
    // In the folder of the run only the owner can read it, as all files there.
    const mode = options.out === undefined ? 0o600 : 0o666;
    writeFileSync(file, renderReport(run, PACKAGE_ROOT), { mode });
  } catch (cause) {
    throw new AmocError('FILE', `${file} cannot be written: ${messageOf(cause)}`, { cause });
  }
  return `${summaryOf(run, ourPaint())}\n  page  ${oneLine(file)}\n`;
}

function summaryOf({ definition, result, seconds, totals }: RecordedRun, paint: Paint): string {
  const last = seconds.at(-1);
  const { crashed = 0, lost = 0 } = result?.users ?? last?.users ?? {};
  const lines = [
    `  ${paint.bold(oneLine(definition.scenario))}  ${count(seconds.length)} seconds recorded, ${count(crashed)} users crashed, ${count(lost)} lost`,
  ];
  if (result === undefined) {
    const until = last === undefined ? 'its beginning' : new Date(last.at).toISOString();
    lines.push(
      paint.yellow(`  it has no result: its master was killed; the record goes up to ${until}`),
    );
  } else {
    for (const reason of judgeRun(result).reasons) lines.push(paint.yellow(`  ${oneLine(reason)}`));
    const holes = sayHoles(result.record);
    if (holes !== undefined) lines.push(paint.yellow(`  ${holes}`));
  }
  lines.push(renderMetrics({ ...totals.summary(), rates: {} }, paint));
  return lines.join('\n');
}

/** Options of `amoc compare`. */
export interface CompareCommand {
  json?: boolean;
  /** A share: 0.1 is 10 %. */
  minChange: number;
  fail?: boolean;
}

/** What `amoc compare A B --json` writes. */
export interface ComparedRuns {
  /** Ids of the runs. */
  a: string;
  b: string;
  /** What to know before the figures are compared. */
  notes: readonly string[];
  rows: readonly Comparison[];
}

/** `amoc compare A B` @returns what to print, and the exit code */
export async function compare(
  a: string,
  b: string,
  { json, minChange, fail }: CompareCommand,
): Promise<{ text: string; code: number }> {
  const folder = runsFolder();
  const read = (wanted: string): Promise<RecordedRun> => readRun(folder, findRun(folder, wanted));
  const [first, second] = await Promise.all([read(a), read(b)]);
  const rows = compareRuns(first, second, { minChange });
  const changed = rows.filter(({ verdict }) => verdict === 'changed');
  const code = fail === true && changed.length > 0 ? exitCodes.threshold : exitCodes.passed;
  const note = sayDifference(first, second);
  if (json === true) {
    if (note !== undefined) process.stderr.write(`amoc: ${oneLine(note)}\n`);
    const notes = note === undefined ? [] : [note];
    const compared: ComparedRuns = { a: first.definition.id, b: second.definition.id, notes, rows };
    return { text: `${jsonText(compared, 2)}\n`, code };
  }
  return { text: sayComparison(first, second, rows, ourPaint()), code };
}

function sayComparison(
  a: RecordedRun,
  b: RecordedRun,
  rows: readonly Comparison[],
  paint: Paint,
): string {
  const value = (number: number, unit: string): string =>
    unit === 'ms'
      ? formatMs(Number(number.toPrecision(4)))
      : `${Number(number.toPrecision(4))}${unit === '/s' ? '/s' : ` ${unit}`}`;
  const cells = rows.map(({ metric, stat, unit, a: from, b: to, change, p, verdict }) => [
    metric,
    stat,
    value(from, unit),
    value(to, unit),
    `${change >= 0 ? '+' : ''}${(change * 100).toFixed(1)} %`,
    p === undefined ? '' : p < 0.0001 ? '< 0.0001' : p.toFixed(4),
    verdict === 'changed' ? { text: verdict, colour: paint.yellow } : verdict,
  ]);
  const head = ['metric', '', 'A', 'B', 'B to A', 'p', 'beyond the noise'];
  const changed = rows.filter(({ verdict }) => verdict === 'changed');
  const judged = rows.filter(({ verdict }) => verdict !== 'too few seconds');
  const words =
    judged.length === 0
      ? 'too few seconds to compare: each run needs eight in which no user starts or leaves'
      : changed.length === 0
        ? 'no difference'
        : `changed: ${changed.map(({ metric, stat }) => `${metric} ${stat}`).join(', ')}`;
  const note = sayDifference(a, b);
  return [
    ...(note === undefined ? [] : [paint.yellow(`  ${oneLine(note)}`)]),
    oneLine(`  A  ${a.definition.id}  ${a.definition.comment ?? ''}`.trimEnd()),
    oneLine(`  B  ${b.definition.id}  ${b.definition.comment ?? ''}`.trimEnd()),
    ...(rows.length === 0 ? [] : [table(head, cells, paint, [2, 3, 4, 5])]),
    `  ${paint.bold(oneLine(words))}`,
    '  (Mann-Whitney U test on the values of each second, Holm correction at 0.01 over all rows, and a large effect)',
    '',
  ].join('\n');
}

function ourPaint(): Paint {
  return paintFor(wantsColors(process.stdout, processEnvironment()));
}
