import { processVariables } from '../../src/config/environment.ts';

const BEGIN = '<!-- environment -->';
const END = '<!-- /environment -->';

/** The README with its table of variables as the code has them. */
export function withEnvironment(page: string): string {
  const rows = Object.entries(processVariables).map(([name, text]) => `| \`${name}\` | ${text} |`);
  const table = ['| variable | |', '|---|---|', ...rows].join('\n');
  const [before = '', rest = ''] = page.split(BEGIN);
  const [, after = ''] = rest.split(END);
  return `${before}${BEGIN}\n${table}\n${END}${after}`;
}
