import { MetricsTotals } from '../metrics/totals.ts';
import { userEntries } from '../record/second.ts';
import type { RecordedSecond } from '../record/second.ts';

const stats = ['count', 'mean', 'p50', 'p95', 'p99', 'p999', 'max'] as const;

const SATURATED = 'saturated';

/** The beginning of a cell that a spreadsheet reads as a formula, also after blanks. */
const FORMULA = /^(?:[\t\r\n]|\s*[=+\-@＝＋－＠])/;

/** What a column shows: a value of amoc's own, or a metric of this kind. */
type ColumnKind = 'own' | 'counter' | 'gauge' | 'time';

/**
 * The seconds of a run as CSV (RFC 4180), one line each: users by state, counters as the increase in the second,
 * times as percentiles in the second. Numbers are unchanged; a text that a spreadsheet would read as a formula
 * (`=cmd|…`) gets an apostrophe before it, as OWASP recommends. A metric that has the name of an earlier
 * column gets its kind after the name: `time (counter)`.
 */
export function renderCsv(seconds: readonly RecordedSecond[]): string {
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

/** Gives each column a title that no other column has. */
class Columns {
  readonly #titles = new Map<string, string>();
  /** Its column comes last, but no metric may take its name before. */
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
  // Some spreadsheets also separate cells at a semicolon or a tab.
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
