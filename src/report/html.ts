import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { jsonText } from '../lib/text/foreign-text.ts';
import { escapeMarkup as escape } from '../lib/text/escape.ts';
import { docOf } from '../metrics/catalogue.ts';
import { metricOf } from '../metrics/labels.ts';
import { headlinesOf, sayHeadline } from '../record/headlines.ts';
import { judgeRun } from '../record/outcome.ts';
import type { RecordedRun } from '../record/run-reader.ts';
import { sayHoles } from '../record/record-words.ts';
import { sayVerdict } from '../record/thresholds.ts';
import type { TimeSummary } from '../metrics/totals.ts';
import { counterCharts } from './charts.ts';
import { makeTimeline, marksOf } from './timeline.ts';

/**
 * A run as one page that needs no other file: tables, and charts by uPlot, which is included.
 *
 * @param packageRoot where the page's script and style are (`src/report/page`)
 */
export function renderReport(run: RecordedRun, packageRoot: string): string {
  const { definition, seconds, events, result } = run;
  const page = (file: string): string =>
    readFileSync(join(packageRoot, 'src', 'report', 'page', file), 'utf8');
  const timeline = makeTimeline(seconds);
  const data = {
    start: definition.startedAt / 1000,
    timeline,
    charts: counterCharts(Object.keys(timeline.rates)),
    marks: marksOf(events).map(({ at, kind, text }) => ({ at: at / 1000, kind, text })),
  };
  const title = `${definition.scenario} · ${new Date(definition.startedAt).toISOString()}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>amoc: ${escape(title)}</title>
<link rel="icon" href="data:,">
<style>${uplot('uPlot.min.css')}</style>
<style>${page('page.css')}</style>
</head>
<body>
<header>
<h1>${escape(definition.scenario)} ${badge(run)}</h1>
<button id="theme" type="button">dark / light</button>
<p>${escape(headline(run))}</p>
${traffic(run)}${definition.comment === undefined ? '' : `<p class="comment">${escape(definition.comment)}</p>`}
</header>
<main>
${warnings(run)}
${verdictTable(run)}
<section id="charts"></section>
${timeTable(run)}
${counterTable(run)}
${errorTable(run)}
${eventTable(run)}
${settingTable(run)}
</main>
<footer>amoc ${escape(definition.versions.amoc)}, Node.js ${escape(definition.versions.node)}, ${escape(definition.cluster)}; run <code>${escape(definition.id)}</code>, seed ${definition.seed}${result === undefined ? ', without a result' : ''}</footer>
<script type="application/json" id="data">${jsonText(data).replace(/</g, '\\u003c')}</script>
<script>${uplot('uPlot.iife.min.js').replace(/<\/script/g, '<\\/script')}</script>
<script>${page('page.js')}</script>
</body>
</html>
`;
}

function uplot(file: string): string {
  const main = createRequire(import.meta.url).resolve('uplot');
  return readFileSync(join(dirname(main), file), 'utf8');
}

function headline({ definition, seconds, result }: RecordedRun): string {
  const { startedAt, from, to, nodes } = definition;
  const end = seconds.at(-1)?.at ?? startedAt;
  const lasted = Math.round((result?.ranForMs ?? end - startedAt) / 1000);
  const processes = `${nodes.length} ${nodes.length === 1 ? 'process' : 'processes'}`;
  return `users ${from}..${to} on ${processes}, ${new Date(startedAt).toISOString()}, ${lasted} s`;
}

function traffic({ result }: RecordedRun): string {
  const lines = result === undefined ? [] : headlinesOf(result);
  return lines
    .map((each) => `<p class="traffic">${escape(`${each.title}: ${sayHeadline(each)}`)}</p>\n`)
    .join('');
}

function badge({ result }: RecordedRun): string {
  if (result === undefined) return '<span class="badge bad">no result</span>';
  const { outcome } = judgeRun(result);
  return `<span class="badge ${outcome === 'passed' ? 'good' : 'bad'}" id="outcome">${outcome}</span>`;
}

function warnings({ result, seconds }: RecordedRun): string {
  const lines: string[] = [];
  if (result === undefined) {
    const last = seconds.at(-1);
    const until = last === undefined ? 'its beginning' : new Date(last.at).toISOString();
    lines.push(`The run has no result: its master was killed. The record goes up to ${until}.`);
  } else {
    lines.push(...judgeRun(result).reasons);
    const holes = sayHoles(result.record);
    if (holes !== undefined) lines.push(holes);
    const { recorded, arrived, lostNodes } = result.counts;
    if (recorded !== arrived) {
      lines.push(`${recorded - arrived} of ${recorded} recorded values did not arrive.`);
    }
    if (lostNodes > 0) lines.push(`${lostNodes} processes died; their last second is not counted.`);
  }
  if (lines.length === 0) return '';
  return `<ul class="warnings">${lines.map((line) => `<li>${escape(line)}</li>`).join('')}</ul>`;
}

function verdictTable({ result }: RecordedRun): string {
  const rows = (result?.verdicts ?? []).map((verdict) => [
    verdict.passed ? '<b class="good">passed</b>' : '<b class="bad">missed</b>',
    escape(sayVerdict(verdict)),
  ]);
  return tableOf('Thresholds', ['', 'threshold'], rows, []);
}

const timeColumns = ['count', 'min', 'mean', 'p50', 'p95', 'p99', 'p999', 'max'] as const;

function timeTable({ totals }: RecordedRun): string {
  const { times } = totals.summary();
  const rows = Object.entries(times).map(([name, time]) => [
    named(name),
    ...timeColumns.map((key) => figure(name, key, time)),
    escape(time.unit ?? 'ms'),
  ]);
  const head = ['time', ...timeColumns.map((key) => (key === 'p999' ? 'p99.9' : key)), 'unit'];
  return tableOf('Times', head, rows, [1, 2, 3, 4, 5, 6, 7, 8]);
}

function figure(name: string, key: (typeof timeColumns)[number], time: TimeSummary): string {
  const value = time[key];
  const text =
    key === 'count' ? value.toLocaleString('en-US') : String(Number(value.toPrecision(4)));
  return `<span data-metric="${escape(name)}" data-stat="${key}" data-value="${value}">${text}</span>`;
}

function counterTable({ totals, seconds }: RecordedRun): string {
  const first = seconds[0]?.at ?? 0;
  const span = Math.max(1, ((seconds.at(-1)?.at ?? 0) - first) / 1000 + 1);
  const rows = Object.entries(totals.summary().counters)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [
      named(name),
      `<span data-metric="${escape(name)}" data-stat="total" data-value="${value}">${value.toLocaleString('en-US')}</span>`,
      `${Number((value / span).toPrecision(4))}/s`,
    ]);
  return tableOf('Counters', ['counter', 'total', 'mean rate'], rows, [1, 2]);
}

function errorTable({ result, totals }: RecordedRun): string {
  const rows = (result?.errors ?? []).map(({ error, message, count }) => [
    String(count),
    escape(error),
    escape(message),
  ]);
  if (result !== undefined) return tableOf('Errors', ['count', 'name', 'message'], rows, [0]);
  const crashed = Object.entries(totals.summary().counters)
    .filter(([name]) => name.startsWith('users_crashed_by{'))
    .map(([name, count]) => [String(count), escape(name), '']);
  return tableOf('Errors', ['count', 'name', 'message'], crashed, [0]);
}

function eventTable({ events }: RecordedRun): string {
  const rows = events.map(({ at, kind, text }) => [
    new Date(at).toISOString().slice(11, 19),
    escape(kind),
    escape(text),
  ]);
  return tableOf('Events', ['time (UTC)', '', ''], rows.slice(-500), []);
}

function settingTable({ definition }: RecordedRun): string {
  const rows = Object.entries(definition.settings).map(([name, value]) => [
    escape(name),
    escape(String(value)),
  ]);
  return `<details><summary>Settings</summary>${tableOf('', ['setting', 'value'], rows, [])}</details>`;
}

function named(series: string): string {
  const meaning = docOf(metricOf(series))?.description;
  return meaning === undefined
    ? escape(series)
    : `<span title="${escape(meaning)}">${escape(series)}</span>`;
}

/** @param rows cells as HTML */
function tableOf(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: readonly number[],
): string {
  if (rows.length === 0) return '';
  const cell = (tag: string, html: string, at: number): string =>
    `<${tag}${numbers.includes(at) ? ' class="number"' : ''}>${html}</${tag}>`;
  const line = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map((html, at) => cell(tag, html, at)).join('')}</tr>`;
  return `${title === '' ? '' : `<h2>${title}</h2>`}<div class="scroll"><table><thead>${line(head, 'th')}</thead><tbody>${rows
    .map((cells) => line(cells, 'td'))
    .join('')}</tbody></table></div>`;
}
