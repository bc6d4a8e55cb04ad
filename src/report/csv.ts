import { MetricsTotals } from '../metrics/totals.ts';
import type { SecondRow } from '../record/types.ts';
import { userEntries } from '../record/types.ts';

const stats = ['count', 'mean', 'p50', 'p95', 'p99', 'p999', 'max'] as const;

/** What a spreadsheet takes for a formula at the beginning of a cell, blanks before it aside. */
const FORMULA = /^(?:[\t\r\n]|\s*[=+\-@＝＋－＠])/;

/**
 * The seconds of a run as CSV (RFC 4180): a line each, users by state, counters as what came in the
 * second, times by their percentiles in it. Numbers are as they are; a text that a spreadsheet would take
 * for a formula (`=cmd|…`) has an apostrophe before it, as OWASP has it.
 */
export function renderCsv(seconds: readonly SecondRow[]): string {
  const rows = seconds.map(({ at, users, delta, nodes }) => {
    const totals = new MetricsTotals();
    totals.add(delta);
    const { counters, times, gauges } = totals.summary();
    const cells = new Map<string, string | number>([['time', new Date(at).toISOString()]]);
    for (const [state, count] of userEntries(users)) cells.set(`users_${state}`, count);
    for (const [name, value] of Object.entries({ ...counters, ...gauges })) cells.set(name, value);
    for (const [name, time] of Object.entries(times)) {
      for (const stat of stats) cells.set(`${name}_${stat}`, time[stat]);
    }
    const saturated = nodes.filter((node) => node.saturated !== undefined);
    cells.set('saturated', saturated.map(({ name }) => name).join(' '));
    return cells;
  });
  const columns = [...new Set(rows.flatMap((cells) => [...cells.keys()]))];
  const lines = rows.map((cells) => columns.map((column) => quote(cells.get(column) ?? '')));
  return [columns.map(quote), ...lines].map((cells) => `${cells.join(',')}\r\n`).join('');
}

function quote(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  // Some spreadsheets part cells at a semicolon or a tab as well.
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
