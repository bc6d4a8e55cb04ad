import '../../src/app/drivers.ts';
import { builtInMetrics } from '../../src/metrics/catalogue.ts';

/** The table of docs/metrics.md, of what the code declares. */
export function metricsTable(): string {
  const rows = builtInMetrics().map(
    ([name, { kind, unit, description, labels }]) =>
      `| \`${name}${labels === undefined ? '' : `{${labels.join()}}`}\` | ${kind} | ${unit === 'count' ? '' : unit} | ${description} |`,
  );
  return ['| name | kind | unit | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

const begin = /(<!-- metrics: [^\n]*-->\n)[\s\S]*?(<!-- end -->)/;

/** A page with the table of today between its marks. */
export function withTable(page: string): string {
  return page.replace(begin, (_all, before: string, after: string) => {
    return `${before}\n${metricsTable()}\n\n${after}`;
  });
}
