import { serverNames } from './place.ts';
import { rows } from './rows/index.ts';

const begin = /(<!-- conformance: [^\n]*-->\n)[\s\S]*?(<!-- end -->)/;

/** The table of docs/conformance.md: rows × servers, and where a server differs and why. */
export function conformanceTable(): string {
  const notes: string[] = [];
  const lines = rows.map(({ what, spec, over = ['TCP'], differs }) => {
    const cells = serverNames.map((name) => {
      const difference = differs?.[name];
      if (difference === undefined) return 'yes';
      const note = `it ${difference.why}`;
      const at = notes.indexOf(note);
      return `(${at < 0 ? notes.push(note) : at + 1})`;
    });
    const ways = over.length === 1 ? over.join() : `${over.length} transports`;
    return `| ${what} | ${spec} | ${ways} | ${cells.join(' | ')} |`;
  });
  return [
    `| what a client sees | where it is written | over | ${serverNames.join(' | ')} |`,
    `|---|---|---|${serverNames.map(() => '---|').join('')}`,
    ...lines,
    '',
    ...notes.map((note, at) => `${at + 1}. ${note}`),
  ].join('\n');
}

/** A page with the table of today between its marks. */
export function withConformance(page: string): string {
  return page.replace(
    begin,
    (_all, before: string, after: string) => `${before}\n${conformanceTable()}\n\n${after}`,
  );
}
