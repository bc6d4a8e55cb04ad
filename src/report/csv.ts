import { MetricsTotals } from '../metrics/totals.ts';
import type { SecondRow } from '../record/types.ts';
import { userEntries } from '../record/types.ts';

const stats = ['count', 'mean', 'p50', 'p95', 'p99', 'p999', 'max'] as const;

const SATURATED = 'saturated';

/** What a spreadsheet takes for a formula at the beginning of a cell, blanks before it aside. */
const FORMULA = /^(?:[\t\r\n]|\s*[=+\-@＝＋－＠])/;

/** What a column is of: amoc's own, or a metric of that kind. */
type ColumnKind = 'own' | 'counter' | 'gauge' | 'time';

/**
 * The seconds of a run as CSV (RFC 4180): a line each, users by state, counters as what came in the
 * second, times by their percentiles in it. Numbers are as they are; a text that a spreadsheet would take
 * for a formula (`=cmd|…`) has an apostrophe before it, as OWASP has it. A metric that is called like a
 * column before it has its kind behind the name: `time (counter)`.
 */
export function renderCsv(seconds: readonly SecondRow[]): string {
  const columns = new Columns();
  const rows = seconds.map(({ at, users, delta, nodes }) => {
    const totals = new MetricsTotals();
    totals.add(delta);
    const { counters, times, gauges } = totals.summary();
    const cells = new Map<string, string | number>();
    const set = (kind: ColumnKind, name: string, value: string | number): void => {
      cells.set(columns.titleOf(kind, name), value);
    };
    set('own', 'time', new Date(at).toISOString());
    for (const [state, count] of userEntries(users)) set('own', `users_${state}`, count);
    for (const [name, value] of Object.entries(counters)) set('counter', name, value);
    for (const [name, value] of Object.entries(gauges)) set('gauge', name, value);
    for (const [name, time] of Object.entries(times)) {
      for (const stat of stats) set('time', `${name}_${stat}`, time[stat]);
    }
    const saturated = nodes.filter((node) => node.saturated !== undefined);
    set('own', SATURATED, saturated.map(({ name }) => name).join(' '));
    return cells;
  });
  const titles = [...new Set(rows.flatMap((cells) => [...cells.keys()]))];
  const lines = rows.map((cells) => titles.map((title) => quote(cells.get(title) ?? '')));
  return [titles.map(quote), ...lines].map((cells) => `${cells.join(',')}\r\n`).join('');
}

/** Gives each column a title that no other one has. */
class Columns {
  readonly #titles = new Map<string, string>();
  /** Its column comes last, but its name is not a metric's. */
  readonly #taken = new Set<string>([SATURATED]);

  titleOf(kind: ColumnKind, name: string): string {
    const key = `${kind} ${name}`;
    const known = this.#titles.get(key);
    if (known !== undefined) return known;
    let title = name;
    if (kind !== 'own') while (this.#taken.has(title)) title += ` (${kind})`;
    this.#titles.set(key, title);
    this.#taken.add(title);
    return title;
  }
}

function quote(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  // Some spreadsheets part cells at a semicolon or a tab as well.
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
